"""The count drawn: every day has its look, and the last one stands out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from privacydesk.calendars import Calendars
from privacydesk.calendars.regimes import regime
from privacydesk.domain.clocks import deadline_of, start_clock
from privacydesk.domain.deadlines import Day
from privacydesk.services.inbox import Count, Gauge
from privacydesk.web.console.strips import Look, strip_of

START = datetime(2026, 9, 28, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def days() -> tuple[Day, ...]:
    """Return seven working days over National Day of 2026, with one make-up Saturday."""
    calendar = Calendars().get("CN")
    clock = start_clock(regime("operator_7wd"), calendar, START, ZoneInfo("Asia/Shanghai"))
    return deadline_of(clock, calendar).days


def count_of(days: tuple[Day, ...], gauge: Gauge = Gauge.RUNNING) -> Count:
    return Count(gauge, days[-1].date, provisional=False, spent=0, amount=7, days=days)


def test_days_off_and_make_up_days_look_unlike_working_days(days: tuple[Day, ...]) -> None:
    strip = strip_of(count_of(days), date(2026, 9, 30))
    looks = {cell.date: cell.look for cell in strip.cells}
    assert looks[date(2026, 9, 28)] is Look.START
    assert looks[date(2026, 9, 29)] is Look.COUNTED
    assert looks[date(2026, 10, 3)] is Look.OFF
    assert looks[date(2026, 10, 10)] is Look.MAKEUP
    assert [cell.date for cell in strip.cells if cell.today] == [date(2026, 9, 30)]
    assert [cell.date for cell in strip.cells if cell.due] == [date(2026, 10, 13)]
    assert [cell.number for cell in strip.cells if cell.past] == [0, 1, 2]


def test_what_is_late_goes_on_to_today_and_a_long_delay_is_told_in_days(
    days: tuple[Day, ...],
) -> None:
    due = days[-1].date
    two = strip_of(count_of(days, Gauge.OVERDUE), due + timedelta(days=2))
    assert [cell.look for cell in two.cells[-2:]] == [Look.LATE, Look.LATE]
    assert two.cells[-1].today
    assert two.more == 0
    assert strip_of(count_of(days, Gauge.OVERDUE), due + timedelta(days=40)).more == 35


def test_what_was_answered_shows_no_late_days(days: tuple[Day, ...]) -> None:
    strip = strip_of(count_of(days, Gauge.ANSWERED), days[-1].date + timedelta(days=9))
    assert len(strip.cells) == len(days)


def test_a_week_begins_on_monday(days: tuple[Day, ...]) -> None:
    week = strip_of(count_of(days), START.date()).week
    assert [day.isoweekday() for day in week] == [1, 2, 3, 4, 5, 6, 7]
