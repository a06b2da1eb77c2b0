"""``privacydesk agents``: the people who work on requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

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

if TYPE_CHECKING:
    from pathlib import Path

agents_app = typer.Typer(
    name="agents", help="The people who work on requests.", no_args_is_help=True
)


@agents_app.command("add")
def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="One word; used in commands and logs.")
    ],
    display_name: Annotated[
        str, typer.Option("--display-name", metavar="TEXT", help="What users see. Default: NAME.")
    ] = "",
    role: Annotated[Role, typer.Option("--role", help="What they may do.")] = Role.AGENT,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add someone who works on requests."""
    agent = run(_add(data_dir, name, display_name, role))
    if as_json:
        print_json(_record(agent))
    else:
        typer.echo(f"Added {agent.name} ({agent.display_name}) as {plain(agent.role.value)}.")


@agents_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List who works on requests."""
    agents = run(_list(data_dir))
    if as_json:
        print_json([_record(agent) for agent in agents])
    elif agents:
        print_table([_row(agent) for agent in agents])
    else:
        typer.echo("Nobody yet. Add someone: privacydesk agents add NAME")


async def _add(data_dir: Path | None, name: str, display_name: str, role: Role) -> Agent:
    async with staff_rooms(data_dir) as rooms:
        return await rooms.staff.roster.add(name, display_name, role)


async def _list(data_dir: Path | None) -> list[Agent]:
    async with staff_rooms(data_dir) as rooms:
        return list(rooms.agents.values())


def _record(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "display_name": agent.display_name,
        "role": agent.role.value,
        "active": agent.active,
        "created_at": agent.created_at.isoformat(),
    }


def _row(agent: Agent) -> tuple[str, ...]:
    state = "" if agent.active else "inactive"
    return (agent.name, plain(agent.role.value), agent.display_name, state)
