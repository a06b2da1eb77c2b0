"""``privacydesk conversations``: conversations with users, without the console."""

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
    command_services,
    format_instant,
    humanize,
    print_json,
    print_table,
    read_text_argument,
    run,
)
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event
from privacydesk.errors import SettingsError

if TYPE_CHECKING:
    from privacydesk.services.attachments import UncheckedFile
    from privacydesk.services.takeover import Takeover

conversations_app = typer.Typer(
    name="conversations",
    help="Conversations: take one over, reply, hand it back.",
    no_args_is_help=True,
)

_MAX_EVENTS = 500

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The conversation's id, or the number of a request in it."),
]
SeenState = Annotated[
    int | None,
    typer.Option(
        "--seen",
        metavar="OFFSET",
        help="The owner_offset you saw; the command is refused if the owner has changed since.",
    ),
]


@conversations_app.command("list")
def list_(
    by: Annotated[
        str | None, typer.Option("--as", metavar="AGENT", help="Also list those of this agent.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1000)] = 100,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """List the conversations that wait for a person: in danger first, then longest waiting."""
    conversations, zone = run(_list(data_dir, by, limit))
    if as_json:
        print_json([_record(conversation) for conversation in conversations])
    elif conversations:
        print_table([_row(conversation, zone) for conversation in conversations])
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
    conversation, events, zone = run(_show(data_dir, name, last))
    if as_json:
        print_json(_record(conversation) | {"events": [_event_record(event) for event in events]})
        return
    typer.echo(f"{conversation.id.hex()}: {_owner_text(conversation)}")
    for line in _event_lines(events, zone):
        typer.echo(line)


@conversations_app.command("take")
def take(name: Name, by: By, seen: SeenState = None, data_dir: DataDir = None) -> None:
    """Take over a conversation; the assistant is silent until it is handed back."""
    run(_run_action(data_dir, by, lambda takeover: takeover.take(name, by, seen=seen)))
    typer.echo(f"{by} has the conversation now. The user was informed.")


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
    seen: SeenState = None,
    data_dir: DataDir = None,
) -> None:
    """Write to the user in a conversation you have taken."""
    reply_text = read_text_argument(text)
    file = None if picture is None else _read_picture(picture)
    run(
        _run_action(
            data_dir,
            by,
            lambda takeover: takeover.reply(name, by, reply_text, file=file, seen=seen),
        )
    )
    typer.echo("Sent.")


@conversations_app.command("hand-back")
def hand_back(name: Name, by: By, seen: SeenState = None, data_dir: DataDir = None) -> None:
    """Hand a conversation back to the assistant, which repeats its open question."""
    run(_run_action(data_dir, by, lambda takeover: takeover.hand_back(name, by, seen=seen)))
    typer.echo("The assistant has the conversation again. The user was informed.")


@conversations_app.command("hand-over")
def hand_over(
    name: Name,
    by: By,
    to: Annotated[
        str, typer.Option("--to", metavar="AGENT", help="Who gets it; without, the queue.")
    ] = "",
    seen: SeenState = None,
    data_dir: DataDir = None,
) -> None:
    """Hand a conversation over to a colleague who is present, or back to the queue."""
    run(_run_action(data_dir, by, lambda takeover: takeover.hand_over(name, by, to, seen=seen)))
    typer.echo(f"{to or 'The queue'} has the conversation now. The user was informed.")


def _read_picture(picture: Path) -> UncheckedFile:
    """Read a picture as an upload; its file type is checked later.

    Raises:
        SettingsError: the file can't be read.
        DeskError: the file is too large.
    """
    from privacydesk.services.attachments import UncheckedFile  # noqa: PLC0415 - imports the services
    from privacydesk.services.uploads import MAX_BYTES, file_too_large  # noqa: PLC0415

    try:
        if picture.stat().st_size > MAX_BYTES:
            raise file_too_large(MAX_BYTES)
        return UncheckedFile(picture.name, picture.read_bytes())
    except OSError as error:
        raise SettingsError(f"--picture: {picture} can't be read: {error.strerror}") from None


async def _list(
    data_dir: Path | None, by: str | None, limit: int
) -> tuple[list[Conversation], tzinfo]:
    async with command_services(data_dir) as services:
        conversations = [*await services.takeover.waiting(limit=limit)]
        if by is not None:
            agent = await services.staff.roster.agent(by)
            conversations += await services.takeover.owned_by(agent.name)
        return conversations, services.deadlines.zone


async def _show(
    data_dir: Path | None, name: str, last: int
) -> tuple[Conversation, tuple[Event, ...], tzinfo]:
    async with command_services(data_dir) as services:
        conversation = await services.takeover.find(name)
        events = await services.store.reader.events(
            conversation.id, after=max(conversation.version - last, 0), limit=min(last, _MAX_EVENTS)
        )
        return conversation, events, services.deadlines.zone


async def _run_action(
    data_dir: Path | None, by: str, action: Callable[[Takeover], Awaitable[object]]
) -> None:
    async with command_services(data_dir) as services:
        await services.staff.roster.person(by)
        await action(services.takeover)


def _record(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id.hex(),
        "owner": conversation.owner.kind.value,
        "agent": conversation.owner.agent,
        "owner_offset": conversation.owner.offset,
        "queued_at": conversation.queued_at.isoformat() if conversation.queued_at else None,
        "in_danger_since": conversation.danger_at.isoformat() if conversation.danger_at else None,
        "locale": conversation.locale,
        "account": conversation.account,
        "reachable_at": conversation.reachable_at,
        "flow": conversation.stack[-1].flow if conversation.stack else "",
        "head": conversation.version,
    }


def _row(conversation: Conversation, zone: tzinfo) -> tuple[str, ...]:
    since = (
        conversation.queued_at
        if conversation.owner.kind is OwnerKind.QUEUE
        else conversation.owner.since
    )
    return (
        conversation.id.hex(),
        _owner_text(conversation) + (", in danger" if conversation.danger_at else ""),
        f"since {format_instant(since, zone)}" if since else "",
        conversation.locale,
        humanize(conversation.stack[-1].flow) if conversation.stack else "",
    )


def _owner_text(conversation: Conversation) -> str:
    if conversation.owner.kind is OwnerKind.AGENT:
        return f"{conversation.owner.agent} has it"
    return (
        "waits for a person"
        if conversation.owner.kind is OwnerKind.QUEUE
        else "the assistant has it"
    )


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
        author = event.author or event.sender.value
        yield f"{event.offset:>4}  {format_instant(event.at, zone)}  {author}: {_event_text(event)}"


def _event_text(event: Event) -> str:
    if event.text:
        return event.text.replace("\n", "\n      ")
    if "ticket" in event.data:
        card = event.data["ticket"]
        return (
            f"[{card.get('number', '')} {card.get('kind_label', '')} {card.get('state_label', '')}]"
        )
    return f"[{event.kind.value}]"
