"""``privacydesk ticketing``: checking and controlling the sync with a helpdesk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    UnavailableInCommands,
    command_clock,
    exit_with_usage_error,
    format_instant,
    load_settings_for,
    print_json,
    run,
)
from privacydesk.errors import UnavailableError

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from privacydesk.app import Services
    from privacydesk.domain.ticketing_links import TicketingLink
    from privacydesk.services.ticketing.sync_rounds import Standing, SyncRounds

ticketing_app = typer.Typer(
    name="ticketing",
    help="Synchronization of requests with the tickets of a helpdesk.",
    no_args_is_help=True,
)
_RETRY_SECONDS: Final = 0.5
_TIMEOUT_SECONDS: Final = 90.0
"""How long to wait until another process finishes its round, or its lease ends."""


@ticketing_app.callback()
def ticketing() -> None:
    """Synchronization of requests with the tickets of a helpdesk; `serve` does it by itself."""


@ticketing_app.command("check")
def check(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Check settings and mapping against the helpdesk. Prints faults, and exits with 1 then."""
    faults = run(_check(data_dir))
    if as_json:
        print_json(list(faults))
    else:
        typer.echo("\n".join(faults) or "Nothing is wrong.")
    if faults:
        raise typer.Exit(1)


@ticketing_app.command("status")
def status(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show how many requests are linked, and which could not be synchronized."""
    standing, numbers, zone = run(_status(data_dir))
    if as_json:
        print_json(_record(standing, numbers))
    else:
        typer.echo("\n".join(_lines(standing, numbers, zone)))


@ticketing_app.command("sync")
def sync(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Synchronize both sides once, now."""
    done = run(_sync(data_dir))
    if as_json:
        print_json({"links": done})
    else:
        typer.echo(f"Synchronized {done} linked requests.")


@ticketing_app.command("retry")
def retry(
    number: Annotated[
        str, typer.Argument(metavar="[NUMBER]", help="Only this request. Default: all that failed.")
    ] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Retry requests whose sync failed. A ticket deleted in the helpdesk is created anew."""
    count = run(_retry(data_dir, number))
    if as_json:
        print_json({"links": count})
    else:
        typer.echo(f"{count} will be tried in the next round.")


@asynccontextmanager
async def open_ticketing(data_dir: Path | None) -> AsyncIterator[tuple[Services, SyncRounds]]:
    """Open the services for a command, with a connection to the ticketing system."""
    from privacydesk import logs  # noqa: PLC0415 - these import the database and the web
    from privacydesk.app import (  # noqa: PLC0415
        ExternalServices,
        choose_profile,
        open_services,
    )
    from privacydesk.app.connections import connect_ticketing  # noqa: PLC0415

    settings = load_settings_for(data_dir)
    logs.set_up("error", as_json=settings.log_json)
    if not settings.ticketing_system:
        exit_with_usage_error("PRIVACYDESK_TICKETING_SYSTEM", "no ticketing system is configured")
    profile = choose_profile(settings, beside_serve=True)
    clock = command_clock(settings.data_dir)
    async with connect_ticketing(settings, clock, profile.ticketing.map(profile.zone)) as system:
        external = ExternalServices(
            UnavailableInCommands(), UnavailableInCommands(), ticketing=system
        )
        async with open_services(
            settings,
            external,
            profile=profile,
            clock=clock,
            understanding=UnavailableInCommands(),
            beside_serve=True,
        ) as services:
            assert services.ticketing is not None
            yield services, services.ticketing


async def _check(data_dir: Path | None) -> tuple[str, ...]:
    async with open_ticketing(data_dir) as (_, sync_rounds):
        return await sync_rounds.check()


async def _status(data_dir: Path | None) -> tuple[Standing, dict[bytes, str], tzinfo]:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    async with open_ticketing(data_dir) as (services, sync_rounds):
        standing = await sync_rounds.standing()
        numbers: dict[bytes, str] = {}
        for link in standing.failing:
            ticket = await services.store.reader.ticket(link.ticket_id)
            numbers[link.ticket_id] = "" if ticket is None else ticket.number
        return standing, numbers, ZoneInfo(services.profile.zone)


async def _sync(data_dir: Path | None) -> int:
    async with open_ticketing(data_dir) as (_, sync_rounds), asyncio.timeout(_TIMEOUT_SECONDS):
        try:
            while True:
                done = await sync_rounds.round()
                if done is not None:
                    return done
                await asyncio.sleep(_RETRY_SECONDS)
        except TimeoutError:
            raise UnavailableError("another process is synchronizing; try again later") from None


async def _retry(data_dir: Path | None, number: str) -> int:
    async with open_ticketing(data_dir) as (services, sync_rounds):
        ticket_id = (await services.staff.tickets.by_number(number)).id if number else None
        return await sync_rounds.retry(ticket_id)


def _record(standing: Standing, numbers: dict[bytes, str]) -> dict[str, Any]:
    system, counts = standing.system, standing.counts
    return {
        "system": standing.name,
        "joined_at": None if system is None else system.joined_at.isoformat(),
        "fault": "" if system is None else system.fault,
        "failing_since": (
            None
            if system is None or system.failing_since is None
            else system.failing_since.isoformat()
        ),
        "open": counts.open,
        "waiting": counts.waiting,
        "failing": counts.failing,
        "gone": counts.gone,
        "failures": [
            {
                "number": numbers[link.ticket_id],
                "remote": link.remote,
                "fault": link.fault,
                "attempts": link.attempts,
                "next_at": link.due_at.isoformat(),
            }
            for link in standing.failing
        ],
    }


def _lines(standing: Standing, numbers: dict[bytes, str], zone: tzinfo) -> list[str]:
    system, counts = standing.system, standing.counts
    if system is None:
        return [f"{standing.name} is not connected yet: `serve` connects in its first round."]
    since = system.failing_since
    reachability = (
        f"can't be reached since {format_instant(since, zone)}: {system.fault}"
        if since is not None
        else "is reached"
    )
    joined = format_instant(system.joined_at, zone)
    lines = [
        f"{standing.name} {reachability}; connected since {joined}.",
        f"  linked         {counts.open}",
        f"  not sent yet   {counts.waiting}",
        f"  failing        {counts.failing}",
        f"  deleted there  {counts.gone}",
    ]
    return lines + [_failure(link, numbers[link.ticket_id], zone) for link in standing.failing]


def _failure(link: TicketingLink, number: str, zone: tzinfo) -> str:
    remote = link.label or "no ticket yet"
    retry_at = format_instant(link.due_at, zone)
    return f"  {number}  {remote}  {link.fault}, {link.attempts} times; next try {retry_at}"
