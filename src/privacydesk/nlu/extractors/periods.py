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
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, NamedTuple

from msgspec import Struct

from privacydesk.nlu.extractors.period_parts import (
    COUNTS,
    DAY,
    DAY_OF_MONTH,
    HOUR,
    IN_MONTHS,
    MONTH,
    POINTS,
    QUARTER,
    YEAR,
    PointReader,
)
from privacydesk.nlu.extractors.period_points import (
    END,
    START,
    Cover,
    Point,
    cover,
    days_before,
    year_of,
)
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


_ONE_DAY: Final = timedelta(days=1)
_HOURS_IN_DAY: Final = 24
_DAYS_IN_HALF_MONTH: Final = 15
_MOST_HALF_DAYS: Final = 2 * 365 * 100
_YEAR_DIGITS: Final = 4
_OLDEST: Final = date(2000, 1, 1)
"""No content is older, but people are."""
_FEW_DAYS: Final = 10
"""Up to so many days ago (三天前) a day is meant, not all that is older."""
_MOST_OF: Final = {MONTH: 12, DAY_OF_MONTH: 31, QUARTER: 4}
"""Up to so many a number names one of a year or month, which might be a length, too: 3月."""

_DIRECTIONS: Final = frozenset({"before", "until", "since", "after", "within", "ago"})
_BEFORE_DIRECTION: Final = frozenset({"filler", "and", "including", "from"})
_LINKS: Final = frozenset({"to", "dash", "and", "filler", "from", "including", "since", "on"})
_BEGINNINGS: Final = (POINTS | _DIRECTIONS | {"from", "between", "recent", "to"}) - {"ago"}
_FIRST_OF_MORE: Final = _DIRECTIONS | {
    *("number", "count", "half", "unit", "unit ago", "from", "to", "recent", "edge"),
    *("between", "ordinal sign", "now", "origin"),
}
"""Kinds that are no period without another word."""
_ANCHORS: Final = (POINTS | {"unit"}) - {"number", "ordinal", "count", "half", "now", "edge"}
"""Without any of these no message tells a period."""
_NAMELESS: Final = frozenset({"number", "ordinal", "date", "filler", "unknown"})
"""Kinds that do not tell which language is written."""
_ALONE: Final = {"loose filler": "filler", "comma": "and", "dash": "to"}
"""What signs are where nothing but a period is read: elsewhere they may end a sentence."""


class _Length(NamedTuple):
    """A length.

    Attributes:
        months: of it.
        days: of it.
        named: whether its words may as well name a point: 3月, 22年.
        few: whether it is a few days.
    """

    months: int
    days: int
    named: bool
    few: bool


@dataclass(slots=True)
class _Bound:
    """What bounds a length or points.

    Attributes:
        kind: one of ``_DIRECTIONS``; empty without.
        sense: that of its token.
        inclusive: whether the point itself is included.
        recent: whether a length is said to end now.
        lengths: whether points can't follow.
        origin: the token of "from", 从.
        between: whether "and" joins the ends of a range.
    """

    kind: str = ""
    sense: str = ""
    inclusive: bool = False
    recent: bool = False
    lengths: bool = False
    origin: Token | None = None
    between: bool = False

    @property
    def begins(self) -> bool:
        """Whether it begins at its operand: 从去年 does, "from last year" is all of it."""
        return self.origin is not None and not self.origin.latin


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
    period = parser.expression()
    parser.skip("filler", "and", "on", "from", "to", "including", "count", "recent")
    if parser.peek().kind or (len(told) < len(tokens) and not _adds_nothing(tokens, parser)):
        return None
    return period


def _adds_nothing(tokens: Sequence[Token], parser: _Parser) -> bool:
    """Whether what happened besides changes nothing: "Labor Day, September 7", 3月入职到6月."""
    covered = parser.covered
    if covered is None:
        return False
    return covered.exact or (covered.ranged and all(one.kind != "occasion" for one in tokens))


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
        period = parser.expression() if parser.may_begin() else None
        if period is None:
            at += 1
            continue
        words = tokens[at : parser.at]
        while words[-1].kind == "filler":
            words.pop()
        one = Found(words[0].start, words[-1].end, period)
        dated = of_birth and period.since is not None and period.until is not None
        past = (period.until or today) >= _OLDEST and (period.since or _OLDEST) <= today
        if not _is_closed(tokens, at, parser):
            parser.skip("filler")
            parser.point()
        elif past and not dated and _is_attributive(folded, one, words, today):
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
    more = behind.kind in POINTS - COUNTS or behind.digits == _YEAR_DIGITS
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


