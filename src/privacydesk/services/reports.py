"""Reports on a period, as shown in the console, printed by the CLI and exported to files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.help_figures import HelpFigures, HelpTargets, WaitStanding
from privacydesk.domain.incident_figures import incident_figure
from privacydesk.domain.incidents import Incident, IncidentProgress
from privacydesk.domain.periods import Period, Preset, period_of
from privacydesk.domain.reports import Report, ReportBuilder
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import InvalidRequestError
from privacydesk.ports import Cases, Counters, HelpVisits, IncidentStore
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.opening_hours import OpeningHours

_MAX_PERIOD: Final = timedelta(days=3660)
_PAGE_SIZE: Final = 200


class Reports:
    """Computes reports, and lists the tickets of a period."""

    def __init__(
        self,
        *,
        cases: Cases,
        counters: Counters,
        help_visits: HelpVisits,
        incidents: IncidentStore,
        help_targets: HelpTargets,
        hours: OpeningHours,
        deadlines: Deadlines,
        clock: Clock,
    ) -> None:
        self._cases = cases
        self._counters = counters
        self._help_visits = help_visits
        self._incidents = incidents
        self._help_figures = HelpFigures(help_targets, deadlines.zone, hours.time_between)
        self._deadlines = deadlines
        self._clock = clock

    def period_for(self, preset: Preset) -> Period:
        """Return the period that a preset means today; one still running extends to its end."""
        return period_of(preset, self._deadlines.today(self._clock.now()))

    async def report(self, period: Period) -> Report:
        """Return the report of a period.

        Raises:
            InvalidRequestError: the period ends before it begins, or is longer than ten years.
        """
        if not timedelta(0) <= period.last - period.first <= _MAX_PERIOD:
            raise InvalidRequestError("there is no such period", reason="period")
        zone, now = self._deadlines.zone, self._clock.now()
        cases = await self._cases.between(period.since(zone), period.until(zone))
        closings = await self._cases.closings(period.since(zone), period.until(zone))
        tasks = await self._cases.tasks(period.since(zone), period.until(zone))
        notices = await self._notices(period)
        counts = await self._counters.sums(period.first, period.last)
        visits = await self._help_visits.between(period.since(zone), period.until(zone))
        calendar = self._deadlines.calendars.get(self._deadlines.rules.calendar)
        closing = self._deadlines.rules.closing
        builder = ReportBuilder(calendar, zone, 0 if closing is None else closing.amount)

        def build() -> Report:
            report = builder.report(period, cases, counts, now, closings, tasks=tasks)
            notice_figure = incident_figure(notices, zone)
            figures = (*report.figures, notice_figure, *self._help_figures.figures(visits, now))
            return replace(report, figures=figures, help_targets=self._help_figures.targets)

        # Counting a busy year takes a while, and must not block the event loop.
        return await asyncio.to_thread(build)

    async def _notices(self, period: Period) -> list[tuple[Incident, IncidentProgress]]:
        """Return the incident notices that were released in a period, with their progress."""
        since, until = (at(self._deadlines.zone) for at in (period.since, period.until))
        return [
            (one, await self._incidents.progress(one.id))
            for one in await self._incidents.all()
            if one.released_at is not None and since <= one.released_at < until
        ]

    async def waits_today(self) -> WaitStanding:
        """Return how the waits of those who asked for a person today stand to the targets."""
        zone, now = self._deadlines.zone, self._clock.now()
        today = self.period_for(Preset.TODAY)
        visits = await self._help_visits.between(today.since(zone), today.until(zone))
        waits = next(self._help_figures.figures(visits, now))
        return WaitStanding.of(waits, self._help_figures.targets)

    async def requests(self, period: Period) -> AsyncGenerator[tuple[Ticket, ...]]:
        """Yield pages of the tickets of requests made in a period, oldest first."""
        zone = self._deadlines.zone
        since, until = period.since(zone), period.until(zone)
        last_ticket: Ticket | None = None
        while page := await self._cases.received(since, until, after=last_ticket, limit=_PAGE_SIZE):
            yield page
            last_ticket = page[-1]
