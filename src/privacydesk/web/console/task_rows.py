"""Tasks as rows of a list, and the template variables about the tasks of a request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from privacydesk.domain.agents import Agent
from privacydesk.domain.tasks import Task, TaskResult
from privacydesk.domain.ticket import Ticket
from privacydesk.services.staff.tasks import is_own, may_manage
from privacydesk.web.console.services import ConsoleServices


class TaskRow(Struct, frozen=True):
    """A task in a list, with its ticket.

    Attributes:
        is_late: whether its day has passed.
        is_own: whether the reader may take and answer it.
    """

    ticket: Ticket
    task: Task
    is_late: bool
    is_own: bool


def task_rows(
    services: ConsoleServices, found: Sequence[tuple[Ticket, Task]], agent: Agent
) -> list[TaskRow]:
    """Return tasks as rows of a list, for a reader."""
    now = services.clock.now()
    return [
        TaskRow(ticket, task, task.is_late(now), is_own(ticket, task, agent))
        for ticket, task in found
    ]


def case_task_values(services: ConsoleServices, ticket: Ticket, agent: Agent) -> dict[str, Any]:
    """Return the template variables about the tasks on a case page."""
    manages = ticket.is_open and may_manage(ticket, agent)
    return {
        "task_rows": task_rows(services, [(ticket, task) for task in ticket.tasks], agent),
        "may_manage_tasks": manages,
        "may_hand_on": manages and services.staff.tasks.may_be_created(ticket),
        "teams": list(services.staff.tasks.teams.values()),
        "task_date": services.staff.tasks.default_date(ticket),
        "results": list(TaskResult),
    }