class _Parser(PointReader):
    """Reads a period.

    Attributes:
        covered: what the points cover that were read.
    """

    def __init__(self, tokens: Sequence[Token], today: date, *, alone: bool = False) -> None:
        # Whoever writes English writes the day first, but in the United States.
        words = [one.latin for one in tokens if one.kind not in _NAMELESS]
        super().__init__(tokens, today, day_first=bool(words) and all(words))
        self.covered: Cover | None = None
        self._alone = alone

    def may_begin(self) -> bool:
        """Whether a period of a message may begin here, told by its first two words."""
        token = self.peek()
        if token.kind not in _BEGINNINGS:
            return False
        whole = token.kind not in _FIRST_OF_MORE or token.digits == _YEAR_DIGITS
        return whole or self.peek(1).kind not in {"", "unknown", "comma", "and"}

    def expression(self) -> Period | None:
        """Return the period that begins here and pass over its words; None where none does."""
        bound = self._front()
        begun = self.at
        period = self._counted_back(bound)
        if period is None:
            self.at = begun
            self.covered = self._points(bound)
            if self.covered is None or bound.lengths:
                return None
            self._behind(bound)
            period = _bounded(self.covered, bound, self._today)
        if period is None or period == Period(None, None):
            return None
        in_order = not (period.since and period.until) or period.since <= period.until
        return period if in_order else None

    def _front(self) -> _Bound:
        """Read what stands before lengths and points."""
        bound = _Bound()
        while True:
            token = self.peek()
            if token.kind in _DIRECTIONS and token.sense != "behind":
                bound.kind, bound.sense = token.kind, token.sense
            elif token.kind == "to":
                bound.kind = "until"
            elif token.kind == "from":
                bound.origin = token
            elif token.kind == "between":
                bound.between = True
            elif token.kind == "recent" or self._is_counted(token):
                self._count_back(bound, token)
            elif token.kind == "including" or (token.kind == "and" and self._joins(bound)):
                bound.inclusive = True
            elif token.kind not in {"filler", "on"} and not self._adds_nothing(token, bound):
                return bound
            self.at += 1

    @staticmethod
    def _count_back(bound: _Bound, token: Token) -> None:
        bound.recent, bound.lengths = True, token.sense == "length"
        if bound.sense == "length":
            # "Over the past year" is no more than a year.
            bound.kind = ""

    def _is_counted(self, token: Token) -> bool:
        """Whether "last", 这, 前 stand before a length; 上一个月 is a month of the calendar."""
        behind = self.peek(self.past_fillers(1))
        if behind.kind not in COUNTS:
            return False
        if token.kind == "ago":
            # 前两天 is some day or other.
            return not token.latin and (self.peek(2).kind, self.peek(2).value) != ("unit", DAY)
        many = token.latin or token.value == 0 or behind.kind == "half" or behind.value > 1
        return token.kind == "unit ago" and many

    def _adds_nothing(self, token: Token, bound: _Bound) -> bool:
        """Whether another word says the same: "this last week", 近这个礼拜, "year < 2025"."""
        behind = self.peek(1).kind
        if token.kind == "unit":
            return behind in _DIRECTIONS and not self.is_before_last()
        return token.kind == "unit ago" and (bound.recent or behind in {"recent", "unit ago"})

    def _joins(self, bound: _Bound) -> bool:
        """Whether "and" stands in "on or after", "up to and including"."""
        return bool(bound.kind) or self.peek(1).kind in _DIRECTIONS

    def _behind(self, bound: _Bound) -> None:
        """Read the directions that stand behind lengths and points: 起至今."""
        while True:
            begun, inclusive = self.at, False
            while self.peek().kind in _BEFORE_DIRECTION:
                inclusive |= self.peek().kind in {"and", "including"}
                self.at += 1
            kind = self._direction_behind(bound, joined=inclusive)
            if not kind:
                self.at = begun
                return
            bound.kind = bound.kind or kind
            bound.inclusive |= inclusive
            self.at += 1

    def _direction_behind(self, bound: _Bound, *, joined: bool) -> str:
        token, behind = self.peek(), self.peek(1).kind
        if token.kind == "on" and (bound.origin or behind in {"", "and"}):
            return "since"
        if token.kind not in _DIRECTIONS:
            return ""
        # "2022 or before", 到2022年截止: nothing follows that these might bound.
        last = (joined or token.kind == "until") and behind not in _BEGINNINGS
        return token.kind if token.sense == "behind" or last else ""

    def _counted_back(self, bound: _Bound) -> Period | None:
        # "The past month", "the month past".
        length = self._length(bare=bound.recent or self.peek(1).kind == "recent")
        if length is None:
            return None
        self.skip("filler")
        bound.recent |= self.take("recent")
        ago = self._ago_behind()
        self._behind(bound)
        is_length = bound.recent or bound.sense == "length" or bound.kind == "within"
        if (length.named and not is_length) or self._link(bound) == "to":
            return None
        return _since_length(length, ago, bound, self._today)

    def _ago_behind(self) -> Token | None:
        token = self.peek()
        is_ago = token.kind in {"ago", "before"} and token.sense == "behind"
        self.at += is_ago
        return token if is_ago else None

    def _length(self, *, bare: bool) -> _Length | None:
        """Read a length.

        Args:
            bare: whether a unit may stand alone, as in "the past month".
        """
        begun, first = self.at, self.peek()
        # 1.5 years
        self.at += first.kind in COUNTS or first.parts[1:] == ("5",)
        counted = self.take("measure")
        more = self.take("half") if counted else self.take("and a half")
        unit = self.peek()
        self.at += 1
        more = self.take("half") or self.take("and a half") or more
        span = _months_and_days(_halves(first) + more, unit)
        if span is None or (first is unit and not (bare or more)):
            self.at = begun
            return None
        named = first.kind == "number" and not (counted or unit.latin) and _is_name(first, unit)
        few = unit.value in {DAY, DAY_OF_MONTH} and span[1] <= _FEW_DAYS
        return _Length(*span, named, few)

    def _points(self, bound: _Bound) -> Cover | None:
        """Read points that are listed, or the ends of a range."""
        points: list[Point] = []
        ends = []
        ranged, link = False, "and"
        while link and (point := self._point_or_day_ago()) is not None:
            points.append(point)
            ends.append(self.at)
            link = self._link(bound)
            if ranged or (link == "to" and len(points) > 1):
                break
            self.ranging = ranged = link == "to"
        self.ranging = False
        if not points or (not self._alone and all(one.incomplete for one in points)):
            return None
        self.at = ends[-1]
        ranged = len(points) > 1 and (self.take("between behind") or ranged)
        # 昨天和昨天以前
        bound.inclusive |= len(points) > 1 and all(one == points[0] for one in points)
        covered = cover(points, self._today, ranged=ranged)
        if covered is None and not self._alone:
            self.at = ends[0]
            covered = cover(points[:1], self._today, ranged=False)
        return covered

    def _point_or_day_ago(self) -> Point | None:
        """Read a point, or "three months ago" as the end of a range."""
        begun, length = self.at, self._length(bare=False)
        if length is not None and not length.named and self._ago_behind():
            day = days_before(self._today, length.months, length.days)
            return Point(span=(day, day)) if self.ranging or self.peek().kind == "to" else None
        self.at = begun
        return self.point()

    def _link(self, bound: _Bound) -> str:
        """Pass over what joins two points; return ``to`` or ``and``, empty without a second."""
        begun, link, joined = self.at, "", ""
        while (token := self.peek()).kind in _LINKS:
            if token.kind == "since" and token.sense != "behind":
                return ""
            if token.kind in {"to", "dash"}:
                link = "to"
            elif token.kind == "and":
                link = link or ("to" if bound.between else "and")
            joined += token.kind
            self.at += 1
        # 自…起至…
        if self.peek().kind not in POINTS or ("since" in joined and link != "to"):
            return ""
        if not (link or self._alone or self.at == begun):
            return ""
        bound.inclusive |= "including" in joined
        return link or "and"


