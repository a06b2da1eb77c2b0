"""Reports: figures of a period, made of what outlives the content of requests.

Everything comes from the dates, kinds, outcomes and grounds of tickets, which their records keep,
and from daily counters. So a report of last year says the same after its conversations have gone.

The instant that a figure is about decides which requests it counts: for punctuality the date
promised first, for the days to reply the answer; the backlog is what is open at the end of the
period. Lateness is always measured against the date promised first (policy article 9).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from privacydesk.domain.counters import Count, Countable
from privacydesk.domain.deadlines import WorkingCalendar, working_days_left
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.periods import Period
from privacydesk.domain.ticket import Satisfaction

MORE: Final = "more"
OVERDUE: Final = "overdue"
NO_CLOCK: Final = "no_clock"

_REPLY_DAYS: Final = 10
"""Working days listed one by one; longer answers share a line."""
PROMISED_DAYS: Final = 7
"""Working days within which an answer is promised (policy article 9)."""
_INSTANT: Final = timedelta(microseconds=1)

_WAY: Final = (
    "door",
    "account_hint",
    "contact",
    "send_code",
    "code",
    "next",
    "down",
    "evidence",
    "drop_evidence",
)
"""The steps of proving one's identity, in their usual order."""


class Case(Struct, frozen=True):
    """A request as reports see it.

    Attributes:
        received_at: when it was made.
        counted_from: when the leading clock started; None while none runs.
        promised_at: the first instant that is late, by the date promised first.
        answered_at: when the decision was committed to the user.
        closed_at: when it ended.
        grounds: on which it was refused, one for each refused part.
        satisfaction: what the requester said of it.
    """

    kind: RequestKind
    received_at: datetime
    counted_from: datetime | None = None
    promised_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    grounds: tuple[Ground, ...] = ()
    satisfaction: Satisfaction | None = None


class FigureName(StrEnum):
    """What a report shows."""

    ON_TIME = "on_time"
    """How many answers came in time, by kind."""
    REPLY_DAYS = "reply_days"
    """How many working days answers took."""
    BACKLOG = "backlog"
    """What was unanswered at the end, by working days left."""
    REFUSALS = "refusals"
    """The refusals, by ground."""
    GIVEN_UP = "given_up"
    """Where people gave up proving who they are."""
    UNSURE = "unsure"
    """How often a sentence was not understood, by language."""
    SATISFACTION = "satisfaction"
    """How satisfied people were with how requests ended, by kind."""


COLUMNS: Final[Mapping[FigureName, tuple[str, ...]]] = {
    FigureName.ON_TIME: ("on_time", "late", "open", "ended"),
    FigureName.REPLY_DAYS: ("answers",),
    FigureName.BACKLOG: ("requests",),
    FigureName.REFUSALS: ("refusals",),
    FigureName.GIVEN_UP: ("went_on", "gave_up"),
    FigureName.UNSURE: ("understood", "unsure"),
    FigureName.SATISFACTION: ("satisfied", "not_satisfied"),
}
"""The columns of each figure. Those of one line never overlap."""

SHARES: Final[Mapping[FigureName, tuple[str, tuple[str, ...]]]] = {
    FigureName.ON_TIME: ("on_time", ("on_time", "late")),
    FigureName.GIVEN_UP: ("gave_up", ("went_on", "gave_up")),
    FigureName.UNSURE: ("unsure", ("understood", "unsure")),
    FigureName.SATISFACTION: ("satisfied", ("satisfied", "not_satisfied")),
}
"""The figures with a rate: the column it is of, and the columns it is a share of."""


class Line(Struct, frozen=True):
    """A line of a figure: a member of a closed list or a number, and a count for each column."""

    label: str
    values: tuple[int, ...]


