from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from privacydesk.calendars import Calendars
from privacydesk.domain.figures import Figure, FigureName
from privacydesk.domain.periods import Period
from privacydesk.domain.reports import ReportBuilder
from privacydesk.domain.task_figures import TaskRecord
from privacydesk.domain.tasks import TaskState

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(day: int, hour: int = 12, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


JUNE = Period(at(1).date(), at(30).date())
GIVEN, DUE, NOW = at(1), at(5, 0), at(20)


def task(
    team: str = "payments",
    *,
    given: datetime = GIVEN,
    ended: datetime | None = None,
    due: datetime = DUE,
    state: TaskState = TaskState.ANSWERED,
) -> TaskRecord:
    return TaskRecord(team, state if ended else TaskState.TAKEN, given, due, ended)


def figures(*tasks: TaskRecord, now: datetime = NOW) -> tuple[Figure, Figure]:
    builder = ReportBuilder(Calendars().get("CN"), SHANGHAI)
    report = builder.report(JUNE, (), (), now, tasks=tasks)
    return report.figure(FigureName.TASKS), report.figure(FigureName.TASK_DAYS)


def lines(figure: Figure) -> dict[str, tuple[int, ...]]:
    return {line.label: line.values for line in figure.lines}


def test_tasks_are_counted_by_team_and_by_whether_their_day_has_passed() -> None:
    by_team, _ = figures(
        task(ended=at(4, 23)),
        task(ended=DUE),
        task(due=at(20, 13)),
        task(due=at(20, 12)),
        task("", ended=at(2)),
        task("moderation", ended=at(2), state=TaskState.WITHDRAWN),
    )
    assert lines(by_team) == {"": (1, 0, 0, 0), "payments": (1, 1, 1, 1)}
    assert by_team.share(by_team.totals) == 0.5


def test_the_days_are_working_days_after_the_one_on_which_the_team_was_asked() -> None:
    # 6 and 7, and 13 and 14 June are weekends.
    _, days = figures(
        task(ended=at(1, 23)),
        task(ended=at(4)),
        task(ended=at(8)),
        task("moderation", given=at(12), ended=at(15)),
        task("moderation"),
    )
    assert lines(days) == {"moderation": (1, 1, 1), "payments": (3, 3, 5)}
    assert days.totals == (4, 1, 5)


def test_a_task_belongs_to_the_period_in_which_it_was_answered_or_is_open_at_its_end() -> None:
    july = at(3, month=7)
    early = task(given=at(20, month=5), ended=at(2))
    by_team, days = figures(early, task(ended=july), now=at(10, month=7))
    assert lines(by_team) == {"payments": (1, 0, 0, 1)}, "at the end of June it was overdue"
    assert days.totals[0] == 1
    by_team, days = figures(now=at(10, month=7))
    assert by_team.is_empty
    assert days.is_empty
