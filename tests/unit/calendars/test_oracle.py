"""All clocks, from every day of 2006 to 2026, against an oracle that shares no code with ours.

The oracle takes the published tables of the package ``chinese_calendar``, not its functions, and
walks from day to day. Days are plain numbers, so that it knows neither zones nor instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from chinese_calendar.constants import holidays, workdays

from privacydesk.calendars import CLOSING_15WD, REGIMES, Calendars, regime
from privacydesk.domain.clocks import RegimeProfile, SourceQuality, StartsFrom, start_clock
from privacydesk.domain.deadlines import Unit

FIRST, LAST = date(2006, 1, 1), date(2026, 12, 31)
SHANGHAI, HONG_KONG = ZoneInfo("Asia/Shanghai"), ZoneInfo("Asia/Hong_Kong")
CALENDARS = Calendars()
THIRTY = RegimeProfile(
    "draft_30wd", StartsFrom.VERIFIED, Unit.WORKING_DAYS, 30, "a draft", SourceQuality.UNREAD
)
IN_WORKING_DAYS = (
    *(one for one in REGIMES if one.unit is Unit.WORKING_DAYS),
    CLOSING_15WD,
    THIRTY,
)
IN_DAYS = tuple(one for one in REGIMES if one.unit is Unit.DAYS)
MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def every_day() -> Iterator[date]:
    return (date.fromordinal(n) for n in range(FIRST.toordinal(), LAST.toordinal() + 1))


def is_worked(day: int) -> bool:
    """Say whether the tables make a day, as its ordinal, a working day."""
    at = date.fromordinal(day)
    if at in workdays or at in holidays:
        return at in workdays
    return day % 7 not in {0, 6}  # ordinal 1 was a Monday


def by_working_days(start: date, count: int) -> int | None:
    """Walk on until so many worked days have passed; None beyond the tables."""
    day = start.toordinal()
    while count:
        day += 1
        if day > LAST.toordinal():
            return None
        count -= is_worked(day)
    return day


def by_month(start: date) -> int:
    """Walk to the same day of the next month, or to its last one if it has fewer."""
    following = start.month % 12
    year = start.year + (start.month == 12)
    leap = following == 1 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    target = min(start.day, MONTHS[following] + leap)
    day = start.toordinal()
    while True:
        day += 1
        if date.fromordinal(day).month == following + 1 and date.fromordinal(day).day == target:
            return day


def edges(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first and the last instant of a day, in UTC."""
    first, last = (datetime.combine(day, at, tzinfo=zone) for at in (time.min, time.max))
    return first.astimezone(UTC), last.astimezone(UTC)


def check(one: RegimeProfile, code: str, zone: ZoneInfo, start: date, due: int) -> None:
    calendar = CALENDARS.get(code)
    # Both edges of the day by turns: a clock that starts at midnight, and one at the last moment.
    at = edges(start, zone)[start.toordinal() % 2]
    clock = start_clock(one, calendar, at, zone)
    assert clock.due_date.toordinal() == due, (one.name, start)
    midnight = datetime.combine(date.fromordinal(due) + timedelta(days=1), time.min, tzinfo=zone)
    assert clock.due_at == midnight, (one.name, start)


@pytest.mark.parametrize("one", IN_WORKING_DAYS, ids=lambda one: one.name)
def test_working_days_agree_with_the_tables_from_every_start_day(one: RegimeProfile) -> None:
    starts = 0
    for start in every_day():
        due = by_working_days(start, one.amount)
        if due is not None:
            check(one, "CN", SHANGHAI, start, due)
            starts += 1
    # All but those whose period ends behind the tables.
    assert starts > 7_670 - 2 * one.amount


@pytest.mark.parametrize("one", IN_DAYS, ids=lambda one: one.name)
def test_calendar_days_agree_from_every_start_day(one: RegimeProfile) -> None:
    for start in every_day():
        check(one, "HK", HONG_KONG, start, start.toordinal() + one.amount)


def test_a_month_agrees_from_every_start_day() -> None:
    for start in every_day():
        check(regime("gdpr_1m"), "CN", SHANGHAI, start, by_month(start))


def test_every_regime_is_checked() -> None:
    checked = {one.name for one in (*IN_WORKING_DAYS, *IN_DAYS, regime("gdpr_1m"))}
    assert {one.name for one in REGIMES} <= checked
