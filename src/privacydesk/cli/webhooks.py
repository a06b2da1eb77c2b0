"""``privacydesk webhooks``: the systems that receive news, and what was sent to them.

Commands only record what to do: the running ``serve`` sends it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from privacydesk.calling import as_called
from privacydesk.cli.common import (
    AsJson,
    DataDir,
    misused,
    print_json,
    print_table,
    run,
    staff_rooms,
)
from privacydesk.cli.webhook_text import (
    endpoint_lines,
    endpoint_record,
    endpoint_row,
    entry_lines,
    entry_record,
    posting_record,
    posting_row,
    print_secret,
    short,
)
from privacydesk.domain.news import SUBSCRIBABLE, NewsKind
from privacydesk.domain.webhooks import Entry, Posting, PostingState, Standing

if TYPE_CHECKING:
    from pathlib import Path

    from privacydesk.services.webhooks.endpoints import Added, Endpoints

T = TypeVar("T")

_BY: Final = "operator"
webhooks_app = typer.Typer(
    name="webhooks", help="Tell other systems what happens to requests.", no_args_is_help=True
)

Name = Annotated[
    str, typer.Argument(metavar="ENDPOINT", help="Its name, its id, or the end of its id.")
]


@webhooks_app.callback()
def webhooks() -> None:
    """Tell other systems what happens to requests, by signed messages without content."""


@webhooks_app.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where messages are posted to.")],
    label: Annotated[
        str, typer.Option("--name", metavar="TEXT", help="What staff call it. Default: its host.")
    ] = "",
    events: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="KIND", help="Only this kind; may be repeated."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add an endpoint. Prints its signing secret, once.

    It is told what happens from now on: everything, or the kinds named with --event.
    """
    kinds = _kinds(events)
    added = run(_with(data_dir, lambda desk: desk.add(url, by=_BY, label=label, kinds=kinds)))
    print_secret(added, f"Added {added.endpoint.label} ({short(added.endpoint.id)}).", as_json)


@webhooks_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List the endpoints, and what waits for them."""
    found = run(_with(data_dir, lambda desk: desk.all()))
    if as_json:
        print_json([endpoint_record(one) for one in found])
    elif found:
        print_table([endpoint_row(one) for one in found])
    else:
        typer.echo(as_called("None yet. Add one: privacydesk webhooks add URL", data_dir))


@webhooks_app.command("show")
def show(name: Name, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show an endpoint: where it is, what it is told, and how it fares."""
    _print_endpoint(*run(_zoned(data_dir, lambda desk: desk.find(name))), as_json)


@webhooks_app.command("change")
def change(
    name: Name,
    label: Annotated[
        str, typer.Option("--name", metavar="TEXT", help="What staff call it from now on.")
    ] = "",
    events: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="KIND", help="Only this kind; may be repeated."),
    ] = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Change what an endpoint is called, and which kinds it is told from now on."""
    if not label and not events:
        misused("--name", "say what to change: --name, --event, or both")
    kinds = _kinds(events)

    async def work(desk: Endpoints) -> Standing:
        endpoint = (await desk.find(name)).endpoint
        wanted = kinds if events else endpoint.kinds
        changed = await desk.subscribe(endpoint, by=_BY, label=label, kinds=wanted)
        return await desk.find(changed.id.hex())

    _print_endpoint(*run(_zoned(data_dir, work)), as_json)


@webhooks_app.command("move")
def move(
    name: Name,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where messages are posted to.")],
    new_secret: Annotated[
        bool,
        typer.Option(
            "--new-secret",
            help="Make a new secret and end the old one at once: somebody else runs the receiver.",
        ),
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Change an endpoint's address. What waits goes there at once; the secret moves along."""

    async def work(desk: Endpoints) -> tuple[Added, Standing]:
        endpoint = (await desk.find(name)).endpoint
        moved = await desk.move(endpoint, url, by=_BY, new_secret=new_secret)
        return moved, await desk.find(endpoint.id.hex())

    (moved, standing), zone = run(_zoned(data_dir, work))
    if moved.secret:
        print_secret(moved, f"{moved.endpoint.label} has moved and has a new secret.", as_json)
    else:
        _print_endpoint(standing, zone, as_json)


