"""Reading a point of the calendar: what each of its words adds to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from privacydesk.nlu.extractors.period_points import (
    REPUBLIC,
    START,
    Point,
    days_before,
    year_of,
)
from privacydesk.nlu.extractors.period_tokens import Cursor, Token

# The units of period_words.yaml.
HOUR, DAY, DAY_OF_MONTH, WEEK, FORTNIGHT, MONTH, QUARTER, YEAR = 0, 1, 2, 7, 14, 30, 90, 365
_WEEKEND: Final = 5
IN_MONTHS: Final = {MONTH: 1, QUARTER: 3, YEAR: 12}
"""The months of a unit."""
COUNTS: Final = frozenset({"number", "count", "half"})
"""Words that a length begins with."""

_HALF_YEAR: Final = 6
_MONTHS_IN_YEAR: Final = 12
_DAYS_IN_MONTH: Final = 31
_THIRDS_OF_MONTH: Final = ((1, 10), (11, 20), (21, 31))
_TWO_DIGITS, _THREE_DIGITS, _YEAR_DIGITS = 2, 3, 4
_ONE_DAY: Final = timedelta(days=1)
_BETWEEN: Final = frozenset({"to", "dash", "and"})
_COUNTED: Final = frozenset({"unit", "month", "weekday", "number", "count", "half"})
_BEFORE_UNIT: Final = frozenset({"measure", "filler", "number", "count"})


class PointReader(Cursor):
    """Reads points of the calendar.

    Attributes:
        ranging: whether the next point ends a range.
    """

    def __init__(self, tokens: Sequence[Token], today: date, *, day_first: bool) -> None:
        super().__init__(tokens)
        self.ranging = False
        self._today = today
        self._day_first = day_first

    def point(self) -> Point | None:
        """Return the point that begins here and pass over its words; None where none does."""
        point, begun, end = Point(), self.at, self.at
        while True:
            if self.peek().kind == "filler" or self._is_within_date(point):
                self.at += 1
                continue
            part = _PARTS.get(self.peek().kind)
            if part is None or not part(self, point, self.peek()):
                break
            end = self.at
        self.at = end
        return None if point.empty or end == begun else point

    def is_before_last(self) -> bool:
        """Whether a unit is followed by "before last"."""
        before, last, behind = (self.peek(ahead) for ahead in (1, 2, 3))
        is_last = last.kind == "unit ago" and last.value == 1
        return before.kind == "before" and is_last and behind.kind not in _COUNTED

    def _is_within_date(self, point: Point) -> bool:
        """Whether a comma stands between a month, or a day, and its year."""
        told = (point.months or point.bare) and point.year is None
        is_comma = self.peek().kind in {"comma", "and"}
        return bool(told) and is_comma and self.peek(1).digits == _YEAR_DIGITS

    def _number(self, point: Point, token: Token) -> bool:
        behind = self.peek(1)
        if behind.kind == "unit":
            # 去年一年 is no more than 去年.
            whole = token.value == 1 and not point.empty
            return self.passed(2, _add_numbered(point, token, behind) or whole)
        if behind.kind == "day of month":
            return self.passed(2, _add_day(point, token.value))
        if behind.kind == "measure":
            return False
        if token.digits == _YEAR_DIGITS or behind.kind in {"quarter of year", "half of year"}:
            return self.passed(1, _add_year(point, token))
        return self._day_or_bare(point, token)

    def _ordinal(self, point: Point, token: Token) -> bool:
        behind = self.peek(1)
        if token.value == 1 and behind.kind in {"number", "count"}:
            return self._first_months(point)
        if behind.kind == "half":
            return self.passed(2, _add_months(point, token.value, _HALF_YEAR))
        if behind.kind == "unit":
            is_quarter = behind.value == QUARTER
            return self.passed(2, is_quarter and _add_months(point, token.value, 3))
        return self._day_or_bare(point, token)

    def _ordinal_sign(self, point: Point, _: Token) -> bool:
        number, unit = self.peek(1), self.peek(2)
        if unit.kind == "unit" and unit.value == QUARTER:
            return self.passed(3, _add_months(point, number.value, 3))
        if number.kind != "number" or not point.empty:
            return False
        point.bare = str(number.value)
        return self.passed(2, told=True)

    def _day_or_bare(self, point: Point, token: Token) -> bool:
        single = point.months is not None and point.months[1] == 1
        # In "last month 2 more" it is no day.
        named = self.before().kind == "month" or not self.before().latin
        if self._month_follows() or (single and (named or token.kind == "ordinal")):
            return self.passed(1, _add_day(point, token.value))
        # 2025年3-5月: a number whose unit comes later may stand behind a year.
        joined = self.peek(1).kind in _BETWEEN and point.months is None and point.days is None
        if not point.empty and not (joined and point.year is not None):
            return False
        if token.kind == "ordinal" and token.digits:
            return self.passed(1, _add_day(point, token.value))
        point.bare = f"{token.value:0{token.digits}d}"
        return self.passed(1, told=True)

    def _month_follows(self) -> bool:
        ahead = self.past_fillers(1)
        token, behind = self.peek(ahead), self.peek(ahead + 1)
        is_ago = token.kind == "unit ago" and behind.kind == "unit" and behind.value == MONTH
        return token.kind == "month" or is_ago

    def _first_months(self, point: Point) -> bool:
        """今年头三个月, "the first three months of 2025"."""
        count, behind = self.peek(1), self.peek(2)
        unit = self.peek(3) if behind.kind == "measure" else behind
        if count.kind not in {"number", "count"} or unit.kind != "unit":
            return False
        words = 3 + (unit is not behind)
        if unit.value in IN_MONTHS:
            return self.passed(words, _add_months(point, 1, IN_MONTHS[unit.value], count.value))
        days = count.value * unit.value
        return self.passed(words, 0 < days <= _DAYS_IN_MONTH and point.fill(days=(1, days)))

    def _ago(self, point: Point, _: Token) -> bool:
        return self._first_months(point) if point.year or point.months else False

    def _edge(self, point: Point, token: Token) -> bool:
        if token.value == START and self._ago(point, token):
            return True
        if point.edge is not None:
            return False
        point.edge, point.leading_edge = token.value, point.empty
        return self.passed(1, told=True)

    def _republic(self, point: Point, _: Token) -> bool:
        number, unit = self.peek(1), self.peek(2)
        told = number.kind == "number" and point.fill(year=REPUBLIC + number.value)
        return self.passed(2 + (unit.value == YEAR), told)

    def _unit_ago(self, point: Point, token: Token) -> bool:
        ahead = 1
        while self.peek(ahead).kind in _BEFORE_UNIT:
            ahead += 1
        unit, back = self.peek(ahead), token.value
        if unit.kind == "unit":
            # "Last week Monday" is of the calendar's week.
            counted = unit.latin and self.peek(ahead + 1).kind != "weekday"
            return self.passed(ahead + 1, self._add_ago(point, unit.value, back, counted=counted))
        if unit.kind == "month":
            return self.passed(ahead + 1, self._add_month_ago(point, unit.value, back))
        if unit.kind == "weekday":
            is_last = token.latin and back == 1
            return self.passed(
                ahead + 1, self._add_weekday_ago(point, unit.value, back, is_last=is_last)
            )
        # "The 17th of March last".
        return self.passed(1, token.latin and point.exact)

    def _add_ago(self, point: Point, unit: int, back: int, *, counted: bool = False) -> bool:
        """Add the unit that was so many ago.

        Args:
            point: what is told already.
            unit: its value.
            back: how many ago.
            counted: whether last week is the seven days up to now.
        """
        today = self._today
        monday = today - timedelta(days=today.weekday(), weeks=back)
        if unit == YEAR:
            return point.fill(year=today.year - back, running="" if back else "year")
        if unit in {MONTH, QUARTER}:
            count = IN_MONTHS[unit]
            running = (today.month - 1) // count * count + 1
            first = days_before(date(today.year, running, 1), back * count, 0)
            months = (first.month, count)
            return point.fill(year=first.year, months=months, running="" if back else "months")
        if unit in {WEEK, FORTNIGHT} and counted and back == 1 and point.empty:
            return point.fill(span=(today - timedelta(days=unit), None))
        if unit == _WEEKEND:
            return point.fill(span=(monday + timedelta(days=5), monday + timedelta(days=6)))
        return unit == WEEK and point.fill(week=monday, running="" if back else "week")

    def _add_month_ago(self, point: Point, month: int, back: int) -> bool:
        today = self._today
        if back == 0:
            return point.fill(months=(month, 1), running="months" if month == today.month else "")
        return point.fill(year=today.year - (month >= today.month), months=(month, 1))

    def _add_weekday_ago(self, point: Point, weekday: int, back: int, *, is_last: bool) -> bool:
        """Add a weekday: the last before today, or that of a week of the calendar."""
        if is_last:
            return point.fill(span=Point(weekday=weekday).covered(self._today - _ONE_DAY))
        monday = self._today - timedelta(days=self._today.weekday(), weeks=back)
        return point.fill(week=monday, weekday=weekday)

    def _unit(self, point: Point, token: Token) -> bool:
        behind = self.peek(1)
        if behind.kind == "behind unit":
            return self.passed(2, self._add_ago(point, token.value, behind.value, counted=True))
        if self.is_before_last():
            return self.passed(3, self._add_ago(point, token.value, 2))
        is_edge = behind.kind == "edge" and not token.latin and token.value in IN_MONTHS
        if point.empty and (point.leading_edge or is_edge):
            return self.passed(1, self._add_ago(point, token.value, 0))
        if is_edge:
            return self.passed(1, told=True)
        if not token.latin:
            # 十月那个月
            again = token.value in {YEAR, MONTH, WEEK} and self.before().kind == "filler"
            return self.passed(1, again and not point.empty)
        # "Tax year 2025", "november month".
        named = behind.kind in {"number", "year", "month"} or self._month_follows()
        return self.passed(1, named or not point.empty)

    def _years_ago(self, point: Point, token: Token) -> bool:
        return self.passed(1, self._add_ago(point, YEAR, token.value))

    def _days_ago(self, point: Point, token: Token) -> bool:
        day = self._today - timedelta(days=token.value)
        told = point.fill(year=day.year, months=(day.month, 1), days=(day.day, day.day))
        return self.passed(1, told)

    def _year(self, point: Point, token: Token) -> bool:
        return self.passed(1, point.fill(year=token.value))

    def _month(self, point: Point, token: Token) -> bool:
        return self.passed(1, _add_months(point, token.value, 1))

    def _weekday(self, point: Point, token: Token) -> bool:
        return self.passed(1, point.fill(weekday=token.value))

    def _half_of_year(self, point: Point, token: Token) -> bool:
        return self.passed(1, _add_months(point, token.value, _HALF_YEAR))

    def _quarter_of_year(self, point: Point, token: Token) -> bool:
        return self.passed(1, _add_months(point, token.value, 3))

    def _third_of_month(self, point: Point, token: Token) -> bool:
        return self.passed(1, point.fill(days=_THIRDS_OF_MONTH[token.value - 1]))

    def _earlier_years(self, point: Point, _: Token) -> bool:
        return self.passed(1, point.fill(span=(None, date(self._today.year, 1, 1) - _ONE_DAY)))

    def _now(self, point: Point, _: Token) -> bool:
        return self.passed(1, self.ranging and point.fill(span=(self._today, None)))

    def _origin(self, point: Point, _: Token) -> bool:
        # 2020年7月15日注册之日: the day is told besides.
        return self.passed(1, point.exact or point.fill(span=(None, None)))

    def _date(self, point: Point, token: Token) -> bool:
        behind = self.peek(1)
        if behind.kind == "measure":
            return False
        is_unit = behind.kind == "unit" and behind.value == DAY_OF_MONTH
        marked = is_unit or behind.kind == "day of month"
        return self.passed(1 + marked, _add_date(point, token.parts, day_first=self._day_first))


_PARTS: Final[Mapping[str, Callable[[PointReader, Point, Token], bool]]] = {
    kind: getattr(PointReader, f"_{kind.replace(' ', '_')}")
    for kind in (
        "ago",
        "date",
        "days ago",
        "earlier years",
        "edge",
        "half of year",
        "month",
        "now",
        "number",
        "ordinal",
        "ordinal sign",
        "origin",
        "quarter of year",
        "republic",
        "third of month",
        "unit",
        "unit ago",
        "weekday",
        "year",
        "years ago",
    )
}
POINTS: Final = frozenset({*_PARTS, "count", "half"} - {"ago"})
"""Kinds of the tokens that a point may begin with."""


def _add_day(point: Point, day: int) -> bool:
    return 1 <= day <= _DAYS_IN_MONTH and point.fill(days=(day, day))


def _add_months(point: Point, place: int, length: int, times: int = 1) -> bool:
    """Add months, quarters or halves of a year, told by their length and place in it."""
    first, count = (place - 1) * length + 1, length * times
    if point.months is not None and point.months[1] > count:
        # 下半年七月: the month alone is meant.
        point.months = None
    within = first >= 1 and first + count - 1 <= _MONTHS_IN_YEAR
    return within and point.fill(months=(first, count))


def _add_numbered(point: Point, number: Token, unit: Token) -> bool:
    if unit.latin:
        return False
    if unit.value == YEAR:
        return _add_year(point, number)
    if unit.value in {MONTH, QUARTER}:
        digits = str(number.value)
        # 七八月 are two months.
        listed = not number.latin and number.digits > 1 and digits in "123456789"
        place, times = (int(digits[0]), number.digits) if listed else (number.value, 1)
        return _add_months(point, place, IN_MONTHS[unit.value], times)
    return unit.value == DAY_OF_MONTH and _add_day(point, number.value)


def _add_year(point: Point, number: Token) -> bool:
    # 一百一十三年 can only be one of the Republic.
    year = year_of(f"{number.value:0{number.digits or _THREE_DIGITS}d}")
    return year is not None and point.fill(year=year)


def _add_date(point: Point, parts: Sequence[str], *, day_first: bool) -> bool:
    """Add a date of two or three numbers: years have three or four digits, or come last."""
    first, second, *others = (int(one) for one in parts)
    if len(parts) == _TWO_DIGITS and len(parts[1]) == _YEAR_DIGITS:
        return point.fill(year=second) and _add_months(point, first, 1)
    if len(parts[0]) > _TWO_DIGITS:
        year = year_of(parts[0])
        told = year is not None and point.fill(year=year) and _add_months(point, second, 1)
        return told and (not others or _add_day(point, others[0]))
    if others:
        year = year_of(parts[2])
        if year is None or not point.fill(year=year):
            return False
    point.day_first = day_first or bool(others)
    return point.fill(either=(first, second))