def _halves(first: Token) -> int:
    """Return how many halves of its unit the first word of a length tells."""
    if first.parts:
        return 2 * int(first.parts[0]) + 1
    return {"half": 1, "unit": 2}.get(first.kind, 2 * first.value)


def _months_and_days(halves: int, unit: Token) -> tuple[int, int] | None:
    """Return so many halves of a unit; None where these are no days, or more than a life."""
    if unit.kind != "unit" or halves * max(unit.value, DAY) > _MOST_HALF_DAYS:
        return None
    if unit.value in IN_MONTHS:
        months, rest = divmod(halves * IN_MONTHS[unit.value], 2)
        return months, rest * _DAYS_IN_HALF_MONTH
    if unit.value == HOUR:
        days = halves // (2 * _HOURS_IN_DAY)
        return (0, days) if days else None
    days, rest = divmod(halves * (DAY if unit.value == DAY_OF_MONTH else unit.value), 2)
    return None if rest else (0, days)


def _is_name(number: Token, unit: Token) -> bool:
    """Whether a number and a unit may name a year, a month or a day."""
    if unit.value == YEAR:
        return number.digits > 1 and year_of(str(number.value)) is not None
    return number.value <= _MOST_OF.get(unit.value, 0)


def _since_length(length: _Length, ago: Token | None, bound: _Bound, today: date) -> Period | None:
    day = days_before(today, length.months, length.days)
    older = Period(None, day - _ONE_DAY)
    # More than two years lie before the day, whatever the sign says of days.
    if bound.kind == ("after" if bound.sense == "sign" else "before"):
        return older
    if bound.kind == "until":
        return Period(None, day)
    if bound.kind or bound.recent or (ago is not None and bound.begins):
        return Period(day, None)
    if ago is None or ago.kind == "before":
        return ago and older
    if length.few:
        return Period(day, day)
    return None if ago.latin else older


def _bounded(covered: Cover, bound: _Bound, today: date) -> Period | None:
    start, end, first_edge, last_edge = covered[:4]
    kind = bound.kind or ("since" if bound.begins and not covered.ranged else "")
    if kind in {"", "within"} or (covered.ranged and kind in {"until", "since"}):
        edges = (START, END) if covered.ranged else (None, None)
        told = first_edge in {None, edges[0]} and last_edge in {None, edges[1]}
        return Period(start, end) if told else None
    if kind in {"before", "ago"}:
        whole = bound.inclusive or last_edge == END
        return Period(None, end if whole else start and start - _ONE_DAY)
    if kind == "until":
        return None if last_edge == START else Period(None, end or today)
    if kind == "since":
        return Period(end if first_edge == END else start, None)
    whole = bound.inclusive or first_edge == START
    return Period(start if whole else end and end + _ONE_DAY, None)
