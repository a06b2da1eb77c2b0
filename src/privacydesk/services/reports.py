"""Reports of any period, the same for the console, the command and the files they give away."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.reports import Period, Reckoner, Report
from privacydesk.errors import InvalidRequestError
from privacydesk.ports import Cases, Counters
from privacydesk.services.deadlines import Deadlines

_LONGEST: Final = timedelta(days=3660)
_DAY: Final = timedelta(days=1)
_QUARTER: Final = 3


class Preset(StrEnum):
    """Periods that people ask for by name."""

    LAST_30_DAYS = "last_30_days"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    THIS_QUARTER = "this_quarter"
    LAST_QUARTER = "last_quarter"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"


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
        """Return the days that a name means today; running periods reach to their own end."""
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
        # A year of a busy desk takes its time, which users who chat must not wait for.
        return await asyncio.to_thread(Reckoner(calendar, zone).report, period, cases, counts, now)


def period_of(preset: Preset, today: date) -> Period:
    """Return the days that a name means on a given day."""
    month = today.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % _QUARTER)
    year = month.replace(month=1)
    match preset:
        case Preset.LAST_30_DAYS:
            return Period(today - 29 * _DAY, today)
        case Preset.THIS_MONTH:
            return Period(month, _next_month(month) - _DAY)
        case Preset.LAST_MONTH:
            return Period((month - _DAY).replace(day=1), month - _DAY)
        case Preset.THIS_QUARTER:
            return Period(quarter, _next_quarter(quarter) - _DAY)
        case Preset.LAST_QUARTER:
            last = quarter - _DAY
            return Period(last.replace(day=1, month=last.month - _QUARTER + 1), last)
        case Preset.THIS_YEAR:
            return Period(year, year.replace(year=year.year + 1) - _DAY)
        case Preset.LAST_YEAR:
            return Period(year.replace(year=year.year - 1), year - _DAY)


def _next_month(first: date) -> date:
    return (first + 31 * _DAY).replace(day=1)


def _next_quarter(first: date) -> date:
    return _next_month(_next_month(_next_month(first)))
