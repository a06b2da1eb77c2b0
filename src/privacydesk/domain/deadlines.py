"""Computation of deadlines in working days, calendar days or months, with a day-by-day listing.

The day on which the clock starts is day 0 (Civil Code, article 201) and the last day ends at 24:00
(article 203), both in the operator's time zone. Working days come from a ``WorkingCalendar``; the
implementations are in ``privacydesk.calendars``.

All instants must be aware; a naive one raises ``ValueError``. Errors of the calendar, such as for
years that it does not cover, are passed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

MAX_AMOUNT = 3660
"""The longest deadline accepted, in any unit: ten years of days."""
_ONE_DAY = timedelta(days=1)
_MONTHS_A_YEAR = 12


class DayReason(StrEnum):
    """Why a day counts or doesn't. The texts shown to people are looked up by these codes."""

    START = "start"
    """The working day on which the clock started, which isn't counted."""
    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"
    """A weekend day that the published schedule makes a working day."""
    OVERRIDE_OFF = "override_off"
    OVERRIDE_WORKING = "override_working"


class DayStatus(Struct, frozen=True):
    """The calendar's entry for one day.

    Attributes:
        working: whether it is a working day.
        reason: why; never ``START``, which depends on the deadline.
        settled: whether the schedule of its year is final: published, or declared final by the
            operator.
        name: the holiday, or the operator's reason, in the language of the calendar.
    """

    working: bool
    reason: DayReason
    settled: bool
    name: str | None = None


class WorkingCalendar(Protocol):
    """A calendar that distinguishes working days from days off."""

    @property
    def code(self) -> str:
        """The calendar's identifier, such as ``CN``."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """The time zone of the calendar's region, the default for operators who set none."""
        ...

    def day(self, day: date) -> DayStatus:
        """Return the entry for ``day``; raises for years that the calendar does not cover."""
        ...


class Unit(StrEnum):
    """The unit of a deadline."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    MONTHS = "months"


class Day(Struct, frozen=True):
    """One day of a deadline's day-by-day listing.

    Attributes:
        date: the day, in the time zone of the deadline.
        working: whether it is a working day, counted or not.
        count: its number; 0 for the day of the start, None for a day that isn't counted.
        reason: why it counts or doesn't.
        name: the holiday or the operator's reason, if there is one.
    """

    date: date
    working: bool
    count: int | None
    reason: DayReason
    name: str | None = None


class Deadline(Struct, frozen=True):
    """A computed deadline with its day-by-day listing.

    Attributes:
        calendar: code of the calendar that was used.
        zone: name of the time zone whose days were counted.
        unit: unit of ``amount``.
        amount: length of the period.
        started_at: the start, in UTC.
        due_date: the last day, in ``zone``; the deadline ends at its 24:00.
        due_at: 00:00 of the day after ``due_date``, in ``zone``: the first instant that is late.
        provisional: whether one of the days lies in a year whose schedule isn't settled. Deadlines
            in days or months don't depend on a schedule and are never provisional.
        days: every day from the start to ``due_date``, both included, without gaps.
    """

    calendar: str
    zone: str
    unit: Unit
    amount: int
    started_at: datetime
    due_date: date
    due_at: datetime
    provisional: bool
    days: tuple[Day, ...]


def count_working_days(
    calendar: WorkingCalendar, started_at: datetime, working_days: int, zone: ZoneInfo
) -> Deadline:
    """Compute a deadline in working days; the first day is day 0, even if it is a day off."""
    check_amount(working_days)
    zone_name = _zone_name(zone)
    day = _local_date(started_at, zone)
    status = calendar.day(day)
    provisional = not status.settled
    days = [_first_day(day, status)]
    counted = 0
    while counted < working_days:
        day += _ONE_DAY
        status = calendar.day(day)
        if not status.settled:
            provisional = True
        if status.working:
            counted += 1
            days.append(Day(day, True, counted, status.reason, status.name))
        else:
            days.append(Day(day, False, None, status.reason, status.name))
    return Deadline(
        calendar.code,
        zone_name,
        Unit.WORKING_DAYS,
        working_days,
        started_at.astimezone(UTC),
        day,
        end_of_day(day, zone),
        provisional,
        tuple(days),
    )


def count_calendar_days(
    calendar: WorkingCalendar, started_at: datetime, days: int, zone: ZoneInfo
) -> Deadline:
    """Compute a deadline in calendar days; the calendar only classifies the days listed."""
    check_amount(days)
    due_date = _local_date(started_at, zone) + days * _ONE_DAY
    return _list_days(calendar, started_at, due_date, zone, unit=Unit.DAYS, amount=days)


def count_months(
    calendar: WorkingCalendar, started_at: datetime, months: int, zone: ZoneInfo
) -> Deadline:
    """Compute a deadline in months: the same day of a later month, or its last day if shorter.

    A due date on a day off isn't moved. Some laws would move it later; the earlier date complies
    with all of them.
    """
    check_amount(months)
    due_date = _add_months(_local_date(started_at, zone), months)
    return _list_days(calendar, started_at, due_date, zone, unit=Unit.MONTHS, amount=months)


def compute_deadline(
    calendar: WorkingCalendar, started_at: datetime, unit: Unit, amount: int, zone: ZoneInfo
) -> Deadline:
    """Compute a deadline of ``amount`` units after ``started_at``, by the rule of the unit."""
    match unit:
        case Unit.WORKING_DAYS:
            return count_working_days(calendar, started_at, amount, zone)
        case Unit.DAYS:
            return count_calendar_days(calendar, started_at, amount, zone)
        case Unit.MONTHS:
            return count_months(calendar, started_at, amount, zone)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Return 24:00 of ``day`` in ``zone``, that is 00:00 of the next day."""
    return datetime.combine(day + _ONE_DAY, time.min, tzinfo=zone)


