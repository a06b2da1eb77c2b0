"""Clocks: the injected sources of the current time. No other module reads the system time."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the current time."""

    def now(self) -> datetime:
        """Return the current time as an aware instant in UTC."""
        ...


class SystemClock:
    """The system clock."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


class MovableClock:
    """A clock that can be moved forward, for the demo and for tests.

    Args:
        start: the initial time; None for the system time.
        frozen: whether the clock stands still and changes only when it is moved.
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        system_time = datetime.now(UTC)
        self._lock = threading.Lock()
        self._frozen = (start or system_time) if frozen else None
        self._shift = (start - system_time) if start is not None else timedelta(0)

    def now(self) -> datetime:
        """Return the clock's current time in UTC."""
        with self._lock:
            if self._frozen is not None:
                return self._frozen.astimezone(UTC)
            return datetime.now(UTC) + self._shift

    def move(self, by: timedelta) -> None:
        """Move the clock forward; a negative ``by`` raises ``ValueError``."""
        if by < timedelta(0):
            raise ValueError("a clock only moves forward")
        with self._lock:
            if self._frozen is not None:
                self._frozen += by
            else:
                self._shift += by
