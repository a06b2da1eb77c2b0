"""``privacydesk webhooks``: managing webhook endpoints and their deliveries.

The commands only record what to send; the running ``serve`` sends it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from privacydesk.cli.common import (
    AsJson,
    DataDir,
    command_services,
    exit_with_usage_error,
    print_json,
    print_table,
    run,
)
from privacydesk.cli.webhook_text import (
    endpoint_lines,
    endpoint_record,
    endpoint_row,
    posting_log_lines,
    posting_log_record,
    posting_record,
    posting_row,
    print_secret,
    short,
)
from privacydesk.domain.pacing import MAX_PER_SECOND
from privacydesk.domain.webhook_events import SUBSCRIBABLE, WebhookEventKind
from privacydesk.domain.webhooks import EndpointStatus, Posting, PostingLog, PostingState
from privacydesk.invocation import as_invoked

if TYPE_CHECKING:
    from pathlib import Path

    from privacydesk.services.webhooks.endpoints import Added, Endpoints

T = TypeVar("T")

_ACTOR: Final = "operator"
webhooks_app = typer.Typer(
    name="webhooks", help="Webhooks: notify other systems about requests.", no_args_is_help=True
)

Name = Annotated[
    str, typer.Argument(metavar="ENDPOINT", help="Its name, its id, or the end of its id.")
]
MaxPerSecond = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        max=MAX_PER_SECOND,
        help="How many messages are sent to it in a second at most; 0 for no limit.",
    ),
]


@webhooks_app.callback()
def webhooks() -> None:
    """Webhooks notify other systems about requests, with signed messages without content."""


@webhooks_app.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where messages are posted to.")],
    label: Annotated[
        str, typer.Option("--name", metavar="TEXT", help="A name for staff. Default: its host.")
    ] = "",
    events: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="KIND", help="Only this kind; may be repeated."),
    ] = None,
    max_per_second: MaxPerSecond = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Add an endpoint, and print its signing secret once.

    It receives future events: all kinds, or those named with --event.
    """
    kinds = _kinds(events)

    async def add_endpoint(endpoints: Endpoints) -> Added:
        return await endpoints.add(
            url, by=_ACTOR, label=label, kinds=kinds, max_per_second=max_per_second or 0
        )

    added = run(_with_endpoints(data_dir, add_endpoint))
    print_secret(added, f"Added {added.endpoint.label} ({short(added.endpoint.id)}).", as_json)


