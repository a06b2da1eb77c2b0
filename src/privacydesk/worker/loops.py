"""Loops that claim due rows and hand them to services.

A claim moves a row ahead by the lease, so a worker that dies gives it back by itself: there is no
leader and no reaper.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.ids import TicketId
from privacydesk.errors import DeskError
from privacydesk.ports import Claims, Reader
from privacydesk.services.deliveries import Deliveries
from privacydesk.services.dues import Dues
from privacydesk.worker.looking import Loop, rest_until

_log = structlog.get_logger(__name__)
T = TypeVar("T")

_LEASE = timedelta(minutes=1)
_SETTLE_AGAIN = timedelta(minutes=1)
"""When dates that could not be counted are counted again."""
_PAGE = 500


class Worker:
    """Works on due rows of one store until it is stopped.

    Args:
        at_once: how many rows are worked on at the same time.
        besides: what else is done in each round; each tells how much that was.
    """

    def __init__(
        self,
        *,
        claims: Claims,
        reader: Reader,
        deliveries: Deliveries,
        dues: Dues,
        clock: Clock,
        at_once: int = 8,
        calendars_changed: Callable[[], Awaitable[bool]] | None = None,
        besides: Sequence[Callable[[], Awaitable[int]]] = (),
    ) -> None:
        self._claims = claims
        self._reader = reader
        self._deliveries = deliveries
        self._dues = dues
        self._clock = clock
        self._at_once = at_once
        self._calendars_changed = calendars_changed
        self._besides = besides
        # A schedule may have been imported while nothing ran, so dates are counted at the start.
        self._settle_at: datetime | None = clock.now()
        self._loop = Loop(self._look, "rows")

    def wake(self) -> None:
        """Look for due rows at once; called after a commit that left some."""
        self._loop.wake()

    async def run(self) -> None:
        """Claim and work until cancelled. Faults are logged; the rows come back by their lease."""
        await self._loop.run()

    async def round(self) -> int:
        """Do all that is due now, once; return how many rows that was."""
        now = self._clock.now()
        if self._calendars_changed is not None and await self._calendars_changed():
            self._settle_at = now
        if self._settle_at is not None and self._settle_at <= now:
            self._settle_at = None if await self.settle() else now + _SETTLE_AGAIN
        rows = await self._claims.deliveries(now, lease=_LEASE, limit=self._at_once)
        tickets = await self._claims.tickets(now, lease=_LEASE, limit=self._at_once)
        await self._each(rows, self._deliveries.work)
        await self._each(tickets, self._dues.work)
        done = len(rows) + len(tickets)
        for more in self._besides:
            done += await more()
        return done

    async def settle(self) -> bool:
        """Count all provisional dates anew; tell whether that worked for every ticket."""
        worked = True
        after: TicketId | None = None
        while True:
            page = await self._reader.provisional_tickets(limit=_PAGE, after=after)
            for ticket in page:
                worked &= await _guarded(ticket, self._dues.settle)
            if len(page) < _PAGE:
                return worked
            after = page[-1].id

    async def _each(self, rows: Sequence[T], work: Callable[[T], Awaitable[object]]) -> None:
        await asyncio.gather(*(_guarded(row, work) for row in rows))

    async def _look(self) -> float:
        if await self.round():
            return 0.0
        return rest_until(await self._claims.next_due(), self._clock.now())


async def _guarded(row: T, work: Callable[[T], Awaitable[object]]) -> bool:
    """Work on a row; tell whether that worked. One bad row must not stop the others."""
    try:
        await work(row)
    except DeskError as error:
        _log.warning("due_row_failed", code=error.code.value, fault=error.message)
    except Exception:  # noqa: BLE001 - it is logged, and the row comes back by its lease
        _log.exception("due_row_failed")
    else:
        return True
    return False
