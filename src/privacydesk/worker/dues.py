"""The loop that works on tickets with something due, and recounts provisional dates."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.ids import TicketId
from privacydesk.errors import DeskError, is_outage
from privacydesk.ports import Claims, Reader
from privacydesk.services.dues import Dues
from privacydesk.worker.polling import Loop, guarded, rest_until

_log = structlog.get_logger(__name__)

_LEASE: Final = timedelta(minutes=1)
"""Far longer than a ticket takes: nothing outside the database is asked."""
_AT_ONCE: Final = 8
_SETTLE_AGAIN: Final = timedelta(minutes=1)
"""The pause before dates that could not be counted are counted again."""
_PAGE: Final = 500


class DuesWorker:
    """Works on due tickets of one store until it is stopped.

    Args:
        claims: claims due tickets.
        reader: finds provisional dates.
        dues: works on a ticket.
        clock: the present.
        calendars_changed: returns whether a schedule was imported since its last call.
    """

    def __init__(
        self,
        claims: Claims,
        reader: Reader,
        dues: Dues,
        clock: Clock,
        *,
        calendars_changed: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        self._claims = claims
        self._reader = reader
        self._dues = dues
        self._clock = clock
        self._calendars_changed = calendars_changed
        # A schedule may have been imported while nothing ran, so dates are counted at the start.
        self._settle_at: datetime | None = clock.now()
        self._loop = Loop(self._look, "dues")

    def wake(self) -> None:
        """Look for due tickets at once."""
        self._loop.wake()

    async def run(self) -> None:
        """Claim and work until cancelled; unfinished rows are due again when their lease ends."""
        await self._loop.run()

    async def round(self) -> int:
        """Do all that is due now, once; return how many tickets came up."""
        now = self._clock.now()
        if self._calendars_changed is not None and await self._calendars_changed():
            self._settle_at = now
        if self._settle_at is not None and self._settle_at <= now:
            self._settle_at = None if await self.settle() else now + _SETTLE_AGAIN
        tickets = await self._claims.tickets(now, lease=_LEASE, limit=_AT_ONCE)
        await asyncio.gather(*(guarded(ticket, self._dues.work) for ticket in tickets))
        return len(tickets)

    async def hurry_overlooked(self) -> int:
        """Make rows due that were put off by a clock that was ahead; return how many."""
        made_due = await self._claims.hurry_overlooked(self._clock.now())
        if made_due:
            _log.warning("overlooked_rows_due", count=made_due)
        return made_due

    async def settle(self) -> bool:
        """Recount all provisional dates; return whether that worked for every ticket."""
        worked = True
        after: TicketId | None = None
        while True:
            try:
                page = await self._reader.provisional_tickets(limit=_PAGE, after=after)
            except DeskError as error:
                # This must not keep due tickets waiting.
                if not is_outage(error):
                    _log.error("dates_not_counted", code=error.code.value, fault=error.message)
                return False
            for ticket in page:
                worked &= await guarded(ticket, self._dues.settle)
            if len(page) < _PAGE:
                return worked
            after = page[-1].id

    async def _look(self) -> float:
        if await self.round():
            return 0.0
        return rest_until(await self._claims.next_ticket(), self._clock.now())
