"""Leases on periodic tasks: only one process at a time runs a task.

claimed ──► renewed while the task runs ──► finished: the time of the next run is set
   └─ not renewed: the task is due again when the lease expires
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from privacydesk.clock import Clock
from privacydesk.ports import PeriodicTasks


class Lease:
    """A claim on a periodic task, which expires unless it is renewed.

    Args:
        tasks: the store in which the task is claimed.
        clock: source of the current time.
        name: the name of the task.
        duration: how long a claim or a renewal is valid.
        expires_at: when the current claim expires.
    """

    def __init__(
        self,
        tasks: PeriodicTasks,
        clock: Clock,
        name: str,
        duration: timedelta,
        expires_at: datetime,
    ) -> None:
        self._tasks = tasks
        self._clock = clock
        self._name = name
        self._duration = duration
        self._expires_at = expires_at

    @classmethod
    async def claim(
        cls,
        tasks: PeriodicTasks,
        clock: Clock,
        name: str,
        *,
        duration: timedelta,
        max_postponement: timedelta = timedelta(),
    ) -> Self | None:
        """Claim a task; return None if it is not due or another process has claimed it.

        Args:
            tasks: the store in which the task is claimed.
            clock: source of the current time.
            name: the name of the task.
            duration: how long the claim is valid.
            max_postponement: the longest time by which ``finish`` postpones the task. A task due
                much later than that was postponed before the clock was set back, and counts as
                due now.
        """
        now = clock.now()
        expires_at = now + duration
        # Doubled, because the clocks of several processes differ a little.
        latest_due_at = now + 2 * max(duration, max_postponement)
        if not await tasks.claim(name, now, until=expires_at, latest=latest_due_at):
            return None
        return cls(tasks, clock, name, duration, expires_at)

    async def renew_if_needed(self) -> bool:
        """Renew the lease once half of its duration has passed; return whether it is still held.

        Call this before each unit of work. A process that was suspended for longer than the lease
        has to stop then, since another process may have started the task.
        """
        now = self._clock.now()
        if now < self._expires_at - self._duration / 2:
            return True
        expires_at = now + self._duration
        if not await self._tasks.reschedule(self._name, self._expires_at, expires_at):
            return False
        self._expires_at = expires_at
        return True

    async def finish(self, due_at: datetime) -> None:
        """Set when the task is due again; do nothing if another process has claimed it."""
        await self._tasks.reschedule(self._name, self._expires_at, due_at)
