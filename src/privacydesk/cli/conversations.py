"""``privacydesk conversations``: staff's work in conversations, without a console."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from privacydesk.cli.common import (
    AsJson,
    By,
    DataDir,
    instant_text,
    plain,
    print_json,
    print_table,
    run,
    staff_rooms,
    words,
)
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.services.attachments import Offered
    from privacydesk.services.takeover import Takeover

conversations_app = typer.Typer(
    name="conversations",
    help="Conversations: take one over, reply, hand it back.",
    no_args_is_help=True,
)

_PAGE = 500

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The conversation's id, or the number of a request in it."),
]
Seen = Annotated[
    int | None,
    typer.Option(
        "--seen",
        metavar="OFFSET",
        help="The owner_offset you saw; refused if who owns it has changed since.",
    ),
]


@conversations_app.command("list")
def list_(
    by: Annotated[
        str | None, typer.Option("--as", metavar="AGENT", help="Also those this agent has.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the conversations that wait for a person, longest first."""
    found, zone = run(_list(data_dir, by, limit))
    if as_json:
        print_json([_record(one) for one in found])
    elif found:
        print_table([_row(one, zone) for one in found])
    else:
        typer.echo("Nobody waits.")


@conversations_app.command("show")
def show(
    name: Name,
    last: Annotated[
        int, typer.Option("--last", metavar="N", min=1, help="Only the last N entries.")
    ] = 50,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Print a conversation as its user sees it."""
    found, events, zone = run(_show(data_dir, name, last))
    if as_json:
        print_json(_record(found) | {"events": [_event_record(event) for event in events]})
        return
    typer.echo(f"{found.id.hex()}: {_owner_text(found)}")
    for line in _event_lines(events, zone):
        typer.echo(line)


@conversations_app.command("take")
def take(name: Name, by: By, seen: Seen = None, data_dir: DataDir = None) -> None:
    """Take a conversation over; the assistant is silent until it is handed back."""
    run(_act(data_dir, by, lambda desk: desk.take(name, by, seen=seen)))
    typer.echo(f"{by} has the conversation now. The user was told.")


@conversations_app.command("reply")
def reply(
    name: Name,
    text: Annotated[
        str, typer.Argument(metavar="TEXT", help="What to write; - reads standard input.")
    ],
    by: By,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="A picture to send along.")
    ] = None,
    seen: Seen = None,
    data_dir: DataDir = None,
) -> None:
    """Write to the user in a conversation you have taken."""
    said, file = words(text), None if picture is None else _offered(picture)
    run(_act(data_dir, by, lambda desk: desk.reply(name, by, said, file=file, seen=seen)))
    typer.echo("Sent.")


@conversations_app.command("hand-back")
def hand_back(name: Name, by: By, seen: Seen = None, data_dir: DataDir = None) -> None:
    """Give a conversation back to the assistant, which repeats its open question."""
    run(_act(data_dir, by, lambda desk: desk.hand_back(name, by, seen=seen)))
    typer.echo("The assistant has the conversation again. The user was told.")


def _offered(picture: Path) -> Offered:
    """Return a file as an upload whose real type is not checked yet.

    Raises:
        SettingsError: it can't be read, or is larger than a picture may be.
    """
    from privacydesk.services.attachments import Offered  # noqa: PLC0415 - brings the services along
    from privacydesk.services.uploads import MAX_BYTES, file_too_large  # noqa: PLC0415

    try:
        if picture.stat().st_size > MAX_BYTES:
            raise file_too_large(MAX_BYTES)
        return Offered(picture.name, picture.read_bytes())
    except OSError as error:
        raise SettingsError(f"--picture: {picture} can't be read: {error.strerror}") from None


async def _list(
    data_dir: Path | None, by: str | None, limit: int
) -> tuple[list[Conversation], tzinfo]:
    async with staff_rooms(data_dir) as rooms:
        found = [*await rooms.takeover.waiting(limit=limit)]
        if by is not None:
            agent = await rooms.staff.roster.agent(by)
            found += await rooms.takeover.mine(agent.name)
        return found, rooms.deadlines.zone


async def _show(
    data_dir: Path | None, name: str, last: int
) -> tuple[Conversation, tuple[Event, ...], tzinfo]:
    async with staff_rooms(data_dir) as rooms:
        found = await rooms.takeover.find(name)
        events = await rooms.store.reader.events(
            found.id, after=max(found.version - last, 0), limit=min(last, _PAGE)
        )
        return found, events, rooms.deadlines.zone


async def _act(
    data_dir: Path | None, by: str, act: Callable[[Takeover], Awaitable[object]]
) -> None:
    async with staff_rooms(data_dir) as rooms:
        await rooms.staff.roster.person(by)
        await act(rooms.takeover)


def _record(one: Conversation) -> dict[str, Any]:
    return {
        "id": one.id.hex(),
        "owner": one.owner.kind.value,
        "agent": one.owner.agent,
        "owner_offset": one.owner.offset,
        "queued_at": one.queued_at.isoformat() if one.queued_at else None,
        "locale": one.locale,
        "account": one.account,
        "flow": one.stack[-1].flow if one.stack else "",
        "head": one.version,
    }


def _row(one: Conversation, zone: tzinfo) -> tuple[str, ...]:
    since = one.queued_at if one.owner.kind is OwnerKind.QUEUE else one.owner.since
    return (
        one.id.hex(),
        _owner_text(one),
        f"since {instant_text(since, zone)}" if since else "",
        one.locale,
        plain(one.stack[-1].flow) if one.stack else "",
    )


def _owner_text(one: Conversation) -> str:
    if one.owner.kind is OwnerKind.AGENT:
        return f"{one.owner.agent} has it"
    return "waits for a person" if one.owner.kind is OwnerKind.QUEUE else "the assistant has it"


def _event_record(event: Event) -> dict[str, Any]:
    return {
        "offset": event.offset,
        "at": event.at.isoformat(),
        "sender": event.sender.value,
        "kind": event.kind.value,
        "author": event.author,
        "text": event.text,
        "choices": [choice.label for choice in event.choices],
    }


def _event_lines(events: Iterable[Event], zone: tzinfo) -> Iterable[str]:
    for event in events:
        who = event.author or event.sender.value
        yield f"{event.offset:>4}  {instant_text(event.at, zone)}  {who}: {_event_text(event)}"


def _event_text(event: Event) -> str:
    if event.text:
        return event.text.replace("\n", "\n      ")
    if "ticket" in event.data:
        card = event.data["ticket"]
        return (
            f"[{card.get('number', '')} {card.get('kind_label', '')} {card.get('state_label', '')}]"
        )
    return f"[{event.kind.value}]"