def working_days_before(calendar: WorkingCalendar, due_date: date, n: int) -> date:
    """Return the ``n``-th working day before ``due_date``; ``due_date`` itself for 0.

    Reminders are sent on the days for 2 and 1. Raises ``ValueError`` for a negative ``n``.
    """
    if n < 0:
        raise ValueError("the number of working days must not be negative")
    day = due_date
    while n:
        day -= _ONE_DAY
        if calendar.day(day).working:
            n -= 1
    return day


def working_days_left(calendar: WorkingCalendar, today: date, due_date: date) -> int:
    """Return the number of working days after ``today`` up to and including ``due_date``.

    0 on the due date, negative after it. The number stays 0 on days off that follow the due date,
    so use ``due_at`` to find out whether a deadline has passed.
    """
    if today > due_date:
        return -working_days_left(calendar, due_date, today)
    return sum(calendar.day(day).working for day in _days_after(today, due_date))


def _first_day(day: date, status: DayStatus) -> Day:
    # A day off keeps its own reason, which is more informative than START.
    reason = DayReason.START if status.working else status.reason
    return Day(day, status.working, 0, reason, status.name)


def _list_days(
    calendar: WorkingCalendar,
    started_at: datetime,
    due_date: date,
    zone: ZoneInfo,
    *,
    unit: Unit,
    amount: int,
) -> Deadline:
    start = _local_date(started_at, zone)
    days = [_first_day(start, calendar.day(start))]
    for number, day in enumerate(_days_after(start, due_date), start=1):
        status = calendar.day(day)
        days.append(Day(day, status.working, number, status.reason, status.name))
    return Deadline(
        calendar=calendar.code,
        zone=_zone_name(zone),
        unit=unit,
        amount=amount,
        started_at=started_at.astimezone(UTC),
        due_date=due_date,
        due_at=end_of_day(due_date, zone),
        provisional=False,
        days=tuple(days),
    )


def _days_after(start: date, end: date) -> Iterator[date]:
    for number in range(1, (end - start).days + 1):
        yield start + number * _ONE_DAY


def _add_months(day: date, months: int) -> date:
    years, month = divmod(day.month - 1 + months, _MONTHS_A_YEAR)
    first = date(day.year + years, month + 1, 1)
    next_first = (first + 31 * _ONE_DAY).replace(day=1)
    return min(first + (day.day - 1) * _ONE_DAY, next_first - _ONE_DAY)


def require_aware(instant: datetime) -> datetime:
    """Return ``instant`` if it is aware; raise ``ValueError`` if it is naive."""
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a zone or an offset")
    return instant


def _local_date(instant: datetime, zone: ZoneInfo) -> date:
    return require_aware(instant).astimezone(zone).date()


def _zone_name(zone: ZoneInfo) -> str:
    # Typeshed declares str, but the key of a zone read from a file is None.
    name: str | None = zone.key
    if not name:
        raise ValueError("the zone needs a name")
    return name


def check_amount(amount: int) -> int:
    """Return ``amount`` if it is a valid length of a deadline.

    Raises:
        TypeError: it is not an integer.
        ValueError: it is not between 1 and ``MAX_AMOUNT``.
    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError("the length of a deadline is a whole number")
    if not 1 <= amount <= MAX_AMOUNT:
        raise ValueError(f"a deadline is 1 to {MAX_AMOUNT} long")
    return amount