@webhooks_app.command("rotate")
def rotate(
    name: Name,
    hours: Annotated[
        float,
        typer.Option("--overlap-hours", metavar="HOURS", min=0, help="How long both secrets sign."),
    ] = 24.0,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Give an endpoint a new signing secret, printed once; the old one signs beside it for a while.

    Give the receiver the new secret before the overlap is over.
    """

    async def work(desk: Endpoints) -> Added:
        endpoint = (await desk.find(name)).endpoint
        return await desk.rotate(endpoint, by=_BY, overlap=timedelta(hours=hours))

    added = run(_with(data_dir, work))
    until = added.endpoint.old_secret_until
    told = f" The old one signs until {until:%Y-%m-%d %H:%M} UTC, too." if until else ""
    print_secret(added, f"{added.endpoint.label} has a new secret.{told}", as_json)


@webhooks_app.command("test")
def send_test(name: Name, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Have `serve` send a test message, once."""

    async def work(desk: Endpoints) -> Posting:
        return await desk.test((await desk.find(name)).endpoint.id, by=_BY)

    posting = run(_with(data_dir, work))
    if as_json:
        print_json(posting_record(posting))
        return
    look = as_called(f"privacydesk webhooks deliveries {name} --one {short(posting.id)}", data_dir)
    typer.echo(f"`serve` sends it within a second. What came of it: {look}")


@webhooks_app.command("disable")
def disable(name: Name, data_dir: DataDir = None) -> None:
    """Tell an endpoint nothing more. What waits for it goes on waiting."""

    async def work(desk: Endpoints) -> bool:
        return await desk.disable((await desk.find(name)).endpoint.id, by=_BY)

    changed = run(_with(data_dir, work))
    typer.echo("It is told nothing any more." if changed else "It was off already.")


@webhooks_app.command("remove")
def remove(name: Name, data_dir: DataDir = None) -> None:
    """Remove an endpoint that is off. What waits for it never goes out."""

    async def work(desk: Endpoints) -> None:
        await desk.remove((await desk.find(name)).endpoint, by=_BY)

    run(_with(data_dir, work))
    typer.echo("Removed. It is told nothing any more.")


@webhooks_app.command("enable")
def enable(name: Name, data_dir: DataDir = None) -> None:
    """Tell an endpoint what happens again, and send what waits for it.

    What happened while it was off is not sent.
    """

    async def work(desk: Endpoints) -> bool:
        return await desk.enable((await desk.find(name)).endpoint.id, by=_BY)

    changed = run(_with(data_dir, work))
    typer.echo("It is told what happens from now on." if changed else "It was on already.")


@webhooks_app.command("deliveries")
def deliveries(
    name: Name,
    state: Annotated[
        PostingState | None, typer.Option("--state", help="Only what stands there.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 50,
    one: Annotated[
        str,
        typer.Option("--one", metavar="ID", help="One delivery with all its tries and answers."),
    ] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List what was sent to an endpoint, newest first, or show one delivery whole."""
    if one:
        entry, zone = run(_zoned(data_dir, lambda desk: _one(desk, name, one)))
        if as_json:
            print_json(entry_record(entry))
        else:
            typer.echo("\n".join(entry_lines(entry, zone)))
        return

    async def work(desk: Endpoints) -> tuple[Posting, ...]:
        endpoint = (await desk.find(name)).endpoint
        return await desk.postings(endpoint.id, state=state, limit=limit)

    found, zone = run(_zoned(data_dir, work))
    if as_json:
        print_json([posting_record(posting) for posting in found])
    elif found:
        print_table([posting_row(posting, zone) for posting in found])
    else:
        typer.echo("Nothing.")


@webhooks_app.command("replay")
def replay(
    name: Name,
    one: Annotated[
        str, typer.Option("--one", metavar="ID", help="Only this delivery, from `deliveries`.")
    ] = "",
    since: Annotated[
        str, typer.Option("--from", metavar="ISO", help="What happened then or later.")
    ] = "",
    until: Annotated[
        str, typer.Option("--to", metavar="ISO", help="What happened before. Default: now.")
    ] = "",
    parked: Annotated[bool, typer.Option("--parked", help="Only what never got through.")] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Send again what an endpoint missed: one delivery, or a span of time.

    Messages keep their ids, so a receiver knows those that it has. Times without an offset are
    read in the operator's zone.
    """
    if bool(one) == bool(since):
        misused("--one", "name one delivery, or the begin of a span with --from")
    count = run(_replay(data_dir, name, one, (since, until), parked=parked))
    if as_json:
        print_json({"replayed": count})
    else:
        typer.echo(f"{count} go out again, oldest first." if count else "There is nothing to send.")


def _print_endpoint(standing: Standing, zone: tzinfo, as_json: bool) -> None:
    if as_json:
        print_json(endpoint_record(standing))
    else:
        typer.echo("\n".join(endpoint_lines(standing, zone)))


# -- work ----------------------------------------------------------------------------------------


async def _with(data_dir: Path | None, work: Callable[[Endpoints], Awaitable[T]]) -> T:
    return (await _zoned(data_dir, work))[0]


async def _zoned(
    data_dir: Path | None, work: Callable[[Endpoints], Awaitable[T]]
) -> tuple[T, tzinfo]:
    async with staff_rooms(data_dir) as rooms:
        return await work(rooms.webhooks.endpoints), rooms.deadlines.zone


async def _one(desk: Endpoints, name: str, identity: str) -> Entry:
    """Return a delivery by its id or the end of it."""
    endpoint = (await desk.find(name)).endpoint
    return await desk.entry_named(endpoint.id, identity)


async def _replay(
    data_dir: Path | None, name: str, one: str, span: tuple[str, str], *, parked: bool
) -> int:
    async with staff_rooms(data_dir) as rooms:
        desk, zone = rooms.webhooks.endpoints, rooms.deadlines.zone
        if one:
            await desk.replay((await _one(desk, name, one)).posting, by=_BY)
            return 1
        since, until = span
        return await desk.replay_span(
            (await desk.find(name)).endpoint.id,
            _instant("--from", since, zone),
            _instant("--to", until, zone) if until else rooms.clock.now(),
            by=_BY,
            parked=parked,
        )


def _instant(option: str, text: str, zone: tzinfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        misused(option, "isn't an instant; write 2026-09-30T10:00")
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _kinds(events: list[str] | None) -> tuple[NewsKind, ...]:
    if not events:
        return SUBSCRIBABLE
    known = {kind.value: kind for kind in SUBSCRIBABLE}
    for one in events:
        if one not in known:
            misused("--event", f"there is no such kind; there are: {', '.join(known)}")
    return tuple(known[one] for one in events)
