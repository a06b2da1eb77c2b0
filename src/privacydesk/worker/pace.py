"""How much of the desk's time may go into sending while people talk to it.

Webhooks can wait, people can't. Both run under one interpreter lock, so what one takes the other
lacks; and a burst of messages that is signed in one go keeps everybody waiting for as long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_LOOKED_AT: Final = 0.25
"""Seconds over which it is seen who talks, and how busy the process is."""
_BUSY: Final = 0.8
"""The share of a processor above which sending keeps to the least."""
_BESIDE: Final = 1_100
"""Events a second while people talk: a fifth of a processor."""
_LEAST: Final = 150
"""Events a second while people take all there is: a thirtieth."""
_AT_ONCE: Final = 12
"""Events of an endpoint that are begun together while people talk: a millisecond of the loop."""
_CAUGHT_UP: Final = 0.05
"""Seconds of the rate that are caught up with where commits took longer."""


class Pace:
    """Tells how many events may be begun now, and when the next.

    Args:
        taken: how many jobs people have given the writer since the start.
        now: seconds of any clock that only goes on.
        spent: seconds of processor that this process has had.
    """

    def __init__(
        self,
        taken: Callable[[], int],
        now: Callable[[], float] = time.monotonic,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        self._taken = taken
        self._now = now
        self._spent = spent
        self._looked = (now(), spent(), taken())
        self._rate = 0.0
        self._next = 0.0

    def at_once(self, most: int) -> int:
        """Return how many may be begun together: as many as wanted while nobody talks."""
        self._look()
        return min(most, _AT_ONCE) if self._rate else most

    def begun(self, count: int) -> None:
        """Take note that so many were begun."""
        if self._rate:
            self._next = max(self._next, self._now() - _CAUGHT_UP) + count / self._rate

    def rest(self) -> float:
        """Return the seconds until more may be begun."""
        return max(0.0, self._next - self._now()) if self._rate else 0.0

    def _look(self) -> None:
        at, spent, taken = self._looked
        now = self._now()
        if now - at < _LOOKED_AT:
            return
        self._looked = (now, self._spent(), self._taken())
        if self._looked[2] == taken:
            self._rate = 0.0
            return
        busy = (self._looked[1] - spent) / (now - at)
        self._rate = float(_LEAST if busy >= _BUSY else _BESIDE)
