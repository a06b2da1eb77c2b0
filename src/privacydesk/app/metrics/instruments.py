"""Counters and histograms of a serving process. They outlive its restarts with other profiles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from time import perf_counter
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, Info

from privacydesk.domain.counters import CounterKind
from privacydesk.domain.failed_attempts import AttemptKind
from privacydesk.errors import UnavailableError
from privacydesk.ports import Changes, Committed

_TURN_SECONDS: Final = (0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_CALL_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_FAILED: Final = "failed"
_FILED: Final = "filed"
"""What a request's log says of its filing."""
_LANGUAGES: Final = ("zh_Hans", "zh_Hant", "en")


class Instruments:
    """All that a process counts; implements ``observers.Observer``.

    Attributes:
        registry: what is exported.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        Info("privacydesk_build", "The version of the program.", registry=registry).info(
            {"version": version("privacydesk")}
        )
        self._turns = Histogram(
            "privacydesk_turn_seconds",
            "Time from a message of a user to its commit, by the kind of message.",
            ["kind"],
            buckets=_TURN_SECONDS,
            registry=registry,
        )
        self._failed_turns = Counter(
            "privacydesk_failed_turns_total",
            "Messages of users that could not be taken.",
            ["kind"],
            registry=registry,
        )
        self._readings = Histogram(
            "privacydesk_reading_seconds",
            "Time to understand a message, or to find the policy's answer to a question.",
            ["operation"],
            buckets=_TURN_SECONDS,
            registry=registry,
        )
        self._failed_readings = Counter(
            "privacydesk_failed_readings_total",
            "Messages and questions that could not be read.",
            ["operation"],
            registry=registry,
        )
        self._heard = Counter(
            "privacydesk_heard_total",
            "Messages that were to be understood while no form was open, by language.",
            ["language"],
            registry=registry,
        )
        self._unsure = Counter(
            "privacydesk_unsure_total",
            "Those of them that were not understood, by language.",
            ["language"],
            registry=registry,
        )
        self._calls = Histogram(
            "privacydesk_outside_seconds",
            "Time of calls of outside services.",
            ["service", "operation"],
            buckets=_CALL_SECONDS,
            registry=registry,
        )
        self._outcomes = Counter(
            "privacydesk_outside_calls_total",
            "Calls of outside services by outcome, or by the reason of a failure.",
            ["service", "operation", "outcome"],
            registry=registry,
        )
        self._sent_codes = Counter(
            "privacydesk_codes_sent_total", "Verification codes sent.", registry=registry
        )
        self._wrong_codes = Counter(
            "privacydesk_codes_wrong_total",
            "Wrong verification codes entered.",
            registry=registry,
        )
        self._filed = Counter(
            "privacydesk_filed_tickets_total", "Requests filed, by kind.", ["kind"],
            registry=registry,
        )  # fmt: skip
        # Children that are there from the start: a rate over a counter that appears later lacks
        # its first count.
        for language in _LANGUAGES:
            self._heard.labels(language)
            self._unsure.labels(language)

    @contextmanager
    def turn(self, kind: str) -> Iterator[list[Committed]]:
        """See ``observers.Observer``."""
        began, result = perf_counter(), list[Committed]()
        try:
            yield result
        except BaseException:
            self._failed_turns.labels(kind).inc()
            raise
        self._turns.labels(kind).observe(perf_counter() - began)
        for committed in result:
            if committed.changes is not None:
                self._count_changes(committed.changes)

    def _count_changes(self, changes: Changes) -> None:
        for increment in changes.counter_increments:
            if increment.what is CounterKind.HEARD:
                self._heard.labels(increment.detail).inc()
            elif increment.what is CounterKind.UNSURE:
                self._unsure.labels(increment.detail).inc()
        filed = {entry.ticket_id for entry in changes.ticket_log if entry.what == _FILED}
        for ticket in changes.tickets:
            if ticket.id in filed:
                self._filed.labels(ticket.kind.value).inc()
        for entry in changes.audit:
            if entry.what == AttemptKind.WRONG_CODE.value:
                self._wrong_codes.inc()

    def count_sent_code(self) -> None:
        """Count a code that the gateway has taken."""
        self._sent_codes.inc()

    @contextmanager
    def reading(self, operation: str) -> Iterator[None]:
        """Measure the block, in which a message or a question is read."""
        began = perf_counter()
        try:
            yield
        except Exception:
            self._failed_readings.labels(operation).inc()
            raise
        self._readings.labels(operation).observe(perf_counter() - began)

    @contextmanager
    def calling(self, service: str, operation: str) -> Iterator[list[str]]:
        """Measure the block, in which an outside service is called.

        Args:
            service: its name.
            operation: what is asked of it.

        Yields:
            A list to which the block adds the outcome.
        """
        began, outcome = perf_counter(), list[str]()
        try:
            yield outcome
        except UnavailableError as error:
            outcome.append(str(error.data.get("reason") or _FAILED))
            raise
        finally:
            self._calls.labels(service, operation).observe(perf_counter() - began)
            self._outcomes.labels(service, operation, outcome[0] if outcome else _FAILED).inc()
