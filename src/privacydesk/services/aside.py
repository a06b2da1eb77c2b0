"""Work beside the event loop, a little at a time: whoever asked for least lately comes first.

What is done here takes milliseconds of a processor, and anybody may ask for it as often as they may
write. In the order of asking a few who write a lot, or much at once, would hold up everybody else;
so what each one asked for is counted, forgiven with time, and decides who is next. What takes long
is never all that is worked on: nothing that has begun can be interrupted, however little is asked
for by whoever comes then.
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
"""Units of what takes long: a good part of a second and more."""
_MOST: Final = 500
"""How many wait at most: beyond that there is nothing to be had by waiting."""
_FORGIVEN: Final = 100.0
"""Units a second: a short message every few seconds leaves nothing behind."""
_MOST_COUNTED: Final = 100_000


_Line = list[tuple[float, int, asyncio.Future[None]]]
"""Who waits, as a heap: rank, place by coming, and what they wait for."""


class Aside:
    """Has work done in threads.

    Args:
        at_once: how much is worked on at the same time.
        most: how much may wait.
        now: seconds that only go forward.
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
        """Return what some work comes to.

        Args:
            whose: who asks.
            cost: how much it is, in units that are forgiven a hundred a second.
            work: done in a thread.
            *args: its arguments.

        Raises:
            UnavailableError: too many wait, and this is the one that asked for most.
        """
        takes_long = cost > _LONG
        await self._turn(self._counted(whose, cost), takes_long)
        try:
            return await asyncio.to_thread(work, *args)
        finally:
            self._pass_on(takes_long)

    def _counted(self, whose: Hashable, cost: float) -> float:
        """Return how much somebody asked for lately, this included."""
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
        """Wait until it is this one's turn; lower ranks come first."""
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
                # It was this one's turn just when nobody wanted it any more.
                self._pass_on(takes_long)
            raise

    def _send_last_away(self, rank: float) -> None:
        """Make room by sending away who ranks last, the newcomer perhaps.

        Raises:
            UnavailableError: the newcomer does.
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
        """Give a place back, to who is next if anybody waits."""
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
