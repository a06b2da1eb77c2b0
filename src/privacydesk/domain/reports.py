"""Reports: the figures of a period, computed from data that is not affected by purges.

Figures are computed from the dates, kinds, outcomes and grounds in the records of tickets, and from
daily counters. So the report of a past year stays the same after its conversations are purged.

A ticket is counted in the period of the date that a figure is about: the date promised first for
punctuality, the answer for the days to reply. The backlog is what is open at the end of the period.
Lateness is always measured against the date promised first (policy article 9).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from statistics import median
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from privacydesk.domain.counters import CounterKind, CounterSum
from privacydesk.domain.deadlines import (
    WorkingCalendar,
    count_working_days,
    working_days_left,
)
from privacydesk.domain.figures import COLUMNS, Figure, FigureName, Line
from privacydesk.domain.grounds import Ground
from privacydesk.domain.help_figures import HelpTargets, WaitStanding
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.periods import Period
from privacydesk.domain.task_figures import TaskRecord, task_figures
from privacydesk.domain.ticket import Satisfaction, Ticket

MORE: Final = "more"
OVERDUE: Final = "overdue"
NO_CLOCK: Final = "no_clock"

_REPLY_DAYS: Final = 10
"""The highest number of working days with a line of its own; slower answers share a line."""
PROMISED_DAYS: Final = 7
"""The number of working days in which an answer is promised (policy article 9)."""
CLOSING_DAYS: Final = 15
"""The number of working days in which an approved closing is carried out."""
_INSTANT: Final = timedelta(microseconds=1)

_VERIFICATION_STEPS: Final = (
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
"""The steps of identity verification, in their usual order."""


class Case(Struct, frozen=True):
    """The data of a ticket that reports use.

    Attributes:
        received_at: when the request was made.
        counted_from: when the leading clock started; None if no clock runs.
        promised_at: the first instant that is late, by the date promised first.
        answered_at: when the requester got the decision.
        closed_at: when the ticket was closed.
        grounds: the grounds for its refusal, one for each refused item.
        satisfaction: the requester's rating.
    """

    kind: RequestKind
    received_at: datetime
    counted_from: datetime | None = None
    promised_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    grounds: tuple[Ground, ...] = ()
    satisfaction: Satisfaction | None = None

    @classmethod
    def of(cls, ticket: Ticket) -> Case:
        """Return the case of a ticket."""
        clock = ticket.clock
        return cls(
            kind=ticket.kind,
            received_at=ticket.received_at,
            counted_from=None if clock is None else clock.started_at,
            promised_at=ticket.late_at,
            answered_at=ticket.answered_at,
            closed_at=ticket.closed_at,
            grounds=ticket.grounds,
            satisfaction=ticket.satisfaction,
        )

    def punctuality(self, now: datetime) -> str:
        """Return the column of ``ON_TIME`` in which it is counted, ``NO_CLOCK`` if no clock ran."""
        if self.promised_at is None:
            return NO_CLOCK
        if (self.answered_at or self.closed_at or now) >= self.promised_at:
            return "late"
        if self.answered_at is not None:
            return "on_time"
        return "open" if self.closed_at is None else "ended"


class Closing(Struct, frozen=True):
    """An approved closing of an account that the requester confirmed.

    Attributes:
        approved_at: when it was approved.
        closed_at: when it was carried out; None while it is not.
    """

    approved_at: datetime
    closed_at: datetime | None


class Report(Struct, frozen=True):
    """All figures of a period.

    Attributes:
        as_of: the time of the backlog: the end of the period, or the current time if earlier.
        received: number of requests made in the period.
        answered: number of requests answered in the period.
        median_days: the median number of working days that the answers took; None for no answers.
        longest_days: the highest of these numbers.
        help_targets: the targets of help by people, which its figures are compared with.
    """

    period: Period
    as_of: datetime
    received: int
    answered: int
    median_days: float | None
    figures: tuple[Figure, ...]
    help_targets: HelpTargets = HelpTargets()
    longest_days: int | None = None

    @property
    def waits(self) -> WaitStanding:
        """How the waits for a person stand to the targets."""
        return WaitStanding.of(self.figure(FigureName.WAITS_BY_HOUR), self.help_targets)

    def figure(self, name: FigureName) -> Figure:
        """Return the figure with a name."""
        return next(figure for figure in self.figures if figure.name is name)


class ReportBuilder:
    """Computes the figures of a period from cases and counters.

    Args:
        calendar: the operator's working calendar.
        zone: the operator's time zone.
        closing_days: the working days in which an approved closing is carried out; 0 for no such
            period.
    """

    def __init__(
        self, calendar: WorkingCalendar, zone: ZoneInfo, closing_days: int = CLOSING_DAYS
    ) -> None:
        self._calendar = calendar
        self._zone = zone
        self._closing_days = closing_days
        self._working_days: dict[tuple[date, date], int] = {}

    def report(
        self,
        period: Period,
        cases: Iterable[Case],
        counts: Iterable[CounterSum],
        now: datetime,
        closings: Iterable[Closing] = (),
        *,
        tasks: Iterable[TaskRecord] = (),
    ) -> Report:
        """Return the report of a period, without the figures of notices and of help by people.

        Args:
            period: the period.
            cases: all cases received before its end and not closed before its beginning.
            counts: the sums of the counters over the period.
            now: the current time.
            closings: the closings that were approved before its end and not carried out before its
                beginning.
            tasks: the tasks that were given before its end and not ended before its beginning.
        """
        since, until = period.since(self._zone), period.until(self._zone)
        as_of = min(now, until)
        cases = tuple(cases)
        answered = [
            case for case in cases if case.answered_at and since <= case.answered_at < until
        ]
        days = [self.reply_days(case) for case in answered if case.counted_from is not None]
        # ``promised_at`` is 00:00 of the day after the promised date.
        promised = [
            case for case in cases if case.promised_at and since < case.promised_at <= until
        ]
        closed = [case for case in cases if case.closed_at and since <= case.closed_at < until]
        refusals = Counter(ground for case in answered for ground in case.grounds)
        counters = _CounterLines(counts)
        return Report(
            period=period,
            as_of=as_of,
            received=sum(since <= case.received_at < until for case in cases),
            answered=len(answered),
            median_days=float(median(days)) if days else None,
            longest_days=max(days, default=None),
            figures=(
                _by_kind(
                    FigureName.ON_TIME, ((case.kind, case.punctuality(now)) for case in promised)
                ),
                self._closings(closings, since, as_of),
                _by_number(FigureName.REPLY_DAYS, days, range(_REPLY_DAYS + 1)),
                self._backlog([case for case in cases if _is_unanswered(case, as_of)], as_of),
                Figure(
                    FigureName.REFUSALS,
                    tuple(Line(ground.value, (refusals[ground],)) for ground in Ground),
                ),
                Figure(FigureName.GIVEN_UP, tuple(counters.given_up())),
                Figure(FigureName.UNSURE, tuple(counters.unsure())),
                _by_kind(
                    FigureName.SATISFACTION,
                    ((case.kind, case.satisfaction) for case in closed if case.satisfaction),
                ),
                *task_figures(tasks, since, as_of, self._working_days_of),
            ),
        )

    def _date(self, instant: datetime) -> date:
        return instant.astimezone(self._zone).date()

    def _working_days_of(self, start: datetime, end: datetime) -> int:
        return max(0, self._working_days_between(self._date(start), self._date(end)))

    def _working_days_between(self, start: date, end: date) -> int:
        """Return the working days after ``start`` up to ``end``; cached, since cases share them."""
        days = self._working_days.get((start, end))
        if days is None:
            days = self._working_days[start, end] = working_days_left(self._calendar, start, end)
        return days

    def reply_days(self, case: Case) -> int:
        """Return the working days from the start of the clock of an answered case to the answer."""
        assert case.counted_from is not None
        assert case.answered_at is not None
        return self._working_days_of(case.counted_from, case.answered_at)

    def _closings(self, closings: Iterable[Closing], since: datetime, as_of: datetime) -> Figure:
        """Count what was carried out in the period, and what is overdue at its end."""
        columns = []
        for closing in closings if self._closing_days else ():
            ended = closing.closed_at if closing.closed_at and closing.closed_at < as_of else None
            due_at = count_working_days(
                self._calendar, closing.approved_at, self._closing_days, self._zone
            ).due_at
            late = (ended or as_of) >= due_at
            if late or (ended is not None and ended >= since):
                columns.append((RequestKind.DEREGISTRATION, "late" if late else "on_time"))
        return _by_kind(FigureName.CLOSINGS, columns)

    def _backlog(self, unanswered: Sequence[Case], as_of: datetime) -> Figure:
        today = self._date(as_of - _INSTANT)
        counts: Counter[str] = Counter()
        for case in unanswered:
            if case.promised_at is None or case.counted_from is None or case.counted_from >= as_of:
                counts[NO_CLOCK] += 1
            elif case.promised_at <= as_of:
                counts[OVERDUE] += 1
            else:
                due_date = self._date(case.promised_at - _INSTANT)
                days = self._working_days_between(today, due_date)
                counts[str(days) if days <= PROMISED_DAYS else MORE] += 1
        labels = (OVERDUE, *(str(day) for day in range(PROMISED_DAYS + 1)), MORE, NO_CLOCK)
        return Figure(FigureName.BACKLOG, tuple(Line(label, (counts[label],)) for label in labels))


def _is_unanswered(case: Case, as_of: datetime) -> bool:
    """Return whether a case was received but not answered or closed at an instant."""
    return case.received_at < as_of and not any(
        end is not None and end < as_of for end in (case.answered_at, case.closed_at)
    )


def _by_kind(name: FigureName, columns: Iterable[tuple[RequestKind, str]]) -> Figure:
    """Return a figure with a line for each kind that occurs.

    Args:
        name: name of the figure.
        columns: kind and column of each case.
    """
    by_kind: dict[RequestKind, Counter[str]] = {}
    for kind, column in columns:
        by_kind.setdefault(kind, Counter())[column] += 1
    lines = (
        Line(kind.value, tuple(by_kind[kind][column] for column in COLUMNS[name]))
        for kind in RequestKind
        if kind in by_kind
    )
    return Figure(name, tuple(lines))


def _by_number(name: FigureName, numbers: Iterable[int], listed: range) -> Figure:
    """Return a figure with a line for each number in ``listed``, and one for all others."""
    counts = Counter(str(number) if number in listed else MORE for number in numbers)
    labels = (*map(str, listed), MORE)
    return Figure(name, tuple(Line(label, (counts[label],)) for label in labels))


class _CounterLines:
    """The lines of figures that are computed from counters."""

    def __init__(self, counts: Iterable[CounterSum]) -> None:
        self._counts: dict[CounterKind, dict[str, int]] = {kind: {} for kind in CounterKind}
        for count in counts:
            self._counts[count.what][count.detail] = count.number

    def _pair(
        self, first: CounterKind, second: CounterKind, order: Callable[[str], object]
    ) -> Iterator[tuple[str, int, int]]:
        """Yield each detail with the counts of two counters."""
        firsts, seconds = self._counts[first], self._counts[second]
        details = firsts.keys() | seconds.keys()
        for detail in sorted(details, key=order):  # type: ignore[arg-type]
            yield detail, firsts.get(detail, 0), seconds.get(detail, 0)

    def given_up(self) -> Iterator[Line]:
        for step, reached, passed in self._pair(
            CounterKind.REACHED, CounterKind.PASSED, _step_order
        ):
            # Around midnight, users pass a step that they reached on the day before.
            yield Line(step, (passed, max(0, reached - passed)))

    def unsure(self) -> Iterator[Line]:
        for locale, classified, unsure in self._pair(CounterKind.HEARD, CounterKind.UNSURE, str):
            yield Line(locale, (classified - unsure, unsure))


def _step_order(step: str) -> tuple[int, str]:
    return (
        _VERIFICATION_STEPS.index(step)
        if step in _VERIFICATION_STEPS
        else len(_VERIFICATION_STEPS),
        step,
    )
