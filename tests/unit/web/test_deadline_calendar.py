"""The count drawn: every day has its look, and the last one stands out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from privacydesk.calendars import Calendars
from privacydesk.calendars.regimes import regime
from privacydesk.domain.clocks import recount_deadline, start_clock
from privacydesk.domain.deadlines import Day
from privacydesk.services.inbox import DeadlineProgress, DeadlineStatus
from privacydesk.web.console.deadline_calendar import DayRole, deadline_calendar

START = datetime(2026, 9, 28, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def days() -> tuple[Day, ...]:
    """Return seven working days over National Day of 2026, with one make-up Saturday."""
    calendar = Calendars().get("CN")
    clock = start_clock(regime("operator_7wd"), calendar, START, ZoneInfo("Asia/Shanghai"))
    return recount_deadline(clock, calendar).days


def count_of(
    days: tuple[Day, ...], gauge: DeadlineStatus = DeadlineStatus.RUNNING
) -> DeadlineProgress:
    return DeadlineProgress(
        gauge, days[-1].date, provisional=False, elapsed_days=0, total_days=7, days=days
    )


def test_days_off_and_make_up_days_look_unlike_working_days(days: tuple[Day, ...]) -> None:
    strip = deadline_calendar(count_of(days), date(2026, 9, 30))
    roles = {cell.date: cell.role for cell in strip.days}
    assert roles[date(2026, 9, 28)] is DayRole.START
    assert roles[date(2026, 9, 29)] is DayRole.COUNTED
    assert roles[date(2026, 10, 3)] is DayRole.OFF
    assert roles[date(2026, 10, 10)] is DayRole.MAKEUP
    assert [cell.date for cell in strip.days if cell.today] == [date(2026, 9, 30)]
    assert [cell.date for cell in strip.days if cell.due] == [date(2026, 10, 13)]
    assert [cell.number for cell in strip.days if cell.past] == [0, 1, 2]


def test_what_is_late_goes_on_to_today_and_a_long_delay_is_told_in_days(
    days: tuple[Day, ...],
) -> None:
    due = days[-1].date
    two = deadline_calendar(count_of(days, DeadlineStatus.OVERDUE), due + timedelta(days=2))
    assert [cell.role for cell in two.days[-2:]] == [DayRole.LATE, DayRole.LATE]
    assert two.days[-1].today
    assert two.hidden_days == 0
    assert (
        deadline_calendar(
            count_of(days, DeadlineStatus.OVERDUE), due + timedelta(days=40)
        ).hidden_days
        == 35
    )


def test_what_was_answered_shows_no_late_days(days: tuple[Day, ...]) -> None:
    strip = deadline_calendar(
        count_of(days, DeadlineStatus.ANSWERED), days[-1].date + timedelta(days=9)
    )
    assert len(strip.days) == len(days)


def test_a_week_begins_on_monday(days: tuple[Day, ...]) -> None:
    week = deadline_calendar(count_of(days), START.date()).week
    assert [day.isoweekday() for day in week] == [1, 2, 3, 4, 5, 6, 7]
