"""Reports of any period, the same for the console, the command and their exported files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.periods import Period, Preset, period_of
from privacydesk.domain.reports import Reckoner, Report
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import InvalidRequestError
from privacydesk.ports import Cases, Counters
from privacydesk.services.deadlines import Deadlines

_LONGEST: Final = timedelta(days=3660)
_PAGE: Final = 200


class Reports:
    """Makes reports."""

    def __init__(
        self, cases: Cases, counters: Counters, deadlines: Deadlines, clock: Clock
    ) -> None:
        self._cases = cases
        self._counters = counters
        self._deadlines = deadlines
        self._clock = clock

    def preset(self, preset: Preset) -> Period:
        """Return the period that a preset means today; a running one extends to its own end."""
        return period_of(preset, self._deadlines.today(self._clock.now()))

    async def report(self, period: Period) -> Report:
        """Return the report of a period.

        Raises:
            InvalidRequestError: the period ends before it begins, or is longer than ten years.
        """
        if not timedelta(0) <= period.last - period.first <= _LONGEST:
            raise InvalidRequestError("there is no such period", reason="period")
        zone, now = self._deadlines.zone, self._clock.now()
        cases = await self._cases.between(period.since(zone), period.until(zone))
        counts = await self._counters.sums(period.first, period.last)
        calendar = self._deadlines.calendars.get(self._deadlines.rules.calendar)
        # A year of a busy desk takes a while, and must not keep chats waiting.
        return await asyncio.to_thread(Reckoner(calendar, zone).report, period, cases, counts, now)

    async def requests(self, period: Period) -> AsyncGenerator[tuple[Ticket, ...]]:
        """Yield the requests made in a period, oldest first, a page at a time."""
        zone = self._deadlines.zone
        since, until = period.since(zone), period.until(zone)
        last: Ticket | None = None
        while page := await self._cases.received(since, until, after=last, limit=_PAGE):
            yield page
            last = page[-1]
