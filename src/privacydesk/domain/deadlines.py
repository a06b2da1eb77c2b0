"""Deadlines: counting days from a start, day by day.

The day the clock starts is day 0 (Civil Code, article 201) and the last day ends at 24:00
(article 203), both in the zone of the operator. Working days come from a ``WorkingCalendar``,
which this module only asks; calendars themselves live in ``privacydesk.calendars``.

Every instant is aware. A naive one raises ``ValueError``, since nobody can say later in which
zone it was meant. Years outside the calendar's reach raise whatever the calendar raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from msgspec import Struct

MAX_AMOUNT = 3660
"""The longest deadline that is still believed, in any unit: ten years of days."""
_ONE_DAY = timedelta(days=1)
_MONTHS_A_YEAR = 12


class DayReason(StrEnum):
    """Why a day counts or doesn't. Texts for people are looked up by these codes."""

    START = "start"
    """A working day that isn't counted because the clock started on it."""
    WORKING = "working"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"
    """A weekend day that the published schedule makes a working day."""
    OVERRIDE_OFF = "override_off"
    OVERRIDE_WORKING = "override_working"


class DayStatus(Struct, frozen=True):
    """What a calendar says of one day.

    Attributes:
        working: whether it counts as a working day.
        reason: why; never ``START``, which only a count can know.
        settled: whether the schedule of its year is published or named final by the operator.
        name: the holiday, or the operator's reason, in the language the calendar was made with.
    """

    working: bool
    reason: DayReason
    settled: bool
    name: str | None = None


class WorkingCalendar(Protocol):
    """Tells working days from days off."""

    @property
    def code(self) -> str:
        """The name under which it is found again, such as ``CN``."""
        ...

    @property
    def zone(self) -> ZoneInfo:
        """The zone people of this calendar live in, for operators who name none."""
        ...

    def day(self, day: date) -> DayStatus:
        """Return what is known of ``day``; raises for years out of reach."""
        ...


class Unit(StrEnum):
    """What a deadline is counted in."""

    WORKING_DAYS = "working_days"
    DAYS = "days"
    MONTHS = "months"


class Day(Struct, frozen=True):
    """One line of a count.

    Attributes:
        date: the day, in the zone of the deadline.
        working: what the calendar says of it, whether or not it is counted.
        count: its number; 0 for the day of the start, None for a day that isn't counted.
        reason: why it counts or doesn't.
        name: the holiday or the operator's reason, where there is one.
    """

    date: date
    working: bool
    count: int | None
    reason: DayReason
    name: str | None = None


class Deadline(Struct, frozen=True):
    """A count from its start to its due date, day by day.

    Attributes:
        calendar: code of the calendar that was asked.
        zone: name of the zone whose days were counted.
        unit: what ``amount`` counts.
        amount: the length of the period.
        started_at: the start, in UTC.
        due_date: the last day, in ``zone``; it may be used up to its 24:00.
        due_at: 00:00 of the day after ``due_date``, in ``zone``: the first instant that is late.
        provisional: whether a day of the count lies in a year whose schedule isn't settled.
            Days and months don't rest on a schedule and are never provisional.
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
    """Count ``working_days`` from ``started_at``; a start on a day off is day 0 all the same."""
    check_amount(working_days)
    zone_name = _zone_name(zone)
    day = _local_date(started_at, zone)
    ask = calendar.day
    status = ask(day)
    provisional = not status.settled
    days = [_first_day(day, status)]
    counted = 0
    while counted < working_days:
        day += _ONE_DAY
        status = ask(day)
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
        end_of(day, zone),
        provisional,
        tuple(days),
    )


def count_calendar_days(
    calendar: WorkingCalendar, started_at: datetime, days: int, zone: ZoneInfo
) -> Deadline:
    """Count ``days`` calendar days; the calendar only tells what kind of day each was."""
    check_amount(days)
    due = _local_date(started_at, zone) + days * _ONE_DAY
    return _until(calendar, started_at, due, zone, unit=Unit.DAYS, amount=days)


def count_months(
    calendar: WorkingCalendar, started_at: datetime, months: int, zone: ZoneInfo
) -> Deadline:
    """Count ``months``: due on the same day of a later month, or on its last day if shorter.

    A last day that is a day off isn't moved: some laws would move it later, and the earlier date
    keeps all of them.
    """
    check_amount(months)
    due = _add_months(_local_date(started_at, zone), months)
    return _until(calendar, started_at, due, zone, unit=Unit.MONTHS, amount=months)


def count(
    calendar: WorkingCalendar, started_at: datetime, unit: Unit, amount: int, zone: ZoneInfo
) -> Deadline:
    """Count ``amount`` of ``unit`` with the rule of that unit."""
    match unit:
        case Unit.WORKING_DAYS:
            return count_working_days(calendar, started_at, amount, zone)
        case Unit.DAYS:
            return count_calendar_days(calendar, started_at, amount, zone)
        case Unit.MONTHS:
            return count_months(calendar, started_at, amount, zone)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return 24:00 of ``day``: 00:00 of the next one, with the offset ``zone`` has then."""
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
    """Return how many working days follow ``today`` up to and including ``due_date``.

    0 on the due date; negative after it, counting the working days since. On days off right after
    the due date it is still 0: lateness is told by ``due_at``, not by this number.
    """
    if today > due_date:
        return -working_days_left(calendar, due_date, today)
    return sum(calendar.day(day).working for day in _days_after(today, due_date))


def _first_day(day: date, status: DayStatus) -> Day:
    # An off day keeps its own reason, which says more than that the clock started on it.
    reason = DayReason.START if status.working else status.reason
    return Day(day, status.working, 0, reason, status.name)


def _until(
    calendar: WorkingCalendar,
    started_at: datetime,
    due: date,
    zone: ZoneInfo,
    *,
    unit: Unit,
    amount: int,
) -> Deadline:
    start = _local_date(started_at, zone)
    days = [_first_day(start, calendar.day(start))]
    for number, day in enumerate(_days_after(start, due), start=1):
        status = calendar.day(day)
        days.append(Day(day, status.working, number, status.reason, status.name))
    return Deadline(
        calendar=calendar.code,
        zone=_zone_name(zone),
        unit=unit,
        amount=amount,
        started_at=started_at.astimezone(UTC),
        due_date=due,
        due_at=end_of(due, zone),
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


def aware(instant: datetime) -> datetime:
    """Return an instant; raises ``ValueError`` for a naive one."""
    if instant.utcoffset() is None:
        raise ValueError("an instant needs a zone or an offset")
    return instant


def _local_date(instant: datetime, zone: ZoneInfo) -> date:
    return aware(instant).astimezone(zone).date()


def _zone_name(zone: ZoneInfo) -> str:
    # Typeshed says str, but a zone read from a file without a key has None, and couldn't be stored.
    name: str | None = zone.key
    if not name:
        raise ValueError("the zone needs a name")
    return name


def check_amount(amount: int) -> int:
    """Return the length of a deadline.

    Raises:
        TypeError: it is no whole number.
        ValueError: it is not 1 to ``MAX_AMOUNT``.
    """
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise TypeError("the length of a deadline is a whole number")
    if not 1 <= amount <= MAX_AMOUNT:
        raise ValueError(f"a deadline is 1 to {MAX_AMOUNT} long")
    return amount
