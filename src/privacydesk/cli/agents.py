"""``privacydesk agents``: managing the accounts of staff."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_services,
    humanize,
    print_json,
    print_table,
    run,
)
from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.signin import BY_COMMAND
from privacydesk.invocation import as_invoked

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from privacydesk.services.signin.agent_administration import (
        AgentAdministration,
        TemporaryPassword,
    )

T = TypeVar("T")

agents_app = typer.Typer(
    name="agents", help="The staff who work on requests.", no_args_is_help=True
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
        "--as",
        metavar="AGENT",
        help="The administrator who does this, for the audit. Default: the command line.",
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
    """Add an agent, and print a temporary password once.

    They replace it at their first sign-in to the console.
    """
    created = run(
        _with_administration(
            data_dir, by, lambda agents, actor: agents.add(name, display_name, role, by=actor)
        )
    )
    agent = created.agent
    _print_temporary_password(
        created,
        f"Added {agent.name} ({agent.display_name}) as {humanize(agent.role.value)}.",
        as_json,
    )


@agents_app.command("reset")
def reset(
    name: Name, by: Administrator = "", as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Reset an agent's sign-in: print a temporary password and remove their authenticator.

    Ends their sessions. A disabled agent is enabled again.
    """
    created = run(
        _with_administration(
            data_dir, by, lambda agents, actor: agents.reset_access(name, by=actor)
        )
    )
    _print_temporary_password(created, f"{created.agent.name} signs in anew.", as_json)


@agents_app.command("disable")
def disable(
    name: Name, by: Administrator = "", as_json: AsJson = False, data_dir: DataDir = None
) -> None:
    """Disable an agent and end their sessions. The record of what they did stays."""
    agent = run(
        _with_administration(data_dir, by, lambda agents, actor: agents.disable(name, by=actor))
    )
    if as_json:
        print_json(_record(agent))
    else:
        again = as_invoked(f"privacydesk agents reset {agent.name}", data_dir)
        typer.echo(f"{agent.name} can no longer act. Let them in again: {again}")


@agents_app.command("link")
def link(
    name: Name,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT",
            help="The account's identifier at the identity provider (its `sub`).",
        ),
    ] = "",
    by: Administrator = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Link an agent with their account at the identity provider; without SUBJECT, end the link.

    Ends their sessions by the provider.
    """
    agent = run(
        _with_administration(
            data_dir, by, lambda agents, actor: agents.link_identity(name, subject, by=actor)
        )
    )
    if as_json:
        print_json(_record(agent) | {"subject": subject.strip()})
    elif subject.strip():
        typer.echo(f"{agent.name} signs in by the identity provider.")
    else:
        typer.echo(f"{agent.name} no longer signs in by the identity provider.")


@agents_app.command("teams")
def teams(
    name: Name,
    team: Annotated[
        list[str] | None,
        typer.Option("--team", metavar="TEAM", help="A team of the profile; may be repeated."),
    ] = None,
    by: Administrator = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Set the teams whose tasks an agent works on; none without --team."""
    agent = run(
        _with_administration(
            data_dir, by, lambda agents, actor: agents.set_teams(name, team or (), by=actor)
        )
    )
    if as_json:
        print_json(_record(agent))
    else:
        typer.echo(f"{agent.name} works for: {', '.join(agent.teams) or 'no team'}.")


@agents_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List agents with their availability and workload."""
    agents, workload = run(_list(data_dir))
    if as_json:
        print_json([_record(agent) | workload[agent.name] for agent in agents])
    elif agents:
        print_table([_row(agent, workload[agent.name]) for agent in agents])
    else:
        typer.echo(as_invoked("Nobody yet. Add someone: privacydesk agents add NAME", data_dir))


async def _with_administration(
    data_dir: Path | None, by: str, call: Callable[[AgentAdministration, str], Awaitable[T]]
) -> T:
    async with command_services(data_dir) as services:
        if by:
            await services.staff.roster.administrator(by)
        return await call(services.signin.agents, by or BY_COMMAND)


async def _list(data_dir: Path | None) -> tuple[list[Agent], dict[str, dict[str, Any]]]:
    async with command_services(data_dir) as services:
        board, now = await services.attendance.board(), services.clock.now()
        tickets = await services.staff.tickets.count_by_holder()
        agents = list(services.agents.values())
        return agents, {
            agent.name: {
                "availability": board.duty(agent.name).presence(now).value,
                "conversations": board.conversations.get(agent.name, 0),
                "open_requests": tickets.get(agent.name, 0),
            }
            for agent in agents
        }


def _print_temporary_password(created: TemporaryPassword, message: str, as_json: bool) -> None:
    if as_json:
        password = {"temporary_password": created.password, "until": created.expires_at.isoformat()}
        print_json(_record(created.agent) | password)
        return
    typer.echo(message)
    typer.echo(f"Temporary password: {created.password}")
    typer.echo(
        f"It is shown this once and works until {created.expires_at:%Y-%m-%d %H:%M} UTC,"
        " at /console/ on the desk's address."
    )


def _record(agent: Agent) -> dict[str, Any]:
    return {
        "name": agent.name,
        "display_name": agent.display_name,
        "role": agent.role.value,
        "active": agent.active,
        "teams": list(agent.teams),
        "created_at": agent.created_at.isoformat(),
    }


def _row(agent: Agent, workload: dict[str, Any]) -> tuple[str, ...]:
    state = humanize(workload["availability"]) if agent.active else "inactive"
    counts = (
        f"conversations: {workload['conversations']}, open requests: {workload['open_requests']}"
    )
    work = f"teams: {', '.join(agent.teams)}" if agent.role is Role.DATA_OWNER else counts
    return (agent.name, humanize(agent.role.value), agent.display_name, state, work)
