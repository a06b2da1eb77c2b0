"""Periods of reports: ranges of days in the operator's time zone, and named presets."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from privacydesk.domain.deadlines import end_of_day

_DAY: Final = timedelta(days=1)
_QUARTER: Final = 3


class Period(Struct, frozen=True):
    """A range of days in the operator's time zone, both ends included."""

    first: date
    last: date

    def since(self, zone: ZoneInfo) -> datetime:
        """Return the instant at which it begins."""
        return end_of_day(self.first - _DAY, zone)

    def until(self, zone: ZoneInfo) -> datetime:
        """Return the first instant after it."""
        return end_of_day(self.last, zone)


class Preset(StrEnum):
    """A period with a name, relative to the current day."""

    TODAY = "today"
    LAST_30_DAYS = "last_30_days"
    THIS_MONTH = "this_month"
    LAST_MONTH = "last_month"
    THIS_QUARTER = "this_quarter"
    LAST_QUARTER = "last_quarter"
    THIS_YEAR = "this_year"
    LAST_YEAR = "last_year"


def period_of(preset: Preset, today: date) -> Period:
    """Return the period that a preset means on the day ``today``."""
    month = today.replace(day=1)
    quarter = month.replace(month=month.month - (month.month - 1) % _QUARTER)
    year = month.replace(month=1)
    match preset:
        case Preset.TODAY:
            return Period(today, today)
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
