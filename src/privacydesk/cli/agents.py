"""``privacydesk agents``: the people who work on requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from privacydesk.calling import as_called
from privacydesk.cli.common import (
    AsJson,
    DataDir,
    plain,
    print_json,
    print_table,
    run,
    staff_rooms,
)
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.signin import BY_COMMAND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from privacydesk.services.signin.people import Given, People

T = TypeVar("T")

agents_app = typer.Typer(
    name="agents", help="The people who work on requests.", no_args_is_help=True
)


Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", help="2 to 32 small letters and digits; used in commands and logs."
    ),
]


Administrator = Annotated[
    str,
    typer.Option(
        "--as", metavar="AGENT", help="The administrator whose act it is. Default: nobody's."
    ),
]


@agents_app.command("add")
def add(
    name: Name,
    display_name: Annotated[
        str, typer.Option("--display-name", metavar="TEXT", help="What users see. Default: NAME.")
    ] = "",
    role: Annotated[Role, typer.Option("--role", help="What they may do.")] = Role.AGENT,
    by: Administrator = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add someone who works on requests.

    Prints a temporary password, once. They replace it at their first sign-in to the console.
    """
    given = run(
        _with_people(data_dir, by, lambda people, who: people.add(name, display_name, role, by=who))
    )
    agent = given.agent
    _print_given(
        given, f"Added {agent.name} ({agent.display_name}) as {plain(agent.role.value)}.", as_json
    )


@agents_app.command("reset")
def reset(
    name: Name, by: Administrator = "", as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Give someone a temporary password and forget their authenticator.

    Ends their sessions. Someone who was disabled may act again.
    """
    given = run(_with_people(data_dir, by, lambda people, who: people.reset(name, by=who)))
    _print_given(given, f"{given.agent.name} signs in anew.", as_json)


@agents_app.command("disable")
def disable(
    name: Name, by: Administrator = "", as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Shut someone out and end their sessions; what they did stays theirs."""
    agent = run(_with_people(data_dir, by, lambda people, who: people.disable(name, by=who)))
    if as_json:
        print_json(_record(agent))
    else:
        again = as_called(f"privacydesk agents reset {agent.name}", data_dir)
        typer.echo(f"{agent.name} can no longer act. Let them in again: {again}")


@agents_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List who works on requests, who is there, and what they have."""
    agents, there = run(_list(data_dir))
    if as_json:
        print_json([_record(agent) | there[agent.name] for agent in agents])
    elif agents:
        print_table([_row(agent, there[agent.name]) for agent in agents])
    else:
        typer.echo(as_called("Nobody yet. Add someone: privacydesk agents add NAME", data_dir))


async def _with_people(
    data_dir: Path | None, by: str, work: Callable[[People, str], Awaitable[T]]
) -> T:
    async with staff_rooms(data_dir) as rooms:
        if by:
            await rooms.staff.roster.administrator(by)
        return await work(rooms.doors.people, by or BY_COMMAND)


async def _list(data_dir: Path | None) -> tuple[list[Agent], dict[str, dict[str, Any]]]:
    async with staff_rooms(data_dir) as rooms:
        board, now = await rooms.attendance.board(), rooms.clock.now()
        tickets = await rooms.staff.cases.held()
        agents = list(rooms.agents.values())
        return agents, {
            one.name: {
                "availability": board.duty(one.name).standing(now).value,
                "conversations": board.held.get(one.name, 0),
                "open_requests": tickets.get(one.name, 0),
            }
            for one in agents
        }


def _print_given(given: Given, what: str, as_json: bool) -> None:
    if as_json:
        password = {"temporary_password": given.password, "until": given.until.isoformat()}
        print_json(_record(given.agent) | password)
        return
    typer.echo(what)
    typer.echo(f"Temporary password: {given.password}")
    typer.echo(
        f"It is shown this once and works until {given.until:%Y-%m-%d %H:%M} UTC,"
        " at /console/ on the desk's address."
    )


def _record(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "display_name": agent.display_name,
        "role": agent.role.value,
        "active": agent.active,
        "created_at": agent.created_at.isoformat(),
    }


def _row(agent: Agent, there: dict[str, Any]) -> tuple[str, ...]:
    state = plain(there["availability"]) if agent.active else "inactive"
    has = f"conversations: {there['conversations']}, open requests: {there['open_requests']}"
    return (agent.name, plain(agent.role.value), agent.display_name, state, has)
