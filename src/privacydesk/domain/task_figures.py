"""Figures of teams' tasks: answered on time or late, still open, and how long the answers took.

A task that was withdrawn is counted nowhere: nobody waits for it any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from msgspec import Struct

from privacydesk.domain.figures import COLUMNS, Figure, FigureName, Line, centile
from privacydesk.domain.tasks import TaskState

WorkingDays = Callable[[datetime, datetime], int]
"""Returns the working days after the day of an instant up to that of a later one."""


class TaskRecord(Struct, frozen=True):
    """What is counted of a task.

    Attributes:
        team: the name of its team; empty for the desk itself.
        state: its state now.
        created_at: when the team was asked.
        due_at: the first instant at which the answer is late.
        ended_at: when it was answered or withdrawn; None while it is open.
    """

    team: str
    state: TaskState
    created_at: datetime
    due_at: datetime
    ended_at: datetime | None = None


def task_figures(
    tasks: Iterable[TaskRecord], since: datetime, as_of: datetime, working_days: WorkingDays
) -> tuple[Figure, Figure]:
    """Return ``TASKS`` and ``TASK_DAYS`` of a period.

    Args:
        tasks: those created before the period's end that were not ended before its beginning.
        since: the beginning of the period.
        as_of: its end, or the current time if earlier.
        working_days: counts working days.
    """
    counts: dict[str, Counter[str]] = {}
    days: dict[str, list[int]] = {}
    for task in tasks:
        if task.created_at >= as_of or task.state is TaskState.WITHDRAWN:
            continue
        ended = task.ended_at if task.ended_at is not None and task.ended_at < as_of else None
        counts.setdefault(task.team, Counter())[_column(task, ended, as_of)] += 1
        if ended is not None and ended >= since:
            days.setdefault(task.team, []).append(working_days(task.created_at, ended))
    by_team = (
        Line(team, tuple(counts[team][column] for column in COLUMNS[FigureName.TASKS]))
        for team in sorted(counts)
    )
    lines = (Line(team, _spread(days[team])) for team in sorted(days))
    overall = _spread([day for numbers in days.values() for day in numbers])
    return (
        Figure(FigureName.TASKS, tuple(by_team)),
        Figure(FigureName.TASK_DAYS, tuple(lines), overall),
    )


def _column(task: TaskRecord, ended: datetime | None, as_of: datetime) -> str:
    is_late = (ended or as_of) >= task.due_at
    if ended is None:
        return "overdue" if is_late else "open"
    return "late" if is_late else "on_time"


def _spread(days: Sequence[int]) -> tuple[int, int, int]:
    """Return the number of answers, the median of their days, and the most days."""
    ordered = sorted(days)
    return len(ordered), centile(ordered, 50), max(ordered, default=0)