@webhooks_app.command("list")
def list_(as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """List endpoints, with the number of waiting deliveries."""
    statuses = run(_with_endpoints(data_dir, lambda endpoints: endpoints.all()))
    if as_json:
        print_json([endpoint_record(status) for status in statuses])
    elif statuses:
        print_table([endpoint_row(status) for status in statuses])
    else:
        typer.echo(as_invoked("None yet. Add one: privacydesk webhooks add URL", data_dir))


@webhooks_app.command("show")
def show(name: Name, as_json: AsJson = False, data_dir: DataDir = None) -> None:
    """Show an endpoint: its address, state and subscribed events."""
    _print_endpoint(
        *run(_with_endpoints_and_zone(data_dir, lambda endpoints: endpoints.find(name))), as_json
    )


@webhooks_app.command("change")
def change(
    name: Name,
    label: Annotated[str, typer.Option("--name", metavar="TEXT", help="The new name.")] = "",
    events: Annotated[
        list[str] | None,
        typer.Option("--event", metavar="KIND", help="Only this kind; may be repeated."),
    ] = None,
    max_per_second: MaxPerSecond = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Change an endpoint's name, rate, or the kinds of events that it receives."""
    if not label and not events and max_per_second is None:
        exit_with_usage_error("--name", "say what to change: --name, --event or --max-per-second")
    kinds = _kinds(events) if events else None

    async def change_endpoint(endpoints: Endpoints) -> EndpointStatus:
        endpoint = (await endpoints.find(name)).endpoint
        changed = await endpoints.change(
            endpoint, by=_ACTOR, label=label, kinds=kinds, max_per_second=max_per_second
        )
        return await endpoints.find(changed.id.hex())

    _print_endpoint(*run(_with_endpoints_and_zone(data_dir, change_endpoint)), as_json)


@webhooks_app.command("move")
def move(
    name: Name,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where messages are posted to.")],
    new_secret: Annotated[
        bool,
        typer.Option(
            "--new-secret",
            help="Create a new secret and end the old one at once: the receiver has a new owner.",
        ),
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Change an endpoint's address, to which waiting messages go, too. The secret stays."""

    async def move_endpoint(endpoints: Endpoints) -> tuple[Added, EndpointStatus]:
        endpoint = (await endpoints.find(name)).endpoint
        moved = await endpoints.move(endpoint, url, by=_ACTOR, new_secret=new_secret)
        return moved, await endpoints.find(endpoint.id.hex())

    (moved, status), zone = run(_with_endpoints_and_zone(data_dir, move_endpoint))
    if moved.secret:
        print_secret(moved, f"{moved.endpoint.label} has moved and has a new secret.", as_json)
    else:
        _print_endpoint(status, zone, as_json)


@webhooks_app.command("rotate")
def rotate(
    name: Name,
    hours: Annotated[
        float,
        typer.Option(
            "--overlap-hours",
            metavar="HOURS",
            min=0,
            help="Hours for which messages are signed with both secrets.",
        ),
    ] = 24.0,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Create a new signing secret for an endpoint, and print it once.

    Messages are signed with both secrets until the overlap is over; configure the new one in the
    receiver before.
    """

    async def rotate_secret(endpoints: Endpoints) -> Added:
        endpoint = (await endpoints.find(name)).endpoint
        return await endpoints.rotate(endpoint, by=_ACTOR, overlap=timedelta(hours=hours))

    added = run(_with_endpoints(data_dir, rotate_secret))
    until = added.endpoint.old_secret_until
    old_secret = f" The old one signs until {until:%Y-%m-%d %H:%M} UTC, too." if until else ""
    print_secret(added, f"{added.endpoint.label} has a new secret.{old_secret}", as_json)


@webhooks_app.command("test")
def send_test(
    name: Name,
    event_type: Annotated[
        str,
        typer.Option(
            "--type", metavar="KIND", help="Send an example of this kind. Default: endpoint.test."
        ),
    ] = WebhookEventKind.ENDPOINT_TEST.value,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Have `serve` send a test message, once.

    Receivers know it by `"test": true`. The endpoint must have subscribed to the kind.
    """
    kind = _kind("--type", event_type, tuple(WebhookEventKind))

    async def send_test_message(endpoints: Endpoints) -> Posting:
        endpoint = (await endpoints.find(name)).endpoint
        return await endpoints.test(endpoint, by=_ACTOR, kind=kind)

    posting = run(_with_endpoints(data_dir, send_test_message))
    if as_json:
        print_json(posting_record(posting))
        return
    command = as_invoked(
        f"privacydesk webhooks deliveries {name} --one {short(posting.id)}", data_dir
    )
    typer.echo(f"`serve` sends it within a second. Its result: {command}")


@webhooks_app.command("disable")
def disable(name: Name, data_dir: DataDir = None) -> None:
    """Disable an endpoint. Waiting messages are kept."""

    async def disable_endpoint(endpoints: Endpoints) -> bool:
        return await endpoints.disable((await endpoints.find(name)).endpoint.id, by=_ACTOR)

    changed = run(_with_endpoints(data_dir, disable_endpoint))
    typer.echo("It receives nothing any more." if changed else "It was off already.")


@webhooks_app.command("remove")
def remove(name: Name, data_dir: DataDir = None) -> None:
    """Remove a disabled endpoint. Its waiting messages are never sent."""

    async def remove_endpoint(endpoints: Endpoints) -> None:
        await endpoints.remove((await endpoints.find(name)).endpoint, by=_ACTOR)

    run(_with_endpoints(data_dir, remove_endpoint))
    typer.echo("Removed. It receives nothing any more.")


@webhooks_app.command("enable")
def enable(name: Name, data_dir: DataDir = None) -> None:
    """Enable an endpoint, and send its waiting messages.

    Events that happened while it was disabled are not sent.
    """

    async def enable_endpoint(endpoints: Endpoints) -> bool:
        return await endpoints.enable((await endpoints.find(name)).endpoint.id, by=_ACTOR)

    changed = run(_with_endpoints(data_dir, enable_endpoint))
    told = "It receives events from now on; what waited for it is sent now."
    typer.echo(told if changed else "It was on already.")


@webhooks_app.command("deliveries")
def deliveries(
    name: Name,
    state: Annotated[
        PostingState | None, typer.Option("--state", help="Only deliveries in this state.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 50,
    delivery_id: Annotated[
        str,
        typer.Option(
            "--one", metavar="ID", help="Show one delivery with all its tries and answers."
        ),
    ] = "",
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List an endpoint's deliveries, newest first, or show one in full."""
    if delivery_id:
        log, zone = run(
            _with_endpoints_and_zone(
                data_dir, lambda endpoints: _find_posting(endpoints, name, delivery_id)
            )
        )
        if as_json:
            print_json(posting_log_record(log))
        else:
            typer.echo("\n".join(posting_log_lines(log, zone)))
        return

    async def list_postings(endpoints: Endpoints) -> tuple[Posting, ...]:
        endpoint = (await endpoints.find(name)).endpoint
        return await endpoints.postings(endpoint.id, state=state, limit=limit)

    postings, zone = run(_with_endpoints_and_zone(data_dir, list_postings))
    if as_json:
        print_json([posting_record(posting) for posting in postings])
    elif postings:
        print_table([posting_row(posting, zone) for posting in postings])
        typer.echo(f"Times in {zone}.")
    else:
        typer.echo("Nothing.")


@webhooks_app.command("replay")
def replay(
    name: Name,
    delivery_id: Annotated[
        str, typer.Option("--one", metavar="ID", help="Only this delivery, from `deliveries`.")
    ] = "",
    since: Annotated[
        str, typer.Option("--from", metavar="ISO", help="Events at this time or later.")
    ] = "",
    until: Annotated[
        str, typer.Option("--to", metavar="ISO", help="Events before this time. Default: now.")
    ] = "",
    parked: Annotated[
        bool, typer.Option("--parked", help="Only deliveries whose tries all failed.")
    ] = False,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Send deliveries again: one of them, or those of a period.

    Messages keep their ids, so that receivers recognize those that they have. Times without an
    offset are in the operator's time zone.
    """
    if bool(delivery_id) == bool(since):
        exit_with_usage_error("--one", "name one delivery, or the start of a period with --from")
    count = run(_replay(data_dir, name, delivery_id, (since, until), parked=parked))
    if as_json:
        print_json({"replayed": count})
    else:
        typer.echo(
            f"{count} are sent again, oldest first." if count else "There is nothing to send."
        )


def _print_endpoint(status: EndpointStatus, zone: tzinfo, as_json: bool) -> None:
    if as_json:
        print_json(endpoint_record(status))
    else:
        typer.echo("\n".join(endpoint_lines(status, zone)))


# -- implementation ------------------------------------------------------------------------------


async def _with_endpoints(data_dir: Path | None, call: Callable[[Endpoints], Awaitable[T]]) -> T:
    return (await _with_endpoints_and_zone(data_dir, call))[0]


async def _with_endpoints_and_zone(
    data_dir: Path | None, call: Callable[[Endpoints], Awaitable[T]]
) -> tuple[T, tzinfo]:
    async with command_services(data_dir) as services:
        return await call(services.webhooks.endpoints), services.deadlines.zone


async def _find_posting(endpoints: Endpoints, name: str, posting_id: str) -> PostingLog:
    """Return a delivery by its id, or the end of it."""
    endpoint = (await endpoints.find(name)).endpoint
    return await endpoints.entry_named(endpoint.id, posting_id)


async def _replay(
    data_dir: Path | None, name: str, delivery_id: str, period: tuple[str, str], *, parked: bool
) -> int:
    async with command_services(data_dir) as services:
        endpoints, zone = services.webhooks.endpoints, services.deadlines.zone
        if delivery_id:
            log = await _find_posting(endpoints, name, delivery_id)
            await endpoints.replay(log.posting, by=_ACTOR)
            return 1
        since, until = period
        return await endpoints.replay_span(
            (await endpoints.find(name)).endpoint.id,
            _instant("--from", since, zone),
            _instant("--to", until, zone) if until else services.clock.now(),
            by=_ACTOR,
            parked=parked,
        )


def _instant(option: str, text: str, zone: tzinfo) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        exit_with_usage_error(option, "isn't a time; write one like 2026-09-30T10:00")
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


def _kinds(events: list[str] | None) -> tuple[WebhookEventKind, ...]:
    if not events:
        return SUBSCRIBABLE
    return tuple(_kind("--event", event, SUBSCRIBABLE) for event in events)


def _kind(option: str, event: str, choices: tuple[WebhookEventKind, ...]) -> WebhookEventKind:
    if event not in choices:
        exit_with_usage_error(option, f"there is no such kind; there are: {', '.join(choices)}")
    return WebhookEventKind(event)