class Figure(Struct, frozen=True):
    """A complete figure: chart, table and file are made of the same lines."""

    name: FigureName
    lines: tuple[Line, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of its columns."""
        return COLUMNS[self.name]

    @property
    def totals(self) -> tuple[int, ...]:
        """Return the sums over all lines, column by column."""
        return tuple(
            sum(line.values[place] for line in self.lines) for place in range(len(self.columns))
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not any(self.totals)

    def share(self, values: Sequence[int]) -> float | None:
        """Return the rate of a line, 0 to 1; None without one, or where nothing was counted.

        Args:
            values: of a line, or ``totals``.
        """
        if self.name not in SHARES:
            return None
        part, whole = SHARES[self.name]
        named = dict(zip(self.columns, values, strict=True))
        out_of = sum(named[column] for column in whole)
        return named[part] / out_of if out_of else None


class Report(Struct, frozen=True):
    """All figures of a period.

    Attributes:
        as_of: the instant of the backlog: the period's end, or the present if that is earlier.
        received: requests made within the period.
        answered: requests answered within it.
        median_days: the median of working days that these answers took; None without any.
    """

    period: Period
    as_of: datetime
    received: int
    answered: int
    median_days: float | None
    figures: tuple[Figure, ...]

    def figure(self, name: FigureName) -> Figure:
        """Return one figure."""
        return next(one for one in self.figures if one.name is name)


class Reckoner:
    """Computes figures from cases, in the operator's zone and working days.

    Args:
        calendar: tells working days.
        zone: where the operator's days begin.
    """

    def __init__(self, calendar: WorkingCalendar, zone: ZoneInfo) -> None:
        self._calendar = calendar
        self._zone = zone
        self._counted: dict[tuple[date, date], int] = {}

    def report(
        self, period: Period, cases: Iterable[Case], counts: Iterable[Count], now: datetime
    ) -> Report:
        """Return the report of a period.

        Args:
            period: what it is about.
            cases: all that were made before its end and had not ended before its beginning.
            counts: the counts of its days.
            now: the present.
        """
        since, until = period.since(self._zone), period.until(self._zone)
        as_of = min(now, until)
        cases = tuple(cases)
        answered = [
            one for one in cases if one.answered_at is not None and since <= one.answered_at < until
        ]
        days = [self._days(one) for one in answered if one.counted_from is not None]
        # The first late instant is 00:00 of the day after the date that was promised.
        promised = [
            one for one in cases if one.promised_at is not None and since < one.promised_at <= until
        ]
        lying = [one for one in cases if _lies(one, as_of)]
        closed = [
            one for one in cases if one.closed_at is not None and since <= one.closed_at < until
        ]
        refused = Counter(ground for one in answered for ground in one.grounds)
        counted = _Counted(counts)
        return Report(
            period=period,
            as_of=as_of,
            received=sum(since <= one.received_at < until for one in cases),
            answered=len(answered),
            median_days=float(median(days)) if days else None,
            figures=(
                _by_kind(FigureName.ON_TIME, ((one.kind, _kept(one, now)) for one in promised)),
                _one_by_one(FigureName.REPLY_DAYS, days, range(_REPLY_DAYS + 1)),
                self._backlog(lying, as_of),
                Figure(
                    FigureName.REFUSALS,
                    tuple(Line(ground.value, (refused[ground],)) for ground in Ground),
                ),
                Figure(FigureName.GIVEN_UP, tuple(counted.given_up())),
                Figure(FigureName.UNSURE, tuple(counted.unsure())),
                _by_kind(
                    FigureName.SATISFACTION,
                    ((one.kind, one.satisfaction) for one in closed if one.satisfaction),
                ),
            ),
        )

    def _date(self, instant: datetime) -> date:
        return instant.astimezone(self._zone).date()

    def _between(self, start: date, end: date) -> int:
        """Return working days after one day up to another; cached, as many share their dates."""
        days = self._counted.get((start, end))
        if days is None:
            days = self._counted[start, end] = working_days_left(self._calendar, start, end)
        return days

    def _days(self, case: Case) -> int:
        assert case.counted_from is not None
        assert case.answered_at is not None
        return max(0, self._between(self._date(case.counted_from), self._date(case.answered_at)))

    def _backlog(self, lying: Sequence[Case], as_of: datetime) -> Figure:
        today = self._date(as_of - _INSTANT)
        left: Counter[str] = Counter()
        for case in lying:
            if case.promised_at is None or case.counted_from is None or case.counted_from >= as_of:
                left[NO_CLOCK] += 1
            elif case.promised_at <= as_of:
                left[OVERDUE] += 1
            else:
                days = self._between(today, self._date(case.promised_at - _INSTANT))
                left[str(days) if days <= PROMISED_DAYS else MORE] += 1
        labels = (OVERDUE, *(str(day) for day in range(PROMISED_DAYS + 1)), MORE, NO_CLOCK)
        return Figure(FigureName.BACKLOG, tuple(Line(one, (left[one],)) for one in labels))


def _lies(case: Case, as_of: datetime) -> bool:
    """Tell whether a request waited for its answer at an instant."""
    return case.received_at < as_of and not any(
        end is not None and end < as_of for end in (case.answered_at, case.closed_at)
    )


def _by_kind(name: FigureName, members: Iterable[tuple[RequestKind, str]]) -> Figure:
    """Return a figure with a line for each kind that occurs, given the column of each case."""
    by_kind: dict[RequestKind, Counter[str]] = {}
    for kind, column in members:
        by_kind.setdefault(kind, Counter())[column] += 1
    lines = (
        Line(kind.value, tuple(by_kind[kind][column] for column in COLUMNS[name]))
        for kind in RequestKind
        if kind in by_kind
    )
    return Figure(name, tuple(lines))


def _kept(case: Case, now: datetime) -> str:
    """Return whether a promise was kept: one of the columns of ``ON_TIME``."""
    assert case.promised_at is not None
    if (case.answered_at or case.closed_at or now) >= case.promised_at:
        return "late"
    if case.answered_at is not None:
        return "on_time"
    return "open" if case.closed_at is None else "ended"


def _one_by_one(name: FigureName, numbers: Iterable[int], told: range) -> Figure:
    spread = Counter(str(one) if one in told else MORE for one in numbers)
    return Figure(name, tuple(Line(one, (spread[one],)) for one in (*map(str, told), MORE)))


class _Counted:
    """Counts by what and detail, and the lines made of them."""

    def __init__(self, counts: Iterable[Count]) -> None:
        self._by: dict[Countable, dict[str, int]] = {what: {} for what in Countable}
        for one in counts:
            self._by[one.what][one.detail] = one.number

    def _lines(
        self, first: Countable, second: Countable, order: Callable[[str], object]
    ) -> Iterator[tuple[str, int, int]]:
        some, others = self._by[first], self._by[second]
        for detail in sorted(some.keys() | others.keys(), key=order):  # type: ignore[arg-type]
            yield detail, some.get(detail, 0), others.get(detail, 0)

    def given_up(self) -> Iterator[Line]:
        for step, reached, passed in self._lines(Countable.REACHED, Countable.PASSED, _along_way):
            # Around midnight people get past a step that they reached the day before.
            yield Line(step, (passed, max(0, reached - passed)))

    def unsure(self) -> Iterator[Line]:
        for locale, heard, unsure in self._lines(Countable.HEARD, Countable.UNSURE, str):
            yield Line(locale, (heard - unsure, unsure))


def _along_way(step: str) -> tuple[int, str]:
    return (_WAY.index(step) if step in _WAY else len(_WAY), step)
