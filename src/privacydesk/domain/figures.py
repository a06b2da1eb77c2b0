"""Figures of reports: lines of counts in columns of closed lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from msgspec import Struct


class FigureName(StrEnum):
    """The name of a figure."""

    ON_TIME = "on_time"
    """Answers on time and late, by kind."""
    CLOSINGS = "closings"
    """Approved closings of accounts, carried out on time and late."""
    REPLY_DAYS = "reply_days"
    """Answers by the number of working days that they took."""
    BACKLOG = "backlog"
    """Tickets unanswered at the end of the period, by working days left."""
    REFUSALS = "refusals"
    """Refusals by ground."""
    GIVEN_UP = "given_up"
    """Users who gave up identity verification, by step."""
    UNSURE = "unsure"
    """Sentences that were not understood, by language."""
    SATISFACTION = "satisfaction"
    """Ratings of closed tickets, by kind."""
    TASKS = "tasks"
    """Tasks by team: answered on time and late, open and overdue."""
    TASK_DAYS = "task_days"
    """How many working days teams took for their answers."""
    INCIDENTS = "incidents"
    """Incident notices by what became of their recipients."""
    WAITS_BY_HOUR = "waits_by_hour"
    """Users who asked for a person: answered in time or later, gone, or waiting."""
    WAITS_BY_LANGUAGE = "waits_by_language"
    WAIT_TIME_BY_HOUR = "wait_time_by_hour"
    """How long users waited for a person."""
    WAIT_TIME_BY_LANGUAGE = "wait_time_by_language"
    FIRST_REPLY_BY_HOUR = "first_reply_by_hour"
    """How long it took until a person wrote."""
    FIRST_REPLY_BY_LANGUAGE = "first_reply_by_language"
    HANDLING_BY_HOUR = "handling_by_hour"
    """How long agents had the conversation."""
    HANDLING_BY_LANGUAGE = "handling_by_language"
    RETURNS_BY_HOUR = "returns_by_hour"
    """Users who had been with an agent, and asked for a person again soon after."""
    RETURNS_BY_LANGUAGE = "returns_by_language"


_BY_HOUR: Final = "_by_hour"
_BY_LANGUAGE: Final = "_by_language"
_WAITS: Final = ("in_time", "too_late", "left", "waiting")
_TIMES: Final = ("visits", "median_seconds", "p90_seconds")
_RETURNS: Final = ("not_returned", "returned", "undecided")

COLUMNS: Final[Mapping[FigureName, tuple[str, ...]]] = {
    FigureName.ON_TIME: ("on_time", "late", "open", "ended"),
    FigureName.CLOSINGS: ("on_time", "late"),
    FigureName.REPLY_DAYS: ("answers",),
    FigureName.BACKLOG: ("requests",),
    FigureName.REFUSALS: ("refusals",),
    FigureName.GIVEN_UP: ("went_on", "gave_up"),
    FigureName.UNSURE: ("understood", "unsure"),
    FigureName.SATISFACTION: ("satisfied", "not_satisfied"),
    FigureName.TASKS: ("on_time", "late", "open", "overdue"),
    FigureName.TASK_DAYS: ("answers", "median_days", "most_days"),
    FigureName.INCIDENTS: ("read", "unreached", "reached", "waiting"),
    FigureName.WAITS_BY_HOUR: _WAITS,
    FigureName.WAITS_BY_LANGUAGE: _WAITS,
    FigureName.WAIT_TIME_BY_HOUR: _TIMES,
    FigureName.WAIT_TIME_BY_LANGUAGE: _TIMES,
    FigureName.FIRST_REPLY_BY_HOUR: _TIMES,
    FigureName.FIRST_REPLY_BY_LANGUAGE: _TIMES,
    FigureName.HANDLING_BY_HOUR: _TIMES,
    FigureName.HANDLING_BY_LANGUAGE: _TIMES,
    FigureName.RETURNS_BY_HOUR: _RETURNS,
    FigureName.RETURNS_BY_LANGUAGE: _RETURNS,
}
"""The columns of each figure. A ticket, a visit, a task or a recipient is counted in one column
only."""

SHARES: Final[Mapping[FigureName, tuple[str, tuple[str, ...]]]] = {
    FigureName.ON_TIME: ("on_time", ("on_time", "late")),
    FigureName.CLOSINGS: ("on_time", ("on_time", "late")),
    FigureName.GIVEN_UP: ("gave_up", ("went_on", "gave_up")),
    FigureName.UNSURE: ("unsure", ("understood", "unsure")),
    FigureName.SATISFACTION: ("satisfied", ("satisfied", "not_satisfied")),
    FigureName.TASKS: ("on_time", ("on_time", "late", "overdue")),
    FigureName.INCIDENTS: ("unreached", ("read", "reached", "unreached")),
    FigureName.WAITS_BY_HOUR: ("in_time", ("in_time", "too_late")),
    FigureName.WAITS_BY_LANGUAGE: ("in_time", ("in_time", "too_late")),
    FigureName.RETURNS_BY_HOUR: ("returned", ("not_returned", "returned")),
    FigureName.RETURNS_BY_LANGUAGE: ("returned", ("not_returned", "returned")),
}
"""By figure with a rate: the column of the numerator, and the columns of the denominator."""


HELP_FIGURES: Final = tuple(name for name in FigureName if name.endswith((_BY_HOUR, _BY_LANGUAGE)))
"""The figures of help by people."""

TIME_FIGURES: Final = frozenset(name for name in HELP_FIGURES if COLUMNS[name] is _TIMES)
"""The figures of durations in seconds."""

SPREADS: Final = TIME_FIGURES | {FigureName.TASK_DAYS}
"""The figures of durations: count, median, and a higher value; their totals are no sums."""


def measure_of(name: FigureName) -> str:
    """Return what a figure measures, without by what."""
    return name.removesuffix(_BY_HOUR).removesuffix(_BY_LANGUAGE)


def centile(ordered: Sequence[int], percent: int) -> int:
    """Return the smallest value that is not exceeded by a percentage of the values; 0 for none."""
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else 0


class Line(Struct, frozen=True):
    """A line of a figure, with a count for each column.

    Its label is a number, or a name that no requester wrote: of a closed list, a team, a notice.
    """

    label: str
    values: tuple[int, ...]


class Figure(Struct, frozen=True):
    """A complete figure, shown as a chart, a table and a file.

    Attributes:
        overall: the values of all lines together, where they are no sums.
    """

    name: FigureName
    lines: tuple[Line, ...] = ()
    overall: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its columns."""
        return COLUMNS[self.name]

    @property
    def totals(self) -> tuple[int, ...]:
        """The sum of each column, or the overall values."""
        return self.overall or tuple(
            sum(line.values[index] for line in self.lines) for index in range(len(self.columns))
        )

    @property
    def is_empty(self) -> bool:
        """Whether all counts are zero."""
        return not any(self.totals)

    def share(self, values: Sequence[int]) -> float | None:
        """Return the rate of a line, 0 to 1; None if the figure has no rate, or nothing to count.

        Args:
            values: the values of a line, or ``totals``.
        """
        counts = self.share_counts(values)
        return None if counts is None else counts[0] / counts[1]

    def share_counts(self, values: Sequence[int]) -> tuple[int, int] | None:
        """Return the numerator and the denominator of ``share``; None where that is None."""
        if self.name not in SHARES:
            return None
        numerator, denominator = SHARES[self.name]
        counts = dict(zip(self.columns, values, strict=True))
        total = sum(counts[column] for column in denominator)
        return (counts[numerator], total) if total else None
