"""Leases: a chore that one process works on, for as long as it does.

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
        lasts: for how long a claim, or a renewal, is one's own.
        until: until when it is now.
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
            lasts: for how long it is one's own.
            rests: the longest that ``finish`` puts it off. One that is due far later than
                that was put off by a clock that has been set back, and is due now.
        """
        now = clock.now()
        until = now + lasts
        # Twice as far: clocks of several processes differ a little.
        if not await chores.claim(name, now, until=until, latest=now + 2 * max(lasts, rests)):
            return None
        return cls(chores, clock, name, lasts, until)

    async def goes_on(self) -> bool:
        """Tell whether it is still one's own, renewing it when half of it is gone.

        Whoever works on a chore piece by piece asks before each: a process that was held up for
        longer than the lease stops there, since another one may have begun.
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
        """Say when the chore is due again; nothing where another process has it by now."""
        await self._chores.move(self._name, self._until, due_at)
