"""Partly specified points of the calendar, and the days that they cover together."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise, product
from typing import Final

START, END = 0, 1
"""The edges of a point."""
# The units of period_words.yaml.
HOUR, DAY, DAY_OF_MONTH, _WEEKEND, WEEK, MONTH, QUARTER, YEAR = 0, 1, 2, 5, 7, 30, 90, 365
IN_MONTHS: Final = {MONTH: 1, QUARTER: 3, YEAR: 12}
"""The months of a unit."""
HALF_YEAR: Final = 6
"""In months."""
ONE_DAY: Final = timedelta(days=1)
YEAR_DIGITS: Final = 4

Days = tuple[date | None, date | None]
"""First and last day; None where open."""
Slots = Mapping[str, object]
"""What a word adds to a point, by attribute name; empty where it adds nothing."""

_MONTHS_IN_YEAR, _DAYS_IN_MONTH, _DAYS_IN_WEEK = 12, 31, 7
YEARS: Final = range(1900, 2050)
_YEARS_OF_REPUBLIC: Final = range(1980, 2050)
_BEFORE_FIRST: Final = {2: 2000, 3: 1911}
"""What a year counts from, by its number of digits; years of the Republic have three."""
_DIGITS_OF_MONTH: Final = 2
_DIGITS_OF_REPUBLIC: Final = 3
_YEARS_BACK: Final = 8
"""Within this many years every day of the calendar has occurred."""


@dataclass(slots=True)
class Point:
    """A part of the calendar, as far as its words specify it.

    Attributes:
        months: the first month, and how many.
        days: first and last day of the month.
        week: the Monday of its week.
        span: the days, where they are known directly.
        either: two numbers that may both be the month, the likelier day first.
        bare: a number alone, as written; its neighbours determine the unit.
        edge: which end of the rest is meant.
        running: the slot that is open at its end; ``past`` is a weekday before today.
    """

    year: int | None = None
    months: tuple[int, int] | None = None
    days: tuple[int, int] | None = None
    week: date | None = None
    weekday: int | None = None
    span: Days | None = None
    either: tuple[int, int] | None = None
    bare: str | None = None
    edge: int | None = None
    running: str = ""

    @property
    def empty(self) -> bool:
        """Whether nothing but an edge is specified."""
        dated = self.year or self.months or self.days or self.week or self.weekday is not None
        return not (dated or self.span or self.either or self.bare)

    @property
    def exact(self) -> bool:
        """Whether a single day is specified."""
        return bool(self.span or self.either or (self.months and self.days))

    def add(self, slots: Slots) -> bool:
        """Fill slots; return False where there are none, or one is filled already."""
        wider = self.months
        if wider and wider[1] > 1 and slots.get("months", wider) != wider:
            # 下半年七月: the month alone is meant.
            self.months = None
        # A number alone may have a year after it: "Nov 1 - 15, 2025".
        closed = self.span or (self.bare and "year" not in slots)
        if not slots or closed or any(getattr(self, n) not in {None, ""} for n in slots):
            self.months = wider
            return False
        if self.year and "months" in slots:
            # 去年尾十二月: the month is more than the edge.
            self.edge = None
        for name, value in slots.items():
            setattr(self, name, value)
        return True

    def covered(self, latest: date) -> Days | None:
        """Return its days; None where they don't exist.

        Args:
            latest: missing parts are filled so that it begins on this day or earlier.
        """
        told = self.months and self.days
        if self.span or self.week or (self.weekday is not None and not told):
            return self.span or self._in_week(latest)
        back = range(_YEARS_BACK) if self.months or (self.days and not self.year) else ()
        years = [latest.year - one for one in back] if self.year is None else [self.year]
        any_month = [(month, 1) for month in range(_MONTHS_IN_YEAR, 0, -1)]
        months = [self.months] if self.months else any_month if self.days else [(1, 12)]
        finest = "days" if self.days else "months" if self.months else "year"
        for year, (first, count) in product(years, months):
            if not 1 <= first <= _MONTHS_IN_YEAR + 1 - count:
                continue
            length = monthrange(year, first + count - 1)[1]
            start, end = self.days or (1, length)
            if start <= length and (start < end or end <= length):
                begin = date(year, first, start)
                if self.year or begin <= latest:
                    last = date(year, first + count - 1, min(end, length))
                    return begin, last if self.edge is not None or self.running != finest else None
        return None

    def _in_week(self, latest: date) -> Days:
        if self.weekday is not None:
            # Without a week it is the latest such day.
            back = (latest.weekday() - self.weekday) % _DAYS_IN_WEEK
            back = back or _DAYS_IN_WEEK * (self.running == "past")
            day = self.week + timedelta(self.weekday) if self.week else latest - timedelta(back)
            return day, day
        first = self.week or latest
        return first, None if self.running else first + timedelta(days=_DAYS_IN_WEEK - 1)


def year(digits: str) -> Slots:
    """Return a year that is written with two, three (of the Republic) or four digits."""
    told = int(digits) + _BEFORE_FIRST.get(len(digits), 0)
    known = _YEARS_OF_REPUBLIC if len(digits) == _DIGITS_OF_REPUBLIC else YEARS
    if told not in known and len(digits) < YEAR_DIGITS:
        told -= 100
    return {"year": told} if told in known else {}


def months(place: int, length: int, times: int = 1) -> Slots:
    """Return months, quarters or halves of a year by their length and place in it."""
    first, count = (place - 1) * length + 1, length * times
    return {"months": (first, count)} if 1 <= first <= _MONTHS_IN_YEAR + 1 - count else {}


def days(first: int, last: int) -> Slots:
    """Return days of a month."""
    return {"days": (first, last)} if 1 <= first <= last <= _DAYS_IN_MONTH else {}


def dated(parts: Sequence[str], *, day_first: bool) -> Slots:
    """Return a date of two or three numbers: years have three or four digits, or come last."""
    first, second, *others = (int(one) for one in parts)
    told: list[Slots]
    if len(parts[0]) > _DIGITS_OF_MONTH or first > _DAYS_IN_MONTH:
        told = [year(parts[0]), months(second, 1), *(days(one, one) for one in others)]
    elif len(parts[1]) == YEAR_DIGITS:
        told = [months(first, 1), {"year": second}]
    else:
        either = (first, second) if day_first or others else (second, first)
        told = [{"either": either}, *(year(one) for one in parts[2:])]
    return {name: value for one in told for name, value in one.items()} if all(told) else {}


def ago(unit: int, back: int, today: date) -> Slots:
    """Return the calendar unit that lies ``back`` units before today's."""
    monday = today - timedelta(days=today.weekday(), weeks=back)
    if unit == DAY:
        day = today - timedelta(days=back)
        return {"year": day.year, "months": (day.month, 1), "days": (day.day, day.day)}
    if unit == YEAR:
        return {"year": today.year - back, "running": "" if back else "year"}
    if unit in IN_MONTHS:
        count = IN_MONTHS[unit]
        running = today.replace(month=(today.month - 1) // count * count + 1, day=1)
        first = days_before(running, back * count, 0)
        told = {"year": first.year, "months": (first.month, count)}
        return {**told, "running": "" if back else "months"}
    if unit == _WEEKEND:
        return {"span": (monday + timedelta(days=5), monday + timedelta(days=6))}
    return {"week": monday, "running": "" if back else "week"} if unit == WEEK else {}


WORDS: Final[Mapping[str, Callable[[int, date], Slots]]] = {
    "year": lambda value, _: {"year": value},
    "half of year": lambda value, _: months(value, HALF_YEAR),
    "quarter of year": lambda value, _: months(value, IN_MONTHS[QUARTER]),
    "month": lambda value, _: months(value, 1),
    "third of month": lambda value, _: {"days": ((1, 10), (11, 20), (21, 31))[value - 1]},
    "weekday": lambda value, _: {"weekday": value},
    "holiday": lambda value, _: {"months": (value // 100, 1), **days(value % 100, value % 100)},
    "days ago": lambda value, today: ago(DAY, value, today),
    "weeks ago": lambda value, today: ago(WEEK, value, today),
    "months ago": lambda value, today: ago(MONTH, value, today),
    "years ago": lambda value, today: ago(YEAR, value, today),
    "earlier years": lambda _, today: {"span": (None, date(today.year - 1, 12, 31))},
    "origin": lambda _, __: {"span": (None, None)},
    "edge": lambda value, _: {"edge": value},
}
"""What a word of each kind adds to a point, from its value and today."""


def days_before(day: date, months: int, days: int) -> date:
    """Return the day that is some months, then days, before another."""
    year, month = divmod(day.year * _MONTHS_IN_YEAR + day.month - 1 - months, _MONTHS_IN_YEAR)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last)) - timedelta(days=days)


def cover(points: Sequence[Point], today: date, *, ranged: bool) -> Days | None:
    """Return the days that points cover, as a range or side by side without a gap.

    None where they leave a gap, or are no points of the calendar.
    """
    unlikely = None
    for swapped in (False, True) if any(one.either for one in points) else (False,):
        read = [_ordered(one, swapped=swapped) for one in points]
        if any(one.either for one in read) or not _complete(read, ranged=ranged):
            continue
        found = _together(read, today, ranged=ranged)
        if found is not None and (found[0] is None or found[0] <= today):
            return found
        unlikely = unlikely or found
    return unlikely


def _ordered(point: Point, *, swapped: bool) -> Point:
    if point.either is None:
        return replace(point)
    day, month = point.either[::-1] if swapped else point.either
    told = months(month, 1) and days(day, day)
    return replace(point, either=None, months=(month, 1), days=(day, day)) if told else point


def _complete(points: list[Point], *, ranged: bool) -> bool:
    """Fill missing parts of points from their neighbours; return whether all are known then."""
    known = [one for one in points if not one.bare]
    for place, point in enumerate(points):
        if bare := point.bare:
            near = ([one for one in points[place:] if not one.bare] or known[-1:] or [Point()])[0]
            # Alone it is a year of two digits.
            named = months(int(bare), near.months[1]) if near.months else year(bare)
            point.bare = None
            if not point.add(days(int(bare), int(bare)) if near.days else named):
                return False
    for before, point in pairwise(points):
        _inherit(point, before, ranged=ranged)
    for behind, point in pairwise(points[::-1]):
        _inherit(point, behind, ranged=False)
    return True


def _inherit(point: Point, other: Point, *, ranged: bool) -> None:
    if point.weekday is not None:
        point.week = point.week or other.week
    if point.days:
        point.months = point.months or other.months
    if point.months and not point.year and other.year:
        turned = ranged and other.months is not None and point.months < other.months
        point.year = other.year + turned


def _together(points: Sequence[Point], today: date, *, ranged: bool) -> Days | None:
    last = points[-1].covered(today)
    latest = (last and last[0]) or today
    told = [one.covered(latest if ranged else today) for one in points[:-1]] + [last]
    known = [one for one in told if one]
    if len(known) < len(points):
        return None
    if not ranged:
        known.sort(key=lambda one: one[0] or date.min)
    start, end = known[0]
    for first, until in known[1:]:
        if not ranged and end and first and first > end + ONE_DAY:
            return None
        end = until if ranged else until and end and max(end, until)
    return None if start and end and start > end else (start, end)
