"""Points of the calendar as far as words tell them, and the days that they cover together."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

START, END = 0, 1
"""The edges of a point."""

Days = tuple[date | None, date | None]
"""First and last day; None where open."""

_MONTHS_IN_YEAR: Final = 12
_DAYS_IN_MONTH: Final = 31
_DAYS_IN_WEEK: Final = 7
_ONE_DAY: Final = timedelta(days=1)
_YEARS: Final = range(1980, 2050)
REPUBLIC: Final = 1911
"""Year 1 of the Republic's count is 1912."""
_REPUBLIC_YEARS: Final = range(90, 140)
_OF_LAST_CENTURY: Final = 50
_TWO_DIGITS, _THREE_DIGITS = 2, 3
_YEARS_BACK: Final = 8
"""In so many years every day of the calendar has occurred."""


@dataclass(slots=True)
class Point:
    """A stretch of the calendar as far as its words tell it.

    Attributes:
        year: the year.
        months: the first month, and how many.
        days: first and last day of the month.
        week: the Monday of its week.
        weekday: 0 is Monday.
        span: the days, where these are known at once.
        bare: a number alone, whose unit its neighbours tell, as it was written.
        either: two numbers that may both be the month.
        day_first: whether the first of them is likelier to be the day.
        edge: which end of the rest is meant.
        leading_edge: whether the edge was told before the rest.
        running: the slot that is the present year, month or week; empty without.
    """

    year: int | None = None
    months: tuple[int, int] | None = None
    days: tuple[int, int] | None = None
    week: date | None = None
    weekday: int | None = None
    span: Days | None = None
    bare: str = ""
    either: tuple[int, int] | None = None
    day_first: bool = False
    edge: int | None = None
    leading_edge: bool = False
    running: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing was told but an edge."""
        told = (self.year, self.months, self.days, self.week, self.weekday, self.span, self.either)
        return not self.bare and all(one is None for one in told)

    @property
    def exact(self) -> bool:
        """Whether it is one day of a month that is told."""
        return self.months is not None and self.days is not None

    @property
    def incomplete(self) -> bool:
        """Whether it is a number alone, or a day without its month."""
        return bool(self.bare) or (self.days is not None and self.months is None)

    def fill(self, *, running: str = "", **slots: object) -> bool:
        """Fill slots; return False where one of them is filled already."""
        # A number alone may have a year behind it: "Nov 1 - 15, 2025".
        closed = self.span is not None or (self.bare and "year" not in slots)
        if closed or any(getattr(self, name) is not None for name in slots):
            return False
        for name, value in slots.items():
            setattr(self, name, value)
        self.running = running or self.running
        if not self.leading_edge:
            self.edge = None
        return True

    def covered(self, latest: date) -> Days | None:
        """Return its days, None where there are none such.

        Args:
            latest: what is left out is filled so that it begins on this day or earlier.
        """
        if self.span is not None:
            return self.span
        if self.week is not None or self.weekday is not None:
            return self._in_week(latest)
        finest = "days" if self.days else "months" if self.months else "year"
        for year, months in self._candidates(latest):
            days = self._in_year(year, months)
            if days is not None and (self.year is not None or days[0] <= latest):
                return days[0], days[1] if self.edge is not None or self.running != finest else None
        return None

    def _in_week(self, latest: date) -> Days:
        if self.weekday is None:
            first = self.week or latest
            last = first + timedelta(days=_DAYS_IN_WEEK - 1)
            return first, None if self.running == "week" else last
        if self.week is not None:
            day = self.week + timedelta(days=self.weekday)
        else:
            day = latest - timedelta(days=(latest.weekday() - self.weekday) % _DAYS_IN_WEEK)
        return day, day

    def _candidates(self, latest: date) -> Iterator[tuple[int, tuple[int, int]]]:
        if self.year is not None:
            if self.months is not None or self.days is None:
                yield self.year, self.months or (1, _MONTHS_IN_YEAR)
        elif self.months is not None:
            yield from ((latest.year - back, self.months) for back in range(_YEARS_BACK))
        elif self.days is not None:
            for back in range(_MONTHS_IN_YEAR):
                day = days_before(latest.replace(day=1), back, 0)
                yield day.year, (day.month, 1)

    def _in_year(self, year: int, months: tuple[int, int]) -> tuple[date, date] | None:
        first, count = months
        last = first + count - 1
        try:
            length = monthrange(year, last)[1]
            if self.days is None:
                return date(year, first, 1), date(year, last, length)
            end = min(self.days[1], length) if self.days[0] < self.days[1] else self.days[1]
            return date(year, first, self.days[0]), date(year, last, end)
        except ValueError:
            return None


class Cover(NamedTuple):
    """What one or several points cover together.

    Attributes:
        start: its first day; None where open.
        end: its last day; None where open.
        first_edge: that of the first point.
        last_edge: that of the last point.
        ranged: whether it was told from one point to another.
        exact: whether each point is one day.
    """

    start: date | None
    end: date | None
    first_edge: int | None
    last_edge: int | None
    ranged: bool
    exact: bool


def days_before(day: date, months: int, days: int) -> date:
    """Return the day that is so many months, then days, before another."""
    total = day.year * _MONTHS_IN_YEAR + day.month - 1 - months
    year, month = divmod(total, _MONTHS_IN_YEAR)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) - timedelta(days=days)


def cover(points: Sequence[Point], today: date, *, ranged: bool) -> Cover | None:
    """Return what points cover, from the first to the last or side by side without a gap.

    None where they leave one, or are no points of the calendar.
    """
    unlikely = None
    for day_first in _orders(points):
        read = [_ordered(one, day_first=day_first) for one in points]
        if any(one.either for one in read) or not _complete(read, ranged=ranged):
            continue
        days = _from_first_to_last(read, today) if ranged else _side_by_side(read, today)
        if days is None:
            continue
        exact = all(one.span or one.exact for one in read)
        found = Cover(*days, points[0].edge, points[-1].edge, ranged, exact)
        if days[0] is None or days[0] <= today:
            return found
        unlikely = unlikely or found
    return unlikely


def _orders(points: Sequence[Point]) -> tuple[bool, ...]:
    """Return whether days come before months, the likelier first."""
    doubtful = [one for one in points if one.either]
    if not doubtful:
        return (True,)
    day_first = any(one.day_first for one in doubtful)
    return day_first, not day_first


def _ordered(point: Point, *, day_first: bool) -> Point:
    if point.either is None:
        return replace(point)
    day, month = point.either if day_first else point.either[::-1]
    if not (1 <= month <= _MONTHS_IN_YEAR and 1 <= day <= _DAYS_IN_MONTH):
        return replace(point)
    return replace(point, either=None, months=(month, 1), days=(day, day))


def _complete(points: list[Point], *, ranged: bool) -> bool:
    """Fill what points leave out from their neighbours; return whether all are known then."""
    known = [one for one in points if not one.bare]
    for place, point in enumerate(points):
        if point.bare:
            near = [one for one in points[place:] if not one.bare] or known[-1:]
            if not _name(point, near[0] if near else None):
                return False
    for before, point in pairwise(points):
        _inherit(point, before, ranged=ranged)
    for behind, point in pairwise(points[::-1]):
        _inherit(point, behind, ranged=False)
    return True


def _name(point: Point, near: Point | None) -> bool:
    """Take a bare number for what its neighbour is; alone it is a year of two digits."""
    value = int(point.bare)
    if near is not None and near.days is not None:
        point.days = (value, value)
    elif near is not None and near.months is not None:
        count = near.months[1]
        point.months = ((value - 1) * count + 1, count)
        return 1 <= value <= _MONTHS_IN_YEAR // count
    else:
        point.year = year_of(point.bare)
        return point.year is not None
    return True


def year_of(digits: str) -> int | None:
    """Return the year that is written with two, three (the Republic's) or four digits."""
    value = int(digits)
    if len(digits) == _TWO_DIGITS:
        century = 1900 if value >= _OF_LAST_CENTURY else 2000
        return century + value if century + value in _YEARS else None
    if len(digits) == _THREE_DIGITS:
        return value + REPUBLIC if value in _REPUBLIC_YEARS else None
    return value if value in _YEARS else None


def _inherit(point: Point, other: Point, *, ranged: bool) -> None:
    if point.week is None and point.weekday is not None:
        point.week = other.week
    if point.months is None and point.days is not None:
        point.months = other.months
    if point.year is None and point.months is not None and other.year is not None:
        turned = ranged and other.months is not None and point.months < other.months
        point.year = other.year + turned


def _from_first_to_last(points: Sequence[Point], today: date) -> Days | None:
    end = points[-1].covered(today)
    start = None if end is None else points[0].covered(end[0] or today)
    if end is None or start is None:
        return None
    if start[0] is not None and end[1] is not None and start[0] > end[1]:
        return None
    return start[0], end[1]


def _side_by_side(points: Sequence[Point], today: date) -> Days | None:
    told = [days for one in points if (days := one.covered(today)) is not None]
    if len(told) < len(points):
        return None
    told.sort(key=lambda days: days[0] or date.min)
    start, end = told[0]
    for first, last in told[1:]:
        if end is not None and first is not None and first > end + _ONE_DAY:
            return None
        end = None if end is None or last is None else max(end, last)
    return start, end
