"""Outages of dependencies, such as the database: logged once when they begin and when they end.

    call fails ─► outage begins: one error entry ─► calls fail: counted ─► call succeeds: ends

Callers report the result of each call to the ``Outage`` of the dependency. An error that belongs to
an outage is marked (``errors.is_outage``), so that it isn't logged again.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog

from privacydesk.clock import Clock
from privacydesk.errors import UnavailableError

_log = structlog.get_logger(__name__)

_MAX_CHANGES: Final = 100


@dataclass(frozen=True, slots=True)
class OutageChange:
    """The beginning or the end of an outage.

    Attributes:
        what: name of the dependency.
        has_begun: whether the outage began; else it ended.
        at: when it began or ended.
    """

    what: str
    has_begun: bool
    at: datetime


class Outage:
    """The outage state of one dependency. Thread-safe.

    Args:
        what: name of the dependency, from a closed list.
        clock: source of the current time.
        recovery_seconds: time without a failure before a success ends the outage, so that a
            dependency that fails intermittently has a single outage.
        monotonic: a monotonic clock, in seconds.
        on_change: callback for the beginning and end of an outage.
    """

    def __init__(
        self,
        what: str,
        clock: Clock,
        *,
        recovery_seconds: float = 0.0,
        monotonic: Callable[[], float] = time.monotonic,
        on_change: Callable[[OutageChange], None] | None = None,
    ) -> None:
        self.what = what
        self._clock = clock
        self._recovery_seconds = recovery_seconds
        self._monotonic = monotonic
        self._on_change = on_change
        self._lock = threading.Lock()
        self._failing: dict[str, float] = {}
        self._parts: dict[str, None] = {}
        self._since = clock.now()
        self._began = 0.0
        self._refused = 0

    @property
    def is_active(self) -> bool:
        """Whether the dependency is unavailable now."""
        return bool(self._failing)

    @property
    def since(self) -> datetime | None:
        """When the dependency became unavailable; None while it works."""
        return self._since if self._failing else None

    @property
    def failing(self) -> tuple[str, ...]:
        """The parts of the dependency that are unavailable."""
        return tuple(self._failing)

    def begin(self, cause: str, part: str = "") -> None:
        """Record a failed call.

        Args:
            cause: the class of the error. Never a message, which may have personal data.
            part: the part that failed, if parts fail independently.
        """
        with self._lock:
            is_first = not self._failing
            self._failing[part] = self._monotonic()
            if part:
                self._parts[part] = None
            if not is_first:
                return
            self._since, self._began = self._clock.now(), self._monotonic()
        _log.error(
            "outage_began",
            what=self.what,
            cause=cause,
            since=_format_time(self._since),
            **_part_field(part),
        )
        self._notify(has_begun=True, at=self._since)

    def refuse(self, count: int = 1) -> None:
        """Count calls that were rejected."""
        with self._lock:
            self._refused += count

    def end(self, part: str = "") -> None:
        """Record a successful call."""
        if part not in self._failing:
            return
        with self._lock:
            failed_at = self._failing.get(part)
            if failed_at is None or self._monotonic() - failed_at < self._recovery_seconds:
                return
            del self._failing[part]
            if self._failing:
                return
            lasted, refused, parts = self._monotonic() - self._began, self._refused, [*self._parts]
            ended = self._clock.now()
            self._refused, self._parts = 0, {}
        _log.warning(
            "outage_ended",
            what=self.what,
            since=_format_time(self._since),
            seconds=round(lasted, 1),
            refused=refused,
            **({"parts": parts} if parts else {}),
        )
        self._notify(has_begun=False, at=ended)

    def reject(self, message: str, **data: Any) -> UnavailableError:
        """Count a rejected call; return the error for its caller."""
        self.refuse()
        return UnavailableError(message, **data, outage=self.what)

    def _notify(self, *, has_begun: bool, at: datetime) -> None:
        if self._on_change is not None:
            self._on_change(OutageChange(self.what, has_begun, at))


class Outages:
    """The outage states of all dependencies of a process.

    Attributes:
        changes: beginnings and ends that staff have not been alerted about yet, oldest first.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: dict[str, Outage] = {}
        self.changes: deque[OutageChange] = deque(maxlen=_MAX_CHANGES)

    def known(self) -> tuple[Outage, ...]:
        """Return the outage states that anybody has asked for."""
        return tuple(self._all.values())

    def of(self, what: str, *, recovery_seconds: float = 0.0) -> Outage:
        """Return the outage state of a dependency, always the same object for the same name."""
        outage = self._all.get(what)
        if outage is None:
            outage = Outage(
                what,
                self._clock,
                recovery_seconds=recovery_seconds,
                on_change=self.changes.append,
            )
            self._all[what] = outage
        return outage


def _format_time(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")


def _part_field(part: str) -> dict[str, str]:
    return {"part": part} if part else {}
