"""A clock's count as calendar weeks: each day with its role, to explain the due date."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum

from msgspec import Struct

from privacydesk.domain.deadlines import Day, DayReason
from privacydesk.services.inbox import Count


class Look(StrEnum):
    """The role of a day in a count."""

    START = "start"
    COUNTED = "counted"
    OFF = "off"
    MAKEUP = "makeup"
    """A weekend day that the schedule makes a working day."""
    LATE = "late"
    """After the last day, while there is no answer yet."""


class Cell(Struct, frozen=True):
    """One day of a strip.

    Attributes:
        number: of the count; None for a day that isn't counted.
        past: whether it is today or earlier.
    """

    date: date
    look: Look
    number: int | None
    past: bool
    today: bool
    due: bool


class Strip(Struct, frozen=True):
    """A count, drawn.

    Attributes:
        cells: from the start to the last day, or to today if that is later.
        more: days after those shown, if the answer is late by more than a few.
    """

    cells: tuple[Cell, ...]
    more: int = 0

    @property
    def week(self) -> tuple[date, ...]:
        """A Monday to a Sunday, for the column headings."""
        monday = date.fromisocalendar(2026, 1, 1)
        return tuple(monday + timedelta(days=place) for place in range(7))


_LATE_SHOWN = 5
_MAKEUP = frozenset({DayReason.MAKEUP, DayReason.OVERRIDE_WORKING})


def strip_of(count: Count, today: date) -> Strip:
    """Return a count as it is drawn on a day."""
    cells = [_cell(day, count, today) for day in count.days]
    late = list(_late(count, today))
    return Strip((*cells, *late[:_LATE_SHOWN]), max(0, len(late) - _LATE_SHOWN))


def _cell(day: Day, count: Count, today: date) -> Cell:
    return Cell(
        date=day.date,
        look=_look(day),
        number=day.count,
        past=day.date <= today,
        today=day.date == today,
        due=day.date == count.due,
    )


def _look(day: Day) -> Look:
    if day.count == 0:
        return Look.START
    if day.count is None:
        return Look.OFF
    return Look.MAKEUP if day.reason in _MAKEUP else Look.COUNTED


def _late(count: Count, today: date) -> Iterator[Cell]:
    if count.due is None or count.gauge != "overdue":
        return
    day = count.due + timedelta(days=1)
    while day <= today:
        yield Cell(day, Look.LATE, None, past=True, today=day == today, due=False)
        day += timedelta(days=1)
