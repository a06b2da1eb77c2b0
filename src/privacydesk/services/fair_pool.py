"""Fair-share thread pool: the user with the lowest recent usage comes first.

A job takes milliseconds of CPU time, and users may cause one as often as they may write. In order
of arrival, a few who write a lot, or much at once, would hold up everybody else; so each user's
usage is counted, decays with time, and decides who is next. Long jobs never take all threads: a
running job can't be interrupted, however small the ones that arrive after it.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable, Hashable
from typing import Final, TypeVar

from privacydesk.errors import UnavailableError

T = TypeVar("T")

_AT_ONCE: Final = 2
_LONG: Final = 2_000
"""Units above which a job is long: a good part of a second and more."""
_MOST: Final = 500
"""The most jobs that may wait; beyond that, waiting is pointless."""
_FORGIVEN: Final = 100.0
"""Units that decay per second: a short message every few seconds leaves nothing behind."""
_MOST_COUNTED: Final = 100_000


_Line = list[tuple[float, int, asyncio.Future[None]]]
"""Waiting jobs, as a heap: rank, order of arrival, and the future each waits for."""


class FairPool:
    """Runs work in threads.

    Args:
        at_once: how many jobs run at the same time.
        most: how many jobs may wait.
        now: a monotonic clock, in seconds.
    """

    def __init__(
        self,
        at_once: int = _AT_ONCE,
        most: int = _MOST,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free = at_once
        self._free_for_long = max(1, at_once - 1)
        self._most = most
        self._now = now
        self._places = itertools.count()
        self._lines: dict[bool, _Line] = {False: [], True: []}
        self._asked: dict[Hashable, tuple[float, float]] = {}

    async def run(self, whose: Hashable, cost: float, work: Callable[..., T], *args: object) -> T:
        """Return the result of ``work``.

        Args:
            whose: the user whose usage it counts as.
            cost: in units, which decay by a hundred a second.
            work: run in a thread.
            *args: its arguments.

        Raises:
            UnavailableError: too many wait, and this user has the highest usage.
        """
        takes_long = cost > _LONG
        await self._turn(self._counted(whose, cost), takes_long)
        try:
            return await asyncio.to_thread(work, *args)
        finally:
            self._pass_on(takes_long)

    def _counted(self, whose: Hashable, cost: float) -> float:
        """Count a job towards its user's usage, and return that."""
        now = self._now()
        if len(self._asked) >= _MOST_COUNTED:
            self._asked = {one: self._asked[one] for one in self._asked if self._left(one, now)}
            if len(self._asked) >= _MOST_COUNTED:
                self._asked.clear()
        asked = self._left(whose, now) + cost
        self._asked[whose] = (asked, now)
        return asked

    def _left(self, whose: Hashable, now: float) -> float:
        asked, at = self._asked.get(whose, (0.0, now))
        return max(0.0, asked - (now - at) * _FORGIVEN)

    async def _turn(self, rank: float, takes_long: bool) -> None:
        """Wait for this job's turn; lower ranks come first."""
        if self._has_place(takes_long):
            self._take_place(takes_long)
            return
        if sum(map(len, self._lines.values())) >= self._most:
            self._send_last_away(rank)
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._lines[takes_long], (rank, next(self._places), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # Its turn came just as it was cancelled.
                self._pass_on(takes_long)
            raise

    def _send_last_away(self, rank: float) -> None:
        """Make room by rejecting the last-ranked job, perhaps the new one.

        Raises:
            UnavailableError: the new one ranks last.
        """
        line = max((line for line in self._lines.values() if line), key=max)
        last = max(line)
        if rank >= last[0]:
            raise _full()
        line.remove(last)
        heapq.heapify(line)
        if not last[2].done():
            last[2].set_exception(_full())

    def _has_place(self, takes_long: bool) -> bool:
        return self._free > 0 and (not takes_long or self._free_for_long > 0)

    def _take_place(self, takes_long: bool) -> None:
        self._free -= 1
        self._free_for_long -= takes_long

    def _pass_on(self, takes_long: bool) -> None:
        """Release a place, and pass it to the next waiting job, if any."""
        self._free += 1
        self._free_for_long += takes_long
        while heads := [
            (line[0], of) for of, line in self._lines.items() if line and self._has_place(of)
        ]:
            _, of = min(heads)
            turn = heapq.heappop(self._lines[of])[2]
            if not turn.done():
                self._take_place(of)
                turn.set_result(None)


def _full() -> UnavailableError:
    return UnavailableError("too many messages wait to be understood", retry_after=2.0)
