"""The tasks of a ticket that is granted: what is still to be carried out by hand, and by whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from privacydesk.domain.deadlines import end_of_day
from privacydesk.domain.scopes import item_name
from privacydesk.domain.tasks import Task, TaskMove, TaskState, Team, move_task, team_for
from privacydesk.domain.ticket import Ticket
from privacydesk.services import plans
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.staff.preconditions import Verdict, concerns_granted


class GrantedTasks:
    """Makes the tasks of granted tickets, so that nothing granted is forgotten.

    Args:
        deadlines: knows the date of a task.
        teams: the operator's teams, by name.
    """

    def __init__(self, deadlines: Deadlines, teams: Mapping[str, Team]) -> None:
        self._deadlines = deadlines
        self._teams = teams

    def with_tasks(self, ticket: Ticket, by: str, verdict: Verdict, now: datetime) -> Ticket:
        """Return a ticket with the tasks that it waits for once it is granted.

        Open tasks about what is refused are withdrawn; the others are waited for. What no program
        and no open task carries out becomes a task of its team, or of the desk itself, unless the
        verdict says that it is done.

        Args:
            ticket: the ticket with the verdict on its items.
            by: the name of the agent who decides.
            verdict: the decision.
            now: the current time.
        """
        tasks = [_after_grant(ticket, task, by, now) for task in ticket.tasks]
        if not verdict.carried_out:
            for team, items in self._by_team(ticket, tasks).items():
                tasks.append(self._new_task(ticket, by, team, (len(tasks) + 1, items), now))
        return self._deadlines.with_tasks(ticket, tuple(tasks), now)

    def _by_team(self, ticket: Ticket, tasks: Sequence[Task]) -> dict[str, list[int]]:
        """Return the items that are to be carried out by hand and are in no open task."""
        by_team: dict[str, list[int]] = {}
        open_tasks = [task for task in tasks if task.is_open]
        for index, item in plans.items_by_hand(ticket):
            if not any(index in task.items or not task.items for task in open_tasks):
                team = team_for(self._teams, ticket.kind.value, item_name(item))
                by_team.setdefault(team, []).append(index)
        return by_team

    def _new_task(
        self, ticket: Ticket, by: str, team: str, place: tuple[int, Sequence[int]], now: datetime
    ) -> Task:
        number, items = place
        due_date = self._deadlines.task_date(ticket, now)
        holder = "" if team else ticket.holder
        return Task(
            number=number,
            team=team,
            by=by,
            created_at=now,
            due_date=due_date,
            due_at=end_of_day(due_date, self._deadlines.zone),
            items=tuple(items),
            state=TaskState.TAKEN if holder else TaskState.WAITING,
            holder=holder,
            settles=True,
        )


def _after_grant(ticket: Ticket, task: Task, by: str, now: datetime) -> Task:
    if not task.is_open:
        return task
    if concerns_granted(ticket, task):
        return replace(task, settles=True)
    return move_task(task, TaskMove.WITHDRAW, by, now)
