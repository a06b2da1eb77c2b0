"""Calendar of a ticket's deadline: each day, and whether it counts, to explain the due date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from privacydesk.domain.deadlines import Day, DayReason
from privacydesk.services.inbox import DeadlineProgress


class DayRole(StrEnum):
    """How a day counts towards a deadline."""

    START = "start"
    COUNTED = "counted"
    OFF = "off"
    MAKEUP = "makeup"
    """A weekend day that the schedule makes a working day."""
    LATE = "late"
    """A day after the due date, while the request is unanswered."""


class CalendarDay(Struct, frozen=True):
    """One day of a deadline calendar.

    Attributes:
        role: how the day counts.
        number: the number of the day in the count; None for a day that doesn't count.
        past: whether the day is today or earlier.
        today: whether the day is today.
        due: whether the day is the due date.
    """

    date: date
    role: DayRole
    number: int | None
    past: bool
    today: bool
    due: bool


class DeadlineCalendar(Struct, frozen=True):
    """The days of a deadline, with the first days of a delay.

    Attributes:
        days: the days from the start to the due date, and up to ``_MAX_LATE_DAYS`` of a delay.
        hidden_days: the number of further days of the delay.
    """

    days: tuple[CalendarDay, ...]
    hidden_days: int = 0

    @property
    def week(self) -> tuple[date, ...]:
        """The days of any week from Monday to Sunday, for the column headings."""
        monday = date.fromisocalendar(2026, 1, 1)
        return tuple(monday + timedelta(days=offset) for offset in range(7))


_MAX_LATE_DAYS = 5
_MAKEUP = frozenset({DayReason.MAKEUP, DayReason.OVERRIDE_WORKING})


def deadline_calendar(progress: DeadlineProgress, today: date) -> DeadlineCalendar:
    """Return the calendar of a deadline as of a day."""
    days = [_calendar_day(day, progress, today) for day in progress.days]
    late = list(_late_days(progress, today))
    hidden = max(0, len(late) - _MAX_LATE_DAYS)
    return DeadlineCalendar((*days, *late[:_MAX_LATE_DAYS]), hidden)


def _calendar_day(day: Day, progress: DeadlineProgress, today: date) -> CalendarDay:
    return CalendarDay(
        date=day.date,
        role=_day_role(day),
        number=day.count,
        past=day.date <= today,
        today=day.date == today,
        due=day.date == progress.due_date,
    )


def _day_role(day: Day) -> DayRole:
    if day.count == 0:
        return DayRole.START
    if day.count is None:
        return DayRole.OFF
    return DayRole.MAKEUP if day.reason in _MAKEUP else DayRole.COUNTED


def _late_days(progress: DeadlineProgress, today: date) -> Iterator[CalendarDay]:
    if progress.due_date is None or progress.status != "overdue":
        return
    day = progress.due_date + timedelta(days=1)
    while day <= today:
        yield CalendarDay(day, DayRole.LATE, None, past=True, today=day == today, due=False)
        day += timedelta(days=1)
