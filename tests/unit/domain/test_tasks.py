from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from msgspec.structs import replace

from privacydesk.domain.tasks import (
    TRANSITIONS,
    Task,
    TaskMove,
    TaskResult,
    TaskState,
    Team,
    end_tasks,
    may_move,
    move_task,
    task_record,
    team_for,
)
from privacydesk.errors import NotAllowedNowError

NOW = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
TASK = Task(
    number=1,
    team="payments",
    by="mei",
    created_at=NOW,
    due_date=date(2026, 5, 6),
    due_at=NOW + timedelta(days=2),
    asked="What did u-1001 buy?",
)
EXPLORED = 3
"""The lengths of moves after which each way through the states was taken."""


def test_every_state_and_move_is_permitted_or_refused_as_the_table_says() -> None:
    for state, move in product(TaskState, TaskMove):
        task = replace(TASK, state=state)
        if may_move(task, move):
            assert move_task(task, move, "li", NOW).state is TRANSITIONS[state, move]
        else:
            with pytest.raises(NotAllowedNowError):
                move_task(task, move, "li", NOW)


def test_on_every_way_a_task_ends_once_and_has_a_holder_while_it_is_taken() -> None:
    reached = {TASK}
    for _ in range(EXPLORED):
        reached |= {
            move_task(task, move, by, NOW)
            for task, move, by in product(reached, TaskMove, ("li", "wang"))
            if may_move(task, move)
        }
    assert {task.state for task in reached} == set(TaskState)
    for task in reached:
        assert task.is_open == (task.ended_at is None) == (not task.ended_by)
        if task.state is TaskState.TAKEN:
            assert task.holder
        if task.state is TaskState.WAITING:
            assert not task.holder
        if not task.is_open:
            assert not any(may_move(task, move) for move in TaskMove)


@pytest.mark.parametrize(
    ("state", "move", "reason"),
    [
        (TaskState.TAKEN, TaskMove.TAKE, "task_taken"),
        (TaskState.WAITING, TaskMove.HAND_BACK, "task_not_taken"),
        (TaskState.ANSWERED, TaskMove.ANSWER, "task_ended"),
        (TaskState.WITHDRAWN, TaskMove.TAKE, "task_ended"),
    ],
)
def test_a_refused_move_says_what_stands_in_the_way(
    state: TaskState, move: TaskMove, reason: str
) -> None:
    with pytest.raises(NotAllowedNowError) as refused:
        move_task(replace(TASK, state=state), move, "li", NOW)
    assert refused.value.data["reason"] == reason


def test_a_closed_ticket_withdraws_what_is_open_and_keeps_the_answers() -> None:
    answered = move_task(TASK, TaskMove.ANSWER, "li", NOW, result=TaskResult.DONE, note="gone")
    ended = end_tasks((answered, replace(TASK, number=2)), NOW)
    assert ended[0] == answered
    assert (ended[1].state, ended[1].ended_at) == (TaskState.WITHDRAWN, NOW)


def test_a_task_is_late_after_its_day_unless_it_was_withdrawn() -> None:
    assert not TASK.is_late(NOW)
    assert TASK.is_late(TASK.due_at)
    answered = move_task(TASK, TaskMove.ANSWER, "li", NOW)
    assert not answered.is_late(TASK.due_at)
    assert not move_task(TASK, TaskMove.WITHDRAW, "mei", TASK.due_at).is_late(TASK.due_at)


def test_a_record_keeps_no_words() -> None:
    answered = move_task(TASK, TaskMove.ANSWER, "li", NOW, result=TaskResult.DONE, note="gone")
    record = task_record(answered)
    assert (record.asked, record.note) == ("", "")
    assert (record.team, record.result, record.ended_at) == ("payments", TaskResult.DONE, NOW)


def test_an_item_goes_to_its_own_team_before_that_of_its_kind() -> None:
    teams = {
        "moderation": Team("moderation", {}, frozenset({"deletion"})),
        "payments": Team("payments", {}, frozenset({"payments"})),
    }
    assert team_for(teams, "deletion", "payments") == "payments"
    assert team_for(teams, "deletion", "posts") == "moderation"
    assert team_for(teams, "access", "posts") == ""
