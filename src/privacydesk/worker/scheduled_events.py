"""The loop that executes due events of tickets and recounts provisional due dates."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.ids import TicketId
from privacydesk.errors import DeskError, is_outage
from privacydesk.ports import Reader, RowClaims
from privacydesk.services.scheduled_events import ScheduledEvents
from privacydesk.worker.polling import PollingLoop, idle_seconds, run_logging_errors

_log = structlog.get_logger(__name__)

_LEASE: Final = timedelta(minutes=1)
"""Far longer than one ticket takes, because its events need the database alone."""
_BATCH_SIZE: Final = 8
_RECOUNT_RETRY_DELAY: Final = timedelta(minutes=1)
_PAGE_SIZE: Final = 500


class ScheduledEventWorker:
    """Executes the due events of tickets, and recounts provisional due dates.

    All dates are recounted at the start and when calendars were replaced.

    Args:
        claims: claims tickets with due events.
        reader: finds tickets with provisional due dates.
        events: executes a ticket's due events, and recounts its dates.
        clock: source of the current time.
        calendars_replaced: returns whether calendars were replaced since its last call.
    """

    def __init__(
        self,
        claims: RowClaims,
        reader: Reader,
        events: ScheduledEvents,
        clock: Clock,
        *,
        calendars_replaced: Callable[[], bool] = lambda: False,
    ) -> None:
        self._claims = claims
        self._reader = reader
        self._events = events
        self._clock = clock
        self._calendars_replaced = calendars_replaced
        # A schedule may have been imported while no process ran.
        self._recount_at: datetime | None = clock.now()
        self._loop = PollingLoop(self._poll, "dues")

    def wake(self) -> None:
        """Poll at once."""
        self._loop.wake()

    async def run(self) -> None:
        """Run until cancelled; unfinished tickets are due again when their lease ends."""
        await self._loop.run()

    async def run_once(self) -> int:
        """Execute the events that are due now; return the number of claimed tickets."""
        now = self._clock.now()
        if self._calendars_replaced():
            self._recount_at = now
        if self._recount_at is not None and self._recount_at <= now:
            self._recount_at = None if await self._recount_all() else now + _RECOUNT_RETRY_DELAY
        tickets = await self._claims.tickets(now, lease=_LEASE, limit=_BATCH_SIZE)
        await asyncio.gather(
            *(run_logging_errors(ticket, self._events.execute_due) for ticket in tickets)
        )
        return len(tickets)

    async def reset_excessive_delays(self) -> int:
        """Make rows due that a clock running ahead had postponed; return their number."""
        count = await self._claims.reset_excessive_delays(self._clock.now())
        if count:
            _log.warning("overlooked_rows_due", count=count)
        return count

    async def _recount_all(self) -> bool:
        """Recount all provisional due dates; return whether every ticket succeeded."""
        succeeded = True
        after: TicketId | None = None
        while True:
            try:
                page = await self._reader.provisional_tickets(limit=_PAGE_SIZE, after=after)
            except DeskError as error:
                # Not raised, so that due events are executed all the same.
                if not is_outage(error):
                    _log.error("dates_not_counted", code=error.code.value, fault=error.message)
                return False
            for ticket in page:
                succeeded &= await run_logging_errors(ticket, self._events.recount_provisional)
            if len(page) < _PAGE_SIZE:
                return succeeded
            after = page[-1].id

    async def _poll(self) -> float:
        if await self.run_once():
            return 0.0
        return idle_seconds(await self._claims.next_ticket(), self._clock.now())
