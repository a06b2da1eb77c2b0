"""``privacydesk tasks``: what teams are asked to do for requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import (
    AsJson,
    By,
    DataDir,
    Number,
    command_services,
    exit_with_usage_error,
    print_json,
    read_text_argument,
    run,
)
from privacydesk.cli.ticket_text import TicketFormatter, task_record
from privacydesk.domain.tasks import Task, TaskResult
from privacydesk.domain.ticket import Ticket
from privacydesk.services.staff.tasks import NewTask, Tasks

if TYPE_CHECKING:
    from privacydesk.app import Services

tasks_app = typer.Typer(
    name="tasks", help="What teams are asked to do for requests.", no_args_is_help=True
)

TaskNumber = Annotated[
    int, typer.Argument(metavar="TASK", min=1, help="The task's number within the request.")
]
Note = Annotated[
    str,
    typer.Option("--text", metavar="TEXT", help="In words, for colleagues; - reads them."),
]


@tasks_app.command("list")
def list_(
    teams: Annotated[
        list[str] | None,
        typer.Option("--team", metavar="TEAM", help="Only of this team; may be repeated."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List open tasks, the earliest due first."""
    found, formatter = run(_list(data_dir, teams))
    if as_json:
        print_json([_with_number(ticket, task, formatter) for ticket, task in found])
    elif found:
        for ticket, task in found:
            typer.echo(f"{ticket.number}  {formatter.task_line(ticket, task)}")
    else:
        typer.echo("No open tasks.")


@tasks_app.command("create")
def create(
    number: Number,
    by: By,
    team: Annotated[
        str, typer.Option("--team", metavar="TEAM", help="A team of the profile.")
    ] = "",
    items: Annotated[
        list[int] | None,
        typer.Option(
            "--item",
            metavar="N",
            min=1,
            help="An item of the request, from 1; may be repeated. Default: the whole request.",
        ),
    ] = None,
    text: Note = "",
    due: Annotated[
        str,
        typer.Option(
            "--due",
            metavar="DAY",
            help="The last day, as 2026-06-10. Default: the working day before the request's.",
        ),
    ] = "",
    late: Annotated[
        bool, typer.Option("--late", help="That day may be after the request's own date.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Hand items of a request to a team; without --team they are the desk's own."""
    try:
        due_date = date.fromisoformat(due) if due else None
    except ValueError:
        exit_with_usage_error("--due", "write a day as 2026-06-10")
    new = NewTask(
        team=team,
        items=tuple(item - 1 for item in items or ()),
        asked=read_text_argument(text),
        due_date=due_date,
        accept_late=late,
    )
    _run(data_dir, by, lambda tasks: tasks.create(number, by, new), as_json=as_json)


@tasks_app.command("take")
def take(
    number: Number, task: TaskNumber, by: By, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Take a task of one's team."""
    _run(data_dir, by, lambda tasks: tasks.take(number, task, by), as_json=as_json)


@tasks_app.command("hand-back")
def hand_back(
    number: Number,
    task: TaskNumber,
    by: By,
    text: Note = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Give a task back to the team, with a reason."""
    reason = read_text_argument(text)
    _run(data_dir, by, lambda tasks: tasks.hand_back(number, task, by, reason), as_json=as_json)


@tasks_app.command("answer")
def answer(
    number: Number,
    task: TaskNumber,
    by: By,
    result: Annotated[TaskResult, typer.Option("--result", help="What came of it.")],
    text: Note = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Answer a task. One that is not possible needs --text.

    The last answer that a granted request waits for closes it, and the user is informed.
    """
    note = read_text_argument(text)
    _run(data_dir, by, lambda tasks: tasks.answer(number, task, by, result, note), as_json=as_json)


@tasks_app.command("withdraw")
def withdraw(
    number: Number,
    task: TaskNumber,
    by: By,
    text: Note = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Withdraw a task. Of a granted request it needs --text: why it need not be done."""
    reason = read_text_argument(text)
    _run(data_dir, by, lambda tasks: tasks.withdraw(number, task, by, reason), as_json=as_json)


@tasks_app.command("chase")
def chase(
    number: Number, task: TaskNumber, by: By, as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Remind the team of a task."""
    _run(data_dir, by, lambda tasks: tasks.chase(number, task, by), as_json=as_json)


def _run(
    data_dir: Path | None,
    by: str,
    action: Callable[[Tasks], Awaitable[Ticket]],
    *,
    as_json: bool,
) -> None:
    """Run an action and print the request's tasks after it."""
    ticket, formatter = run(_call(data_dir, by, action))
    if as_json:
        print_json([_with_number(ticket, task, formatter) for task in ticket.tasks])
    else:
        for task in ticket.tasks:
            typer.echo(formatter.task_line(ticket, task))


async def _call(
    data_dir: Path | None, by: str, action: Callable[[Tasks], Awaitable[Ticket]]
) -> tuple[Ticket, TicketFormatter]:
    async with command_services(data_dir) as services:
        await services.staff.roster.person(by)
        return await action(services.staff.tasks), _formatter(services)


async def _list(
    data_dir: Path | None, teams: list[str] | None
) -> tuple[tuple[tuple[Ticket, Task], ...], TicketFormatter]:
    async with command_services(data_dir) as services:
        tasks = services.staff.tasks
        unknown = set(teams or ()) - tasks.teams.keys()
        if unknown:
            exit_with_usage_error("--team", f"the profile has no team {', '.join(sorted(unknown))}")
        return await tasks.open_tasks(teams), _formatter(services)


def _formatter(services: Services) -> TicketFormatter:
    return TicketFormatter(services.deadlines, services.clock.now())


def _with_number(ticket: Ticket, task: Task, formatter: TicketFormatter) -> dict[str, Any]:
    return {"ticket": ticket.number} | task_record(task, formatter.now)
