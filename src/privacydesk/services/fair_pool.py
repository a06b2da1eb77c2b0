"""Fair-share thread pool: jobs of the user with the lowest recent usage run first.

A job takes milliseconds of CPU time, and users can cause one with every message. If jobs ran in
order of arrival, a few users with many or long messages would delay everybody else. So each user's
usage is counted, decays with time, and decides whose job is next. Since a running job can't be
interrupted, long jobs never occupy all threads.
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

_MAX_RUNNING: Final = 2
_LONG_JOB_COST: Final = 2_000
"""Cost in units above which a job is long: it takes a large part of a second or more."""
_MAX_WAITING: Final = 500
_DECAY_PER_SECOND: Final = 100.0
"""Units by which a user's usage decays per second. A short message every few seconds costs less."""
_MAX_USERS: Final = 100_000
"""How many users' usage is remembered."""


_Queue = list[tuple[float, int, asyncio.Future[None]]]
"""Waiting jobs, as a heap of rank, order of arrival, and the future that lets the job start."""


class FairPool:
    """Runs functions in threads, those of users with low usage first.

    Args:
        max_running: how many jobs run at the same time.
        max_waiting: how many jobs may wait.
        now: monotonic clock, in seconds.
    """

    def __init__(
        self,
        max_running: int = _MAX_RUNNING,
        max_waiting: int = _MAX_WAITING,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free = max_running
        self._free_for_long = max(1, max_running - 1)
        self._max_waiting = max_waiting
        self._now = now
        self._arrivals = itertools.count()
        self._queues: dict[bool, _Queue] = {False: [], True: []}
        self._usage: dict[Hashable, tuple[float, float]] = {}

    async def run(self, user: Hashable, cost: float, work: Callable[..., T], *args: object) -> T:
        """Run a function in a thread when it is the user's turn, and return its result.

        Args:
            user: the user to whose usage the job is added.
            cost: units to add to the usage; a hundred units decay per second.
            work: the function to run.
            *args: its arguments.

        Raises:
            UnavailableError: too many jobs are waiting, and this user has the highest usage.
        """
        is_long = cost > _LONG_JOB_COST
        await self._acquire(self._add_usage(user, cost), is_long)
        try:
            return await asyncio.to_thread(work, *args)
        finally:
            self._release(is_long)

    def _add_usage(self, user: Hashable, cost: float) -> float:
        """Add a cost to a user's usage, and return the sum: the rank of the job."""
        now = self._now()
        if len(self._usage) >= _MAX_USERS:
            self._usage = {u: self._usage[u] for u in self._usage if self._current_usage(u, now)}
            if len(self._usage) >= _MAX_USERS:
                self._usage.clear()
        usage = self._current_usage(user, now) + cost
        self._usage[user] = (usage, now)
        return usage

    def _current_usage(self, user: Hashable, now: float) -> float:
        """Return a user's usage after its decay."""
        usage, at = self._usage.get(user, (0.0, now))
        return max(0.0, usage - (now - at) * _DECAY_PER_SECOND)

    async def _acquire(self, rank: float, is_long: bool) -> None:
        """Acquire a slot, waiting until one is free; lower ranks come first."""
        if self._has_slot(is_long):
            self._take_slot(is_long)
            return
        if sum(map(len, self._queues.values())) >= self._max_waiting:
            self._reject_last(rank)
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._queues[is_long], (rank, next(self._arrivals), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # Cancelled after it was given a slot.
                self._release(is_long)
            raise

    def _reject_last(self, rank: float) -> None:
        """Reject the waiting job with the highest rank, to make room for a new one.

        Raises:
            UnavailableError: the new job has the highest rank.
        """
        queue = max((queue for queue in self._queues.values() if queue), key=max)
        last = max(queue)
        if rank >= last[0]:
            raise _overloaded()
        queue.remove(last)
        heapq.heapify(queue)
        if not last[2].done():
            last[2].set_exception(_overloaded())

    def _has_slot(self, is_long: bool) -> bool:
        return self._free > 0 and (not is_long or self._free_for_long > 0)

    def _take_slot(self, is_long: bool) -> None:
        self._free -= 1
        self._free_for_long -= is_long

    def _release(self, is_long: bool) -> None:
        """Release a slot, and start the next waiting jobs for which there is one."""
        self._free += 1
        self._free_for_long += is_long
        while heads := [
            (queue[0], long)
            for long, queue in self._queues.items()
            if queue and self._has_slot(long)
        ]:
            _, long = min(heads)
            turn = heapq.heappop(self._queues[long])[2]
            if not turn.done():
                self._take_slot(long)
                turn.set_result(None)


def _overloaded() -> UnavailableError:
    return UnavailableError("too many messages wait to be understood", retry_after=2.0)
