"""``privacydesk ticketing``: whether a helpdesk is joined correctly, and the state of the sync."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    LeftToServe,
    clock_of,
    instant_text,
    load,
    misused,
    print_json,
    run,
)
from privacydesk.errors import UnavailableError

if TYPE_CHECKING:
    from datetime import tzinfo
    from pathlib import Path

    from privacydesk.app import Rooms
    from privacydesk.domain.ticketing_links import TicketingLink
    from privacydesk.services.ticketing.sync_rounds import Standing, SyncRounds

ticketing_app = typer.Typer(
    name="ticketing",
    help="Requests kept alike with the tickets of a helpdesk.",
    no_args_is_help=True,
)
_AGAIN: Final = 0.5
_PATIENCE: Final = 90.0
"""Seconds to wait until another process's round is over, or its lease ends."""


@ticketing_app.callback()
def ticketing() -> None:
    """Requests kept alike with the tickets of a helpdesk; `serve` does so by itself."""


@ticketing_app.command("check")
def check(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Look whether settings and mapping fit the helpdesk. Exit 1 and one line a fault."""
    faults = run(_check(data_dir))
    if as_json:
        print_json(list(faults))
    else:
        typer.echo("\n".join(faults) or "Nothing is wrong.")
    if faults:
        raise typer.Exit(1)


@ticketing_app.command("status")
def status(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show how many requests are linked, and what could not be brought over."""
    standing, numbers, zone = run(_status(data_dir))
    if as_json:
        print_json(_record(standing, numbers))
    else:
        typer.echo("\n".join(_lines(standing, numbers, zone)))


@ticketing_app.command("sync")
def sync(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Look at both sides now, once, and bring over what is new."""
    done = run(_sync(data_dir))
    if as_json:
        print_json({"links": done})
    else:
        typer.echo(f"Looked at {done} linked requests.")


@ticketing_app.command("retry")
def retry(
    number: Annotated[
        str, typer.Argument(metavar="[NUMBER]", help="Only this request; else all that failed.")
    ] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Try again what failed. Where a ticket of the helpdesk is gone, another is made."""
    count = run(_retry(data_dir, number))
    if as_json:
        print_json({"links": count})
    else:
        typer.echo(f"{count} will be tried in the next round.")


@asynccontextmanager
async def opened(data_dir: Path | None) -> AsyncIterator[tuple[Rooms, SyncRounds]]:
    """Open the rooms beside a running ``serve``, with the ticketing system joined."""
    from privacydesk import logs  # noqa: PLC0415 - these bring the database and the web along
    from privacydesk.app import Outside, open_rooms  # noqa: PLC0415
    from privacydesk.app.connecting import connect_ticketing  # noqa: PLC0415

    settings = load(data_dir)
    logs.set_up("error", as_json=settings.log_json)
    if not settings.ticketing_system:
        misused("PRIVACYDESK_TICKETING_SYSTEM", "no ticketing system is joined")
    profile, clock = settings.operator(), clock_of(settings.data_dir)
    async with connect_ticketing(settings, clock, profile.ticketing.map()) as system:
        outside = Outside(LeftToServe(), LeftToServe(), ticketing=system)
        async with open_rooms(
            settings,
            outside,
            profile=profile,
            clock=clock,
            understanding=LeftToServe(),
            beside_serve=True,
        ) as rooms:
            assert rooms.ticketing is not None
            yield rooms, rooms.ticketing


async def _check(data_dir: Path | None) -> tuple[str, ...]:
    async with opened(data_dir) as (_, syncing):
        return await syncing.check()


async def _status(data_dir: Path | None) -> tuple[Standing, dict[bytes, str], tzinfo]:
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    async with opened(data_dir) as (rooms, syncing):
        standing = await syncing.standing()
        numbers: dict[bytes, str] = {}
        for link in standing.failing:
            ticket = await rooms.store.reader.ticket(link.ticket_id)
            numbers[link.ticket_id] = "" if ticket is None else ticket.number
        return standing, numbers, ZoneInfo(rooms.profile.zone)


async def _sync(data_dir: Path | None) -> int:
    async with opened(data_dir) as (_, syncing), asyncio.timeout(_PATIENCE):
        try:
            while True:
                done = await syncing.round()
                if done is not None:
                    return done
                await asyncio.sleep(_AGAIN)
        except TimeoutError:
            raise UnavailableError("another process is at it; try again later") from None


async def _retry(data_dir: Path | None, number: str) -> int:
    async with opened(data_dir) as (rooms, syncing):
        ticket = (await rooms.staff.cases.ticket(number)).id if number else None
        return await syncing.retry(ticket)


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
        return [f"{standing.name} is not joined yet: `serve` does so in its first round."]
    since = system.failing_since
    reached = (
        f"can't be reached since {instant_text(since, zone)}: {system.fault}"
        if since is not None
        else "is reached"
    )
    lines = [
        f"{standing.name} {reached}; joined {instant_text(system.joined_at, zone)}.",
        f"  looked after   {counts.open}",
        f"  not there yet  {counts.waiting}",
        f"  failing        {counts.failing}",
        f"  gone there     {counts.gone}",
    ]
    return lines + [_failure(link, numbers[link.ticket_id], zone) for link in standing.failing]


def _failure(link: TicketingLink, number: str, zone: tzinfo) -> str:
    there = link.label or "no ticket yet"
    again = instant_text(link.due_at, zone)
    return f"  {number}  {there}  {link.fault}, {link.attempts} times; again {again}"
