"""Periods as people write them: "since March", 去年3月到6月, "older than two years".

Words are data (``period_words.yaml``); here is their grammar. A period is a *length* counted back
from today ("the last three months", 半年前), or one or several *points* of the calendar, each as
far as specified ("3", "3 October", 去年): missing parts are taken from its neighbours. Either may
be *bounded* by a direction ("before", 以后). Ambiguities are resolved as follows:

- A day, month or weekday without its year, month or week is the latest that has begun.
- The current year, month or week (今年, "this month") is open at its end.
- "before 2023", 2023年以前 exclude the year, "until 2023", 2023年及以前 include it. "since 2023",
  2023年以后, 2023年起 include it; "after 2023", 2023年后 begin on the day after it.
- 三年前 is older than three years, as 三年以前 is; 三天前 and "three days ago" are that one day.
- 22年, 10年 are years where the number has two digits and no word makes it a length.
- "Older", 之前 and "newer", said alone, are relative to another period of the message.
- Of two numbers that may both be the month, the first is the day where a year follows or the words
  are English (3/5/2024 and "since 3/5" are in May, as everywhere but in the United States), else
  the month (3/5 is in March, as in Chinese). An unambiguous date next to it decides for both, and
  an order that gives a day in the future yields to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple

from msgspec import Struct

from privacydesk.nlu.extractors import period_points as calendar
from privacydesk.nlu.extractors.period_points import Point, Slots
from privacydesk.nlu.extractors.period_tokens import RELATIVE, Token, tokens_of, words_of
from privacydesk.nlu.normaliser import fold
from privacydesk.nlu.pairs import Place


class Period(Struct, frozen=True):
    """First and last day, inclusive; None where open."""

    since: date | None
    until: date | None


_WEEKS: Final = frozenset({calendar.WEEK, 2 * calendar.WEEK})
_DAYS_IN_HALF_MONTH: Final = 15
_FAR_OFF: Final = date(9000, 1, 1)
"""A day so far off that nothing relative to it can be a plausible day."""
_HALF_HOURS_IN_DAY: Final = 48
_MOST_HALF_DAYS: Final = 2 * 365 * 100
_FEW_DAYS: Final = 10
"""Up to this many days ago (三天前) a single day is meant, not all that is older."""
_COUNTS: Final = frozenset({"number", "count", "half"})
_POINTS: Final = _COUNTS.union(calendar.WORDS, {"ordinal", "date", "unit", "unit ago", "now"})
_DIRECTIONS: Final = frozenset({"before", "until", "since", "after", "within", "ago"})
_LINKS: Final = frozenset({"to", "and", "filler", "from", "including", "since", "on"})
_BEGINNINGS: Final = _POINTS.union(_DIRECTIONS, {"from", "between", "recent", "to"}) - {"ago"}
_NAMES: Final = frozenset(calendar.WORDS) | {"occasion"}
_NAMELESS: Final = frozenset({"number", "ordinal", "date", "filler", "unknown"})
"""Kinds that do not show the language."""
_NOTHING: Final = Token("")


def resolve(words: str, today: date) -> Period | None:
    """Return the days that the words of a period mean; None where they have no closed form."""
    tokens = tokens_of(words)
    told = [one for one in tokens if one.kind not in {"unknown", "occasion"}]
    parser = _Parser(told, today)
    period = parser.period()
    # An occasion next to the days changes nothing: "Labor Day, September 7", 3月入职到6月.
    occasion = any(one.kind == "occasion" for one in tokens)
    whole = parser.exact or (parser.ranged and not occasion)
    return period if whole or len(told) == len(tokens) else None


def names(text: str) -> tuple[Place, ...]:
    """Return the places of words in a message that name a time by themselves: 去年, 国庆, "may"."""
    return tuple(
        (start, end) for (start, end), kind in words_of(text) if kind in _NAMES and end - start > 1
    )


def beginnings(text: str) -> tuple[int, ...]:
    """Return where the periods in a message begin that begin with a word of the calendar: 去年."""
    found, last = [], -1
    for (start, end), kind in words_of(text):
        if kind in calendar.WORDS and start != last and end - start > 1:
            found.append(start)
        last = end
    return tuple(found)


def resolve_beside(words: str, other: Period) -> Period | None:
    """Return the days before or after another period, where words say no more: 之前, "older".

    None where they say anything else, or where the period is open at that end.
    """
    # Further words say more: "older than that phone".
    told = [one for one in tokens_of(words) if one.kind not in {"filler", "from"}]
    said = fold(words)
    sides = {side for word, side in RELATIVE.items() if word in said} if len(told) == 1 else set()
    if sides == {"before"} and other.since is not None:
        return Period(None, other.since - calendar.ONE_DAY)
    if sides == {"after"} and other.until is not None:
        return Period(other.until + calendar.ONE_DAY, None)
    return None


def within(words: str, own: Period, other: Period) -> Period:
    """Return the days of a period beside another one, in which they may lie.

    Of May, "except the 20th" means the 20th of May; its words alone mean the latest one.
    """
    if other.until is None or _lies_in(own, other):
        return own
    there = resolve(words, other.until)
    return there if there is not None and _lies_in(there, other) else own


def _lies_in(own: Period, other: Period) -> bool:
    ends = (own.since, own.until, other.since, other.until)
    if None in ends:
        return False
    first, last, since, until = (day for day in ends if day is not None)
    return since <= first and last <= until


def dates(text: str) -> tuple[date, ...]:
    """Return the days that a text gives with their years."""
    told = [_NOTHING if one.is_loose else one for one in tokens_of(text)]
    return tuple(_Parser(told, _FAR_OFF).dates())


class _Length(NamedTuple):
    """A length, whether its words may also name a point (3月, 22年), and whether it is short."""

    months: int
    days: int
    named: bool
    few: bool


class _Parser:
    """Parses the tokens of a period.

    Attributes:
        exact: whether each point that was read is one day.
        ranged: whether the points are the ends of a range.
    """

    def __init__(self, tokens: Sequence[Token], today: date) -> None:
        self._at = 0
        self.exact = self.ranged = False
        self._tokens, self._today = tokens, today
        # The words around lengths and points, by their function.
        self._said: dict[str, Token] = {}
        self._length = ""
        # English has the day first, except in the United States.
        words = [one.latin for one in tokens if one.kind not in _NAMELESS]
        self._day_first = bool(words) and all(words)

    def _peek(self, ahead: int = 0) -> Token:
        """Return a token relative to the next; beyond the ends, one without a kind."""
        place = self._at + ahead
        return self._tokens[place] if 0 <= place < len(self._tokens) else _NOTHING

    def _past_fillers(self, ahead: int = 0) -> int:
        """Return how far ahead the next token is that is not a filler."""
        while self._peek(ahead).kind == "filler":
            ahead += 1
        return ahead

    def _skip(self, *kinds: str) -> None:
        """Pass over tokens of some kinds."""
        while self._peek().kind in kinds:
            self._at += 1

    def _take(self, *kinds: str) -> bool:
        """Pass over a token if it is of some kind; return whether it was."""
        taken = self._peek().kind in kinds
        self._at += taken
        return taken

    def period(self) -> Period | None:
        """Return the period that all tokens form; None where they form none."""
        self._skip("filler", "and")
        while part := self._part_in_front(self._peek()):
            self._said[part] = self._peek()
            self._at += 1
        points: list[Point] = []
        end, link = 0, ""
        while (point := self._length_or_point(link)) is not None:
            points.append(point)
            end = self._at
            self.ranged, link = link == "to", self._link()
            listed = link == "and" and not self._length
            if self.ranged or not (listed or (link == "to" and len(points) == 1)):
                break
        if not points:
            return None
        if link == "to" and not self.ranged and self._take("now"):
            self._said.setdefault("direction", Token("since"))
        else:
            self._at = end
        period = self._joined(points)
        self._skip("filler", "and", "on", "from", "to", "including", "count", "recent")
        return None if self._peek().kind else period

    def dates(self) -> Iterator[date]:
        """Return the days that are given with their years, wherever they stand."""
        while self._at < len(self._tokens):
            point = self._point()
            if point is None:
                self._at += 1
            # Days counted back from today are given without a year.
            elif point.year in calendar.YEARS and point.exact:
                first, last = calendar.cover([point], self._today, ranged=False) or (None, None)
                if first is not None and first == last:
                    yield first

    def _joined(self, points: list[Point]) -> Period | None:
        """Return the period of points and the words after them."""
        several = len(points) > 1
        self._skip_count(points)
        self.ranged = several and (self._take("between behind") or self.ranged)
        length = "" if several else self._length
        self.exact = not length and all(one.exact for one in points)
        if several and all(one == points[0] for one in points):
            # 昨天和昨天以前
            self._said["including"] = self._peek()
        covered = calendar.cover(points, self._today, ranged=self.ranged)
        recent = self._said.get("recent", _NOTHING)
        if covered is None or (recent.sense == "length" and not self._length):
            return None
        self._directions_behind()
        if length:
            self._said.pop("including", None)
        since, until = self._bounded(covered, points, self._direction(length))
        told = (since or until) and not (since and until and since > until)
        return Period(since, until) if told else None

    def _part_in_front(self, token: Token) -> str:
        """Return the function of a word in front of lengths and points; empty without one."""
        behind, kind = self._peek(1).kind, token.kind
        if kind == "to" or (kind in _DIRECTIONS and token.sense != "behind"):
            return "direction"
        if kind == "recent" or self._is_counted(token):
            return "recent"
        if kind == "and" and ("direction" in self._said or behind in _DIRECTIONS):
            # "On or after", "up to and including".
            return "including"
        # "This last week", 近这个礼拜, "year < 2025"
        again = "recent" in self._said or behind in {"recent", "unit ago"}
        if again if kind == "unit ago" else kind == "unit" and behind in _DIRECTIONS:
            return "filler"
        return kind if kind in {"filler", "on", "from", "between", "including"} else ""

    def _is_counted(self, token: Token) -> bool:
        """Whether "last", 这, 前 stand before a length; 上一个月 is a month of the calendar."""
        ahead = self._past_fillers(1)
        behind, unit = self._peek(ahead), self._peek(ahead + 1)
        if token.kind == "ago" and behind.kind in _COUNTS:
            # 前两天 is some day or other.
            return not token.latin and (unit.kind, unit.value) != ("unit", calendar.DAY)
        if behind.kind == "unit" and behind.value in _WEEKS and token.value == 1:
            # "Last week" is the seven days up to now, "last week Monday" is of the calendar's week.
            return token.kind == "unit ago" and behind.latin and unit.kind != "weekday"
        many = token.latin or token.value == 0 or behind.kind == "half" or behind.value > 1
        return token.kind == "unit ago" and behind.kind in _COUNTS and many

    def _directions_behind(self) -> None:
        """Read the directions that follow lengths and points: 起至今."""
        while True:
            begun, joined = self._at, False
            while self._peek().kind in {"filler", "and", "including", "from"}:
                joined |= self._peek().kind in {"and", "including"}
                self._at += 1
            token, behind = self._peek(), self._peek(1).kind
            # "2022 or before", 到2022年截止: nothing follows that these might bound.
            last = (joined or token.kind == "until") and behind not in _BEGINNINGS
            onward = token.kind == "on" and ("from" in self._said or behind in {"", "and"})
            if not onward and not (token.kind in _DIRECTIONS and (token.sense == "behind" or last)):
                self._at = begun
                return
            self._said.setdefault("direction", token)
            if joined:
                self._said["including"] = token
            self._at += 1

    def _direction(self, length: str) -> str:
        """Return in which direction points are open.

        Args:
            length: the direction that the words of a length imply; empty for points.
        """
        token = self._said.get("direction", _NOTHING)
        kind = {"to": "until", "on": "since", "ago": "before"}.get(token.kind, token.kind)
        recent = "recent" in self._said
        # 从去年 begins at it, "from last year" is all of it.
        begins = not self._said.get("from", Token("", latin=True)).latin
        if recent and token.sense == "length":
            # "Over the past year" is no more than a year.
            kind = ""
        if not length:
            return kind or ("since" if begins and not self.ranged else "")
        if kind in {"until", "after" if token.sense == "sign" else "before"}:
            # "> 2 years" lies before the day, whatever the sign means for days.
            return kind.replace("after", "before")
        # 从三天前 begins at that day, too.
        begins &= length != "unknown"
        return "since" if kind or recent or begins else length.replace("day", "")

    def _bounded(
        self, covered: calendar.Days, points: Sequence[Point], direction: str
    ) -> calendar.Days:
        (start, end), first, last = covered, points[0].edge, points[-1].edge
        including = "including" in self._said
        if direction in {"", "within"} or (self.ranged and direction in {"until", "since"}):
            known = (calendar.START, calendar.END) if self.ranged else (None, None)
            told = first in {None, known[0]} and last in {None, known[1]}
            return (start, end) if told else (None, None)
        at_end, at_start = including or last == calendar.END, including or first == calendar.START
        if direction == "before":
            return None, end if at_end else start and start - calendar.ONE_DAY
        if direction == "until":
            return None, None if last == calendar.START else end or self._today
        if direction == "since":
            return end if first == calendar.END else start, None
        after = start if at_start else end and end + calendar.ONE_DAY
        return after if direction == "after" else None, None

    def _length_or_point(self, link: str) -> Point | None:
        """Read a length, as the day that it is counted back to, or a point."""
        begun, said = self._at, self._said
        length = self._read_length(bare="recent" in said or self._peek(1).kind == "recent")
        bound = said.get("direction", _NOTHING)
        measured = {"recent", "within"} & {*said, bound.kind, self._peek().kind}
        self._length = ""
        if length is None or (length.named and not measured and bound.sense != "length"):
            self._at = begun
            return self._point()
        self._skip("filler")
        if self._peek().kind == "recent":
            said["recent"] = self._peek()
            self._at += 1
        ago, self._length = self._peek(), "unknown"
        if ago.kind in {"ago", "before"} and ago.sense == "behind":
            self._at += 1
            older = "before" if ago.kind == "before" or not ago.latin else "unknown"
            self._length = "day" if length.few and ago.kind == "ago" else older
        elif link:
            self._length = ""
            return None
        day = calendar.days_before(self._today, length.months, length.days)
        return Point(span=(day, day))

    def _read_length(self, *, bare: bool) -> _Length | None:
        """Read a length.

        Args:
            bare: whether a unit may stand alone, as in "the past month".
        """
        begun, first = self._at, self._peek()
        # 1.5 years
        counted = first.kind in _COUNTS or first.parts[1:] == ("5",)
        self._at += counted
        more = self._take("and a half") or (first.kind == "count" and self._take("half"))
        unit = self._peek()
        self._at += 1
        more = self._take("half", "and a half") or more
        if unit.kind == "unit" and (counted or bare or more):
            whole = int(first.parts[0]) + 0.5 if first.parts else first.value if counted else 1
            halves = more + (1 if first.kind == "half" else int(2 * whole))
            months = halves * calendar.IN_MONTHS.get(unit.value, 0)
            each = 1 if unit.value == calendar.DAY_OF_MONTH else unit.value
            days = months % 2 * _DAYS_IN_HALF_MONTH if months else halves * each // 2
            if unit.value == calendar.HOUR:
                days = halves // _HALF_HOURS_IN_DAY
            named = first.kind == "number" and not more and bool(_numbered(first, unit))
            if months + days > 0 and halves * unit.value < _MOST_HALF_DAYS:
                few = unit.value in {calendar.DAY, calendar.DAY_OF_MONTH} and days <= _FEW_DAYS
                return _Length(months // 2, days, named, few)
        self._at = begun
        return None

    def _skip_count(self, points: Sequence[Point]) -> None:
        """Pass over the count of what is listed: 去年一年, 6、7、8三个月."""
        ahead = self._past_fillers()
        count, unit = self._peek(ahead), self._peek(ahead + 1)
        counted = count.kind in _COUNTS and count.value == len(points)
        if counted and unit.kind == "unit" and not unit.latin:
            self._at += ahead + 2
            for point in points if unit.value == calendar.MONTH else ():
                if point.bare:
                    point.months, point.bare = (int(point.bare), 1), None

    def _link(self) -> str:
        """Pass over what joins two points; return ``to`` or ``and``, empty without a second."""
        joined = set()
        while (token := self._peek()).kind in _LINKS:
            if token.kind == "since" and token.sense != "behind":
                return ""
            joined.add(token.kind)
            self._at += 1
        ends = {"to", "and"} if "between" in self._said else {"to"}
        link = "to" if joined & ends else "and"
        # 自…起至…
        if self._peek().kind not in _POINTS or ("since" in joined and link != "to"):
            return ""
        if "including" in joined:
            self._said["including"] = self._peek()
        return link

    def _point(self) -> Point | None:
        """Return the point that begins here and pass over its words; None where none does."""
        point, end = Point(), self._at
        while True:
            if self._adds_nothing(point):
                self._at += 1
                end = self._at if self._peek(-1).kind in {"unit", "origin"} else end
                continue
            read, slots = self._part(point)
            if not point.add(slots):
                break
            self._at += read
            end = self._at
        self._at = end
        return None if point.empty else point

    def _adds_nothing(self, point: Point) -> bool:
        token, behind = self._peek(), self._peek(1)
        if token.kind == "and":
            # "Nov 1 - 15, 2025"
            told = point.year is None and (point.months or point.bare)
            return bool(told) and behind.digits == calendar.YEAR_DIGITS
        if token.kind != "unit":
            return token.kind == "filler" or (token.kind == "origin" and point.exact)
        if point.empty:
            # "Tax year 2025", "month of May".
            return token.latin and (behind.kind in {"number", "year"} or self._month_follows())
        # 去年年底, 十月那个月, "november month".
        return token.latin or behind.kind == "edge" or self._peek(-1).kind == "filler"

    def _part(self, point: Point) -> tuple[int, Slots]:
        """Return how many of the next words form a part of a point, and what they add to it."""
        token, behind = self._peek(), self._peek(1)
        if token.kind in {"ago", "edge", "ordinal"} and (first := self._first(point, token))[1]:
            return first
        if token.kind in calendar.WORDS:
            return 1, calendar.WORDS[token.kind](token.value, self._today)
        if token.kind == "date":
            is_day = behind.value == calendar.DAY_OF_MONTH or behind.kind == "day of month"
            marked = is_day and behind.kind in {"unit", "day of month"}
            return 1 + marked, calendar.dated(token.parts, day_first=self._day_first)
        if token.kind == "unit ago":
            return self._unit_ago(point, token)
        if token.kind == "unit" and (point.edge is not None or behind.kind == "edge"):
            return 1, calendar.ago(token.value, 0, self._today)
        return self._number(point, token) if token.kind in {"number", "ordinal"} else (0, {})

    def _number(self, point: Point, token: Token) -> tuple[int, Slots]:
        before, behind = self._peek(-1), self._peek(1)
        if behind.kind in {"unit", "day of month"} or (token.kind, behind.kind) == (
            "ordinal",
            "half",
        ):
            return 2, _numbered(token, behind)
        if point.exact and self._month_follows():
            # "12 March. 12 March 1996" tells the day again, and no year 12.
            return 0, {}
        halved = behind.kind in {"quarter of year", "half of year"}
        if token.digits == calendar.YEAR_DIGITS or halved or point.exact:
            return 1, _year(token)
        # In "last month 2 more" it is no day.
        named = before.kind == "month" or not before.latin or token.kind == "ordinal"
        single = point.months is not None and point.months[1] == 1 and not point.days
        ordinal = token.kind == "ordinal" and token.digits and point.empty
        if self._month_follows() or (single and named) or ordinal:
            return 1, calendar.days(token.value, token.value)
        # 2025年3-5月: a number whose unit comes later may follow a year.
        whole = point.year and not (point.months or point.days or point.bare)
        joined = whole and behind.kind in {"to", "and"}
        bare = {"bare": f"{token.value:0{token.digits}d}"} if point.empty or joined else {}
        return 1, bare

    def _month_follows(self) -> bool:
        return self._peek(self._past_fillers(1)).kind in {"month", "months ago"}

    def _first(self, point: Point, token: Token) -> tuple[int, Slots]:
        """今年头三个月, "the first three months of 2025"."""
        anew = token.kind == "ordinal" and token.value == 1
        within = token.kind == "ago" or (token.kind == "edge" and token.value == calendar.START)
        if not anew and not (within and (point.year or point.months)):
            return 0, {}
        begun = self._at
        self._at += 1
        length = self._read_length(bare=False)
        read, self._at = self._at - begun, begun
        if length is None:
            return 0, {}
        months = calendar.months(1, length.months) if length.months else {}
        return read, months or calendar.days(1, length.days)

    def _unit_ago(self, point: Point, token: Token) -> tuple[int, Slots]:
        ahead = 1
        while self._peek(ahead).kind in {"filler", "number", "count"}:
            ahead += 1
        unit = self._peek(ahead)
        if unit.kind == "weekday":
            latest: Slots = {"running": "past" if token.value else ""}
            week = calendar.ago(calendar.WEEK, token.value, self._today)
            return ahead + 1, {**(latest if token.latin else week), "weekday": unit.value}
        if unit.kind == "unit":
            return ahead + 1, calendar.ago(unit.value, token.value, self._today)
        if unit.kind == "month":
            # "Last March" is the latest, as "March" is.
            running = token.value == 0 and unit.value == self._today.month
            return ahead + 1, {"months": (unit.value, 1), "running": "months" if running else ""}
        # "The 17th of March last".
        return 1, {"running": ""} if token.latin and point.exact else {}


def _year(number: Token) -> Slots:
    # 一百一十三年 can only be one of the Republic.
    return calendar.year(f"{number.value:0{number.digits or 3}d}")


def _numbered(number: Token, unit: Token) -> Slots:
    """Return the point that a number and a unit name."""
    if unit.kind == "half":
        return calendar.months(number.value, calendar.HALF_YEAR)
    if unit.latin and (number.kind, unit.value) != ("ordinal", calendar.QUARTER):
        return {}
    if unit.value == calendar.YEAR:
        return _year(number)
    if unit.value in calendar.IN_MONTHS:
        digits = str(number.value)
        # 七八月 are two months.
        listed = not number.latin and number.digits > 1 and digits in "123456789"
        place, times = (int(digits[0]), number.digits) if listed else (number.value, 1)
        return calendar.months(place, calendar.IN_MONTHS[unit.value], times)
    is_day = unit.kind == "day of month" or unit.value == calendar.DAY_OF_MONTH
    return calendar.days(number.value, number.value) if is_day else {}
