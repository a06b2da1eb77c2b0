"""The one injected clock. Nothing else in the package reads the time of day."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the present, as an aware UTC instant."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return datetime.now(UTC)


class MovableClock:
    """A clock that runs with the machine's and can be moved, for the demo and for tests.

    With ``frozen`` it stands still and moves only when told.
    """

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        base = datetime.now(UTC)
        self._lock = threading.Lock()
        self._frozen = (start or base) if frozen else None
        self._shift = (start - base) if start is not None else timedelta(0)

    def now(self) -> datetime:
        """Return the present instant as moved, in UTC."""
        with self._lock:
            if self._frozen is not None:
                return self._frozen.astimezone(UTC)
            return datetime.now(UTC) + self._shift

    def move(self, by: timedelta) -> None:
        """Move the present forward by ``by``; never back, since people have seen later times."""
        if by < timedelta(0):
            raise ValueError("a clock only moves forward")
        with self._lock:
            if self._frozen is not None:
                self._frozen += by
            else:
                self._shift += by
