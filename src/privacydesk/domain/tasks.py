"""Tasks: parts of a ticket that a team, the owner of some of the data, carries out or looks up.

A ticket that was granted stays open until its tasks are answered. A task of no team is the desk's
own: what the ticket's holder carries out by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.errors import NotAllowedNowError

MAX_TASKS: Final = 50
"""The most tasks of a ticket."""
MAX_TEAMS: Final = 30
"""The most teams of an operator."""


class TaskState(StrEnum):
    """The state of a task."""

    WAITING = "waiting"
    """Nobody of the team has taken it yet."""
    TAKEN = "taken"
    ANSWERED = "answered"
    WITHDRAWN = "withdrawn"
    """No longer asked for: withdrawn by staff, or its ticket was closed."""


class TaskMove(StrEnum):
    """What may happen to a task; also the name of its entry in the ticket's log."""

    CREATE = "task_created"
    TAKE = "task_taken"
    HAND_BACK = "task_handed_back"
    CHASE = "task_chased"
    """Staff remind the team; nothing changes."""
    ANSWER = "task_answered"
    WITHDRAW = "task_withdrawn"


class TaskResult(StrEnum):
    """How a team answers a task."""

    DONE = "done"
    NOTHING_HELD = "nothing_held"
    """The team holds nothing of what is asked for."""
    NOT_POSSIBLE = "not_possible"
    """It can't be carried out; the answer says why."""


class Team(Struct, frozen=True):
    """A data owner, such as the payment team.

    Attributes:
        name: by which the profile, agents and programs name it.
        labels: what it is called, by locale.
        items: names of the items, or of kinds of requests, that go to it by default.
    """

    name: str
    labels: Mapping[str, str]
    items: frozenset[str] = frozenset()

    def label(self, locale: str) -> str:
        """Return what it is called in a language."""
        return self.labels.get(locale) or self.name


class Task(Struct, frozen=True, omit_defaults=True):
    """What a team is asked to do for a ticket. Stored as JSON under these names.

    Attributes:
        number: its place among the ticket's tasks, from 1.
        team: the name of the team; empty for the desk itself.
        items: indexes of the ticket's items that it concerns; empty for the request as a whole.
        asked: what is asked for, in words; empty if the items say it.
        by: the agent who created it.
        due_date: the last day for the answer, in the operator's zone.
        due_at: the first instant at which the answer is late.
        holder: the member who took it.
        settles: whether its ticket was granted while it was open, so that its answer settles it.
        note: the words of the answer.
        ended_by: who answered or withdrew it; empty if it ended with its ticket.
    """

    number: int
    team: str
    by: str
    created_at: datetime
    due_date: date
    due_at: datetime
    items: tuple[int, ...] = ()
    asked: str = ""
    state: TaskState = TaskState.WAITING
    holder: str = ""
    settles: bool = False
    result: TaskResult | None = None
    note: str = ""
    ended_by: str = ""
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether its answer is waited for."""
        return self.state in _OPEN

    def is_late(self, now: datetime) -> bool:
        """Return whether it was answered, or is still open, after its date."""
        if self.state is TaskState.WITHDRAWN:
            return False
        return (self.ended_at or now) >= self.due_at


_OPEN: Final = frozenset({TaskState.WAITING, TaskState.TAKEN})

TRANSITIONS: Final[Mapping[tuple[TaskState, TaskMove], TaskState]] = {
    (TaskState.WAITING, TaskMove.TAKE): TaskState.TAKEN,
    (TaskState.TAKEN, TaskMove.HAND_BACK): TaskState.WAITING,
    (TaskState.WAITING, TaskMove.CHASE): TaskState.WAITING,
    (TaskState.TAKEN, TaskMove.CHASE): TaskState.TAKEN,
    (TaskState.WAITING, TaskMove.ANSWER): TaskState.ANSWERED,
    (TaskState.TAKEN, TaskMove.ANSWER): TaskState.ANSWERED,
    (TaskState.WAITING, TaskMove.WITHDRAW): TaskState.WITHDRAWN,
    (TaskState.TAKEN, TaskMove.WITHDRAW): TaskState.WITHDRAWN,
}
"""The state after each permitted move; unlisted moves are refused."""


def may_move(task: Task, move: TaskMove) -> bool:
    """Return whether the task's state permits a move."""
    return (task.state, move) in TRANSITIONS


def move_task(task: Task, move: TaskMove, by: str, now: datetime, **more: Any) -> Task:
    """Return the task after a move.

    Args:
        task: the task.
        move: what happens to it.
        by: the name of the agent; empty for the desk.
        now: the current time.
        **more: other fields to set, such as ``result`` and ``note`` of an answer.

    Raises:
        NotAllowedNowError: with reason ``task_ended`` if it was answered or withdrawn, else
            ``task_taken`` or ``task_not_taken``.
    """
    state = TRANSITIONS.get((task.state, move))
    if state is None:
        reason = "task_ended"
        if task.is_open:
            reason = "task_taken" if move is TaskMove.TAKE else "task_not_taken"
        raise NotAllowedNowError(
            f"a task that is {task.state.value} does not allow this", reason=reason
        )
    holder = {TaskMove.TAKE: by, TaskMove.HAND_BACK: ""}.get(move, task.holder)
    ended: dict[str, Any] = {} if state in _OPEN else {"ended_by": by, "ended_at": now}
    return replace(task, state=state, holder=holder, **ended, **more)


def end_tasks(tasks: tuple[Task, ...], now: datetime) -> tuple[Task, ...]:
    """Return a ticket's tasks with the open ones withdrawn, as the ticket is closed."""
    return tuple(
        move_task(task, TaskMove.WITHDRAW, "", now) if task.is_open else task for task in tasks
    )


def open_tasks(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """Return the tasks whose answers are waited for."""
    return tuple(task for task in tasks if task.is_open)


def task_record(task: Task) -> Task:
    """Return what is kept of a task when its ticket's content is deleted."""
    return replace(task, asked="", note="")


def team_for(teams: Mapping[str, Team], kind: str, item: str) -> str:
    """Return the name of the team to which an item goes by default; empty for the desk itself.

    Args:
        teams: the operator's teams, by name.
        kind: the kind of the request.
        item: the name of the item; a team for it goes before one for the kind.
    """
    for name in (item, kind):
        found = next((team.name for team in teams.values() if name in team.items), "")
        if found:
            return found
    return ""
