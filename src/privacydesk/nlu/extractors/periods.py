"""Periods as people write them: "since March", 去年3月到6月, "older than two years".

Words are data (``period_words.yaml``); here is their grammar. A period is a *length* counted back
from today ("the last three months", 半年前), or one or several *points* of the calendar, each as
far as its words tell ("3", "3 October", 去年): what one leaves out is taken from its neighbours.
Either may be *bounded* by a direction ("before", 以后). What words leave open is decided so:

- A day, month or weekday without its year, month or week is the latest that has begun.
- The running year, month or week (今年, "this month") is open at its end.
- "before 2023", 2023年以前 exclude the year, "until 2023", 2023年及以前 include it. "since 2023",
  2023年以后, 2023年起 include it; "after 2023", 2023年后 begin with the day behind it.
- 三年前 is older than three years, as 三年以前 is; 三天前 and "three days ago" are that one day.
- 22年, 10年 are years where the number has two digits and no word makes it a length.
- Of two numbers that may both be the month the day is the first where a year follows or the words
  are English (3/5/2024 and "since 3/5" are in May, as everywhere but in the United States), else
  the month is (3/5 is in March, as in Chinese). A date beside it that leaves no choice decides for
  both, and an order whose day is yet to come gives way to the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from msgspec import Struct

from privacydesk.nlu.extractors import period_points as calendar
from privacydesk.nlu.extractors.period_points import Point, Slots
from privacydesk.nlu.extractors.period_tokens import BESIDE, Token, tokens_of
from privacydesk.nlu.normaliser import fold


class Period(Struct, frozen=True):
    """First and last day, inclusive; None where open."""

    since: date | None
    until: date | None


class Found(Struct, frozen=True):
    """A period in a message, with the offsets of its words."""

    start: int
    end: int
    period: Period


_WEEKS: Final = frozenset({calendar.WEEK, 2 * calendar.WEEK})
_DAYS_IN_HALF_MONTH: Final = 15
_HALF_HOURS_IN_DAY: Final = 48
_MOST_HALF_DAYS: Final = 2 * 365 * 100
_OLDEST: Final = date(2000, 1, 1)
"""No content is older, but people are."""
_FEW_DAYS: Final = 10
"""Up to so many days ago (三天前) a day is meant, not all that is older."""
_COUNTS: Final = frozenset({"number", "count", "half"})
_POINTS: Final = _COUNTS.union(calendar.WORDS, {"ordinal", "date", "unit", "unit ago", "now"})
_DIRECTIONS: Final = frozenset({"before", "until", "since", "after", "within", "ago"})
_LINKS: Final = frozenset({"to", "dash", "and", "filler", "from", "including", "since", "on"})
_BEGINNINGS: Final = _POINTS.union(_DIRECTIONS, {"from", "between", "recent", "to"}) - {"ago"}
_ANCHORS: Final = _POINTS - _COUNTS - {"ordinal", "now", "edge"}
"""Without any of these no message tells a period."""
_NAMELESS: Final = frozenset({"number", "ordinal", "date", "filler", "unknown"})
"""Kinds that do not tell which language is written."""
_ALONE: Final = {"loose filler": "filler", "comma": "and", "dash": "to"}
"""What signs are where nothing but a period is read: elsewhere they may end a sentence."""
_NOTHING: Final = Token("")


def resolve(words: str, today: date) -> Period | None:
    """Return the days that the words of a period tell; None where they are none of closed form."""
    tokens = tokens_of(words)
    told = [
        one._replace(kind=_ALONE.get(one.kind, one.kind))
        for one in tokens
        if one.kind not in {"unknown", "occasion"}
    ]
    parser = _Parser(told, today, alone=True)
    parser.skip("filler", "and")
    period = parser.period()
    parser.skip("filler", "and", "on", "from", "to", "including", "count", "recent")
    if parser.peek().kind:
        return None
    # What happened besides changes nothing: "Labor Day, September 7", 3月入职到6月.
    occasion = any(one.kind == "occasion" for one in tokens)
    whole = parser.exact or (parser.ranged and not occasion)
    return period if whole or len(told) == len(tokens) else None


def find(text: str, today: date) -> tuple[Found, ...]:
    """Return the stretches of a message that certainly are periods of what it speaks of.

    They don't overlap. Most that are told as an adverb ("I wrote in May") are left out, since they
    may tell when something happened, and dates beside a date of birth.
    """
    tokens = tokens_of(text)
    if _ANCHORS.isdisjoint(one.kind for one in tokens):
        return ()
    folded = fold(text)
    of_birth = any(word in folded for word in BESIDE["birth"])
    found: list[Found] = []
    parser = _Parser(tokens, today)
    at = 0
    while at < len(tokens):
        parser.at = at
        period = parser.period() if tokens[at].kind in _BEGINNINGS else None
        if period is None:
            at += 1
            continue
        words = tokens[at : parser.at]
        while words[-1].kind == "filler":
            words.pop()
        one = Found(words[0].start, words[-1].end, period)
        closed = of_birth and period.since is not None and period.until is not None
        past = (period.until or today) >= _OLDEST and (period.since or _OLDEST) <= today
        if not _is_closed(tokens, at, parser):
            parser.skip("filler")
            parser.point()
        elif past and not closed and _is_attributive(folded, one, words, today):
            found.append(one)
        at = parser.at
    return tuple(found)


def _is_closed(tokens: Sequence[Token], at: int, parser: _Parser) -> bool:
    """Whether nothing beside a stretch makes it another: "spring of 2023", 上个月左右."""
    while at > 0 and tokens[at - 1].kind == "filler":
        at -= 1
    beside = (*tokens[max(at - 1, 0) : at], parser.peek())
    behind = parser.peek(parser.past_fillers(0))
    # 今年的三张照片 is closed, "the last three months of 2025" is not.
    more = behind.kind in _POINTS - _COUNTS or behind.digits == calendar.YEAR_DIGITS
    return not more and all(one.kind not in {"vague", "occasion"} for one in beside)


def _is_attributive(text: str, found: Found, words: Sequence[Token], today: date) -> bool:
    """Whether a period belongs to a thing, and doesn't tell when something happens."""
    before = text[: found.start].rstrip()
    if before.removesuffix(" of").endswith(BESIDE["not attributive before"]):
        return False
    if text.startswith(BESIDE["attributive behind"], found.end):
        return not text.startswith(BESIDE["not attributive behind"], found.end)
    first = words[0]
    if first.latin and first.kind == "before":
        # What shall be done before Monday is no period.
        return all(one.kind != "weekday" for one in words)
    if first.latin and first.kind == "from":
        # "From June I was careful", "leave me alone from today" are none, either.
        passed = found.period.since is None or found.period.since < today
        return passed and before[-1:].isalnum() and not before.endswith((" and", " now"))
    return before.endswith(BESIDE["attributive before"])


