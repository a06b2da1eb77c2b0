"""Leases: one process's claim on a chore, for as long as it works on it.

claimed ──► renewed while it is worked on ──► finished, due again at some time
   └─ nobody renews it: due again when the lease ends
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from privacydesk.clock import Clock
from privacydesk.ports import Chores


class Lease:
    """A claimed chore.

    Args:
        chores: where it is kept.
        clock: the present.
        name: the chore.
        lasts: for how long a claim, or a renewal, is valid.
        until: when the current claim ends.
    """

    def __init__(
        self, chores: Chores, clock: Clock, name: str, lasts: timedelta, until: datetime
    ) -> None:
        self._chores = chores
        self._clock = clock
        self._name = name
        self._lasts = lasts
        self._until = until

    @classmethod
    async def claim(
        cls,
        chores: Chores,
        clock: Clock,
        name: str,
        *,
        lasts: timedelta,
        rests: timedelta = timedelta(),
    ) -> Self | None:
        """Claim a chore; None where it is not due, or another process has it.

        Args:
            chores: where it is kept.
            clock: the present.
            name: the chore.
            lasts: for how long the claim is valid.
            rests: the longest that ``finish`` postpones it. A chore due far later than that was
                postponed by a clock that has been set back, and is due now.
        """
        now = clock.now()
        until = now + lasts
        # Twice as far: clocks of several processes differ a little.
        if not await chores.claim(name, now, until=until, latest=now + 2 * max(lasts, rests)):
            return None
        return cls(chores, clock, name, lasts, until)

    async def goes_on(self) -> bool:
        """Return whether the lease is still held, renewing it when half of it is gone.

        Call it before each piece of a chore: a process that was held up for longer than the
        lease stops there, since another one may have begun.
        """
        now = self._clock.now()
        if now < self._until - self._lasts / 2:
            return True
        until = now + self._lasts
        if not await self._chores.move(self._name, self._until, until):
            return False
        self._until = until
        return True

    async def finish(self, due_at: datetime) -> None:
        """Set when the chore is due again; do nothing if another process has it by now."""
        await self._chores.move(self._name, self._until, due_at)
