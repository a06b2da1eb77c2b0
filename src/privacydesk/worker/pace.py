"""How much of the desk's time may go into sending webhooks while users are chatting.

Webhooks can wait, people can't. Both share one interpreter lock, so time spent on one is lost to
the other; and signing a burst of messages in one go keeps everybody waiting that long.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

_LOOKED_AT: Final = 0.25
"""Seconds over which chat activity and CPU use are measured."""
_BUSY: Final = 0.8
"""The share of a CPU above which sending drops to the least rate."""
_BESIDE: Final = 1_100
"""Events a second while users are chatting: a fifth of a CPU."""
_LEAST: Final = 150
"""Events a second while users take all of the CPU: a thirtieth of it."""
_AT_ONCE: Final = 12
"""Events of an endpoint begun together while users are chatting: a millisecond of the loop."""
_CAUGHT_UP: Final = 0.05
"""Seconds of events that may be caught up on after slow commits."""


class Pace:
    """Limits how many events may be begun now, and when the next.

    Args:
        taken: returns how many jobs users have given the writer since the start.
        now: seconds of any monotonic clock.
        spent: seconds of CPU time that this process has used.
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
        """Return how many may be begun together: ``most`` while nobody is chatting."""
        self._look()
        return min(most, _AT_ONCE) if self._rate else most

    def begun(self, count: int) -> None:
        """Record that so many were begun."""
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
