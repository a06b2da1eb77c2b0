"""Readiness of the process, checked in the background.

``/readyz`` reports the last result, so that frequent requests by a proxy cost nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

from privacydesk.app.container import Services
from privacydesk.app.data_folder import why_unwritable
from privacydesk.storage.store import SqlStore
from privacydesk.web.health import Component, Health

_CHECK_EVERY = 1.0
"""Seconds between two checks."""
_TIMEOUT = 3.0
"""Seconds after which a database or a disk that does not answer counts as failing."""


class NluProcess(Protocol):
    """The process that interprets messages."""

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is restarted."""
        ...

    @property
    def digest(self) -> str:
        """The digest of the policy version that it answers from; empty if there is none."""
        ...

    def is_alive(self) -> bool:
        """Return whether it has responded lately, and request the next response."""
        ...


class Readiness:
    """Checks the components that handling a message needs.

    Args:
        services: the services of this process.
        nlu: the process that interprets messages; None if this process does.
        health: receives the names of failing components.
    """

    def __init__(self, services: Services, nlu: NluProcess | None, health: Health) -> None:
        self._services = services
        self._nlu = nlu
        self._health = health
        self._disk = _Disk(services.settings.data_dir)

    async def run(self) -> None:
        """Check repeatedly until cancelled."""
        while True:
            await self.check()
            await asyncio.sleep(_CHECK_EVERY)

    async def check(self) -> None:
        """Check once, and report the result to ``health``."""
        fault, failing = await asyncio.gather(self._disk.fault(), self._failing_others())
        outage = self._services.external.outages.of("disk")
        if fault:
            outage.begin(fault)
        else:
            outage.end()
        self._health.reasons = {Component.DISK: fault} if fault else {}
        self._health.failing = failing | self._health.reasons.keys()

    async def _failing_others(self) -> frozenset[Component]:
        return frozenset([component async for component in self._failing()])

    async def _failing(self) -> AsyncIterator[Component]:
        nlu = self._nlu
        if nlu is not None:
            if not nlu.is_alive():
                yield Component.READER
            elif not self._services.policy.is_answered_from(nlu.digest):
                yield Component.POLICY
        for component in await self._failing_database_components():
            yield component

    async def _failing_database_components(self) -> tuple[Component, ...]:
        store = self._services.store
        if not isinstance(store, SqlStore):
            return ()
        try:
            async with asyncio.timeout(_TIMEOUT):
                failing = await store.probe.check(self._services.clock.now())
        except TimeoutError:
            store.writer.outage.begin("no_answer", "probe")
            return (Component.DATABASE,)
        store.writer.outage.end("probe")
        return tuple(Component(name) for name in failing)


class _Disk:
    """Looks whether the data folder can be written, in a thread: a remote disk may not answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looking: asyncio.Task[str] | None = None

    async def fault(self) -> str:
        """Return why it can't be written; empty if it can."""
        if self._looking is None:
            # One that never answers holds one thread, however often this is asked.
            self._looking = asyncio.create_task(asyncio.to_thread(why_unwritable, self._folder))
        done, _ = await asyncio.wait({self._looking}, timeout=_TIMEOUT)
        if not done:
            return "no_answer"
        answered, self._looking = self._looking, None
        return answered.result()
