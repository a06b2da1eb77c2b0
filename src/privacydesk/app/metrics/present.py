"""What a process finds when it is asked: its own state, and that of the database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from privacydesk.app.container import Services
from privacydesk.domain.deliveries import Channel
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.present_figures import Figures
from privacydesk.domain.signin import DENIALS
from privacydesk.services.desk_status import Status
from privacydesk.storage.store import SqlStore
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.health import Component, Health

_MAX_AGE: Final = 5.0
"""Seconds for which what was read is given out again."""


class PresentState(Collector):
    """Collects the present state; ``refresh`` reads the database before.

    Args:
        services: the services of this process.
        chat: the connections of the chat.
        health: what does not work now.
    """

    def __init__(self, services: Services, chat: ChatServer, health: Health) -> None:
        self._services = services
        self._chat = chat
        self._health = health
        self._status: Status | None = None
        self._refused_rows = 0
        self._read_at = -_MAX_AGE
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Read the figures of the database, unless that was done just now.

        While it can't be read, they are left out.
        """
        self._refused_rows = len(await self._services.store.reader.refused_rows())
        loop = asyncio.get_running_loop()
        async with self._reading:
            if loop.time() - self._read_at < _MAX_AGE:
                return
            self._status = await self._services.console.desk_status.read()
            self._read_at = loop.time()

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics."""
        yield from self._process()
        yield from self._outside()
        yield from self._integrity()
        if self._status is not None and self._status.figures is not None:
            yield from self._database(self._status.figures)

    def _process(self) -> Iterator[Metric]:
        failing = self._health.failing_components()
        unready = self._health.failing is None or self._health.is_stopping or bool(failing)
        yield _gauge("ready", "Whether the process accepts messages.", float(not unready))
        yield _by(
            "component_failing",
            "Whether a component does not work.",
            "component",
            {one.value: float(one.value in failing) for one in Component},
        )
        yield _gauge("sockets", "Open sockets and streams of the chat.", self._chat.open_sockets)
        store = self._services.store
        if isinstance(store, SqlStore):
            yield _gauge("writer_queue", "Jobs that wait for the writer.", store.writer.waiting)
            yield _gauge("reads", "Reads that run or wait.", store.reader.unfinished)
            yield _gauge("read_connections", "How many reads can run at once.", store.reader.size)
        # A folder that is missing is a component that fails.
        if self._status is not None and self._status.disk_size:
            free, size = self._status.disk_free, self._status.disk_size
            yield _gauge("disk_free_bytes", "Free bytes on the data folder's disk.", free)
            yield _gauge("disk_bytes", "Size of the data folder's disk.", size)

    def _outside(self) -> Iterator[Metric]:
        yield _by(
            "outage",
            "Whether something that the desk depends on is out of order.",
            "what",
            {
                outage.what: float(outage.is_active)
                for outage in self._services.external.outages.known()
            },
        )

    def _integrity(self) -> Iterator[Metric]:
        denials = CounterMetricFamily(
            "privacydesk_staff_denials", "Sign-ins and pages refused to staff.", labels=["kind"]
        )
        counts = self._services.signin.access_log.denials
        for kind in sorted(DENIALS):
            denials.add_metric([kind.value], counts[kind])
        yield denials
        yield _gauge(
            "audit_chain_broken",
            "Whether the last check found the chain of the audit broken.",
            float(self._services.maintenance.sealer.is_broken),
        )
        yield _gauge("refused_rows", "Rows that were read lately and refused.", self._refused_rows)

    def _database(self, figures: Figures) -> Iterator[Metric]:
        now = self._services.clock.now()
        kinds = [kind.value for kind in RequestKind]
        yield _gauge("queue_length", "Users who wait for a person.", figures.queue_length)
        yield _gauge(
            "queue_wait_seconds",
            "How long the first of them has waited.",
            _age(figures.waiting_since, now),
        )
        yield _by("open_tickets", "Open requests.", "kind", _all(kinds, figures.open_tickets))
        yield _by(
            "overdue_tickets", "Overdue requests.", "kind", _all(kinds, figures.overdue_tickets)
        )
        backlogs = figures.backlogs
        for name, text, value in (
            ("outbox_rows", "Messages and calls that wait to be sent.", lambda one: one.amount),
            ("outbox_retried_rows", "Those that have failed before.", lambda one: one.retried),
            (
                "outbox_age_seconds",
                "The age of the oldest of them.",
                lambda one: _age(one.since, now),
            ),
        ):
            amounts = {channel: float(value(backlog)) for channel, backlog in backlogs.items()}
            yield _by(name, text, "channel", _all([one.value for one in Channel], amounts))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"privacydesk_{name}", text, value)


def _by(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"privacydesk_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _all(keys: list[str], values: Mapping[str, float]) -> dict[str, float]:
    """Return a value for each key of a closed list: 0 where there is none."""
    return {key: values.get(key, 0.0) for key in keys}


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