class _Length(NamedTuple):
    """A length, whether its words may as well name a point (3月, 22年), and whether it is short."""

    months: int
    days: int
    named: bool
    few: bool


class _Parser:
    """Reads a period.

    Attributes:
        at: the next token.
        exact: whether each point that was read is one day.
        ranged: whether the points are the ends of a range.
    """

    def __init__(self, tokens: Sequence[Token], today: date, *, alone: bool = False) -> None:
        self.at = 0
        self.exact = self.ranged = False
        self._tokens, self._today, self._alone = tokens, today, alone
        # What was said around lengths and points, by the part that it takes.
        self._said: dict[str, Token] = {}
        self._length = ""
        # English has the day first, but in the United States.
        words = [one.latin for one in tokens if one.kind not in _NAMELESS]
        self._day_first = bool(words) and all(words)

    def peek(self, ahead: int = 0) -> Token:
        """Return a token near the next; one without a kind beyond the ends."""
        place = self.at + ahead
        return self._tokens[place] if 0 <= place < len(self._tokens) else _NOTHING

    def past_fillers(self, ahead: int = 0) -> int:
        """Return how far ahead the next token is that is no filler."""
        while self.peek(ahead).kind == "filler":
            ahead += 1
        return ahead

    def skip(self, *kinds: str) -> None:
        """Pass over tokens of some kinds."""
        while self.peek().kind in kinds:
            self.at += 1

    def _take(self, *kinds: str) -> bool:
        """Pass over a token if it is of some kind; return whether it was."""
        taken = self.peek().kind in kinds
        self.at += taken
        return taken

    def period(self) -> Period | None:
        """Return the period that begins here and pass over its words; None where none does."""
        self.exact = self.ranged = False
        self._said = {}
        while part := self._part_in_front(self.peek()):
            self._said[part] = self.peek()
            self.at += 1
        points: list[Point] = []
        ends, link = [], ""
        while (point := self._length_or_point(link)) is not None:
            points.append(point)
            ends.append(self.at)
            self.ranged, link = link == "to", self._link()
            listed = link == "and" and not self._length
            if self.ranged or not (listed or (link == "to" and len(points) == 1)):
                break
        if not points or not (self._alone or any(not one.incomplete for one in points)):
            return None
        if link == "to" and not self.ranged and self._take("now"):
            self._said.setdefault("direction", Token("since"))
        else:
            self.at = ends[-1]
        if not self._alone and calendar.cover(points, self._today, ranged=self.ranged) is None:
            self.at = ends[0]
            del points[1:]
        return self._joined(points)

    def _joined(self, points: list[Point]) -> Period | None:
        """Return what points are together with the words behind them."""
        several = len(points) > 1
        self._skip_count(points)
        self.ranged = several and (self._take("between behind") or self.ranged)
        length = "" if several else self._length
        self.exact = not length and all(one.exact for one in points)
        if several and all(one == points[0] for one in points):
            # 昨天和昨天以前
            self._said["including"] = self.peek()
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
        """Return what a word in front of lengths and points does there; empty where nothing."""
        behind, kind = self.peek(1).kind, token.kind
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
        ahead = self.past_fillers(1)
        behind, unit = self.peek(ahead), self.peek(ahead + 1)
        if token.kind == "ago" and behind.kind in _COUNTS:
            # 前两天 is some day or other.
            return not token.latin and (unit.kind, unit.value) != ("unit", calendar.DAY)
        if behind.kind == "unit" and behind.value in _WEEKS and token.value == 1:
            # "Last week" is the seven days up to now, "last week Monday" is of the calendar's week.
            return token.kind == "unit ago" and behind.latin and unit.kind != "weekday"
        many = token.latin or token.value == 0 or behind.kind == "half" or behind.value > 1
        return token.kind == "unit ago" and behind.kind in _COUNTS and many

    def _directions_behind(self) -> None:
        """Read the directions that stand behind lengths and points: 起至今."""
        while True:
            begun, joined = self.at, False
            while self.peek().kind in {"filler", "and", "including", "from"}:
                joined |= self.peek().kind in {"and", "including"}
                self.at += 1
            token, behind = self.peek(), self.peek(1).kind
            # "2022 or before", 到2022年截止: nothing follows that these might bound.
            last = (joined or token.kind == "until") and behind not in _BEGINNINGS
            onward = token.kind == "on" and ("from" in self._said or behind in {"", "and"})
            if not onward and not (token.kind in _DIRECTIONS and (token.sense == "behind" or last)):
                self.at = begun
                return
            self._said.setdefault("direction", token)
            if joined:
                self._said["including"] = token
            self.at += 1

    def _direction(self, length: str) -> str:
        """Return in which direction points are open.

        Args:
            length: in which the day is that a length was counted back to; empty for points.
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
            # More than two years lie before the day, whatever the sign says of days.
            return kind.replace("after", "before")
        # 从三天前, too, begins at it.
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
        begun, said = self.at, self._said
        length = self._read_length(bare="recent" in said or self.peek(1).kind == "recent")
        bound = said.get("direction", _NOTHING)
        measured = {"recent", "within"} & {*said, bound.kind, self.peek().kind}
        self._length = ""
        if length is None or (length.named and not measured and bound.sense != "length"):
            self.at = begun
            return self.point()
        self.skip("filler")
        if self.peek().kind == "recent":
            said["recent"] = self.peek()
            self.at += 1
        ago, self._length = self.peek(), "unknown"
        if ago.kind in {"ago", "before"} and ago.sense == "behind":
            self.at += 1
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
        begun, first = self.at, self.peek()
        # 1.5 years
        counted = first.kind in _COUNTS or first.parts[1:] == ("5",)
        self.at += counted
        more = self._take("and a half") or (first.kind == "count" and self._take("half"))
        unit = self.peek()
        self.at += 1
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
        self.at = begun
        return None

    def _skip_count(self, points: Sequence[Point]) -> None:
        """Pass over the count of what is listed: 去年一年, 6、7、8三个月."""
        ahead = self.past_fillers()
        count, unit = self.peek(ahead), self.peek(ahead + 1)
        counted = count.kind in _COUNTS and count.value == len(points)
        if counted and unit.kind == "unit" and not unit.latin:
            self.at += ahead + 2
            for point in points if unit.value == calendar.MONTH else ():
                if point.bare:
                    point.months, point.bare = (int(point.bare), 1), None

    def _link(self) -> str:
        """Pass over what joins two points; return ``to`` or ``and``, empty without a second."""
        begun, joined = self.at, set()
        while (token := self.peek()).kind in _LINKS:
            if token.kind == "since" and token.sense != "behind":
                return ""
            joined.add(token.kind)
            self.at += 1
        ends = {"to", "dash"} | ({"and"} if "between" in self._said else set())
        link = "to" if joined & ends else "and"
        # 自…起至…
        if self.peek().kind not in _POINTS or ("since" in joined and link != "to"):
            return ""
        if not (self._alone or self.at == begun or joined & {"to", "dash", "and"}):
            return ""
        if "including" in joined:
            self._said["including"] = self.peek()
        return link

    def point(self) -> Point | None:
        """Return the point that begins here and pass over its words; None where none does."""
        point, end = Point(), self.at
        while True:
            if self._adds_nothing(point):
                self.at += 1
                end = self.at if self.peek(-1).kind in {"unit", "origin"} else end
                continue
            read, slots = self._part(point)
            if not point.add(slots):
                break
            self.at += read
            end = self.at
        self.at = end
        return None if point.empty else point

    def _adds_nothing(self, point: Point) -> bool:
        token, behind = self.peek(), self.peek(1)
        if token.kind in {"comma", "and"}:
            # "Nov 1 - 15, 2025"
            told = point.year is None and (point.months or point.bare)
            return bool(told) and behind.digits == calendar.YEAR_DIGITS
        if token.kind != "unit":
            return token.kind == "filler" or (token.kind == "origin" and point.exact)
        if point.empty:
            # "Tax year 2025", "month of May".
            return token.latin and (behind.kind in {"number", "year"} or self._month_follows())
        # 去年年底, 十月那个月, "november month".
        return token.latin or behind.kind == "edge" or self.peek(-1).kind == "filler"

    def _part(self, point: Point) -> tuple[int, Slots]:
        """Return how many of the next words tell a part of a point, and what they tell."""
        token, behind = self.peek(), self.peek(1)
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
        before, behind = self.peek(-1), self.peek(1)
        if behind.kind in {"unit", "day of month"} or (token.kind, behind.kind) == (
            "ordinal",
            "half",
        ):
            return 2, _numbered(token, behind)
        halved = behind.kind in {"quarter of year", "half of year"}
        if token.digits == calendar.YEAR_DIGITS or halved or (point.exact and self._alone):
            return 1, _year(token)
        # In "last month 2 more" it is no day.
        named = before.kind == "month" or not before.latin or token.kind == "ordinal"
        single = point.months is not None and point.months[1] == 1 and not point.days
        ordinal = token.kind == "ordinal" and token.digits and point.empty
        if self._month_follows() or (single and named) or ordinal:
            return 1, calendar.days(token.value, token.value)
        # 2025年3-5月: a number whose unit comes later may stand behind a year.
        whole = point.year and not (point.months or point.days or point.bare)
        joined = whole and behind.kind in {"to", "dash", "and"}
        bare = {"bare": f"{token.value:0{token.digits}d}"} if point.empty or joined else {}
        return 1, bare

    def _month_follows(self) -> bool:
        return self.peek(self.past_fillers(1)).kind in {"month", "months ago"}

    def _first(self, point: Point, token: Token) -> tuple[int, Slots]:
        """今年头三个月, "the first three months of 2025"."""
        anew = token.kind == "ordinal" and token.value == 1
        within = token.kind == "ago" or (token.kind == "edge" and token.value == calendar.START)
        if not anew and not (within and (point.year or point.months)):
            return 0, {}
        begun = self.at
        self.at += 1
        length = self._read_length(bare=False)
        read, self.at = self.at - begun, begun
        if length is None:
            return 0, {}
        months = calendar.months(1, length.months) if length.months else {}
        return read, months or calendar.days(1, length.days)

    def _unit_ago(self, point: Point, token: Token) -> tuple[int, Slots]:
        ahead = 1
        while self.peek(ahead).kind in {"filler", "number", "count"}:
            ahead += 1
        unit = self.peek(ahead)
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
