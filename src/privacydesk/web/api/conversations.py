"""Conversation operations: the queue, the events, and replying as an agent."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from pydantic import Field, JsonValue

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.web.api.acts import Written
from privacydesk.web.api.operations import Call, Group, Operation, Reply, act, look
from privacydesk.web.api.values import (
    IN_ADDRESS,
    PAGE,
    Asked,
    Cursor,
    Instant,
    Limit,
    Nothing,
    Told,
)
from privacydesk.web.files import file_answer
from privacydesk.web.texts import LANGUAGE_TAGS


class Which(StrEnum):
    """Which conversations are listed."""

    QUEUE = "queue"
    MINE = "mine"
    TAKEN = "taken"


class ConversationQuery(Asked):
    """Which conversations."""

    of: Which = Field(
        default=Which.QUEUE,
        description=(
            "`queue`: those that wait for a person; `mine`: those that the identity has; `taken`:"
            " those that anybody has."
        ),
    )
    limit: Limit = PAGE
    cursor: Cursor | None = Field(default=None, description="The `next` of the page before.")


class EventQuery(Asked):
    """Which events."""

    after: Annotated[int, Field(ge=0, lt=1_000_000_000), IN_ADDRESS] = Field(
        default=0, description="The offset of the last event that is known."
    )
    limit: Limit = PAGE


class OwnerTold(Told):
    """Who may speak besides the user."""

    kind: OwnerKind
    agent: str = Field(description="Empty unless an agent has it.")
    since: Instant | None
    offset: int = Field(description="At which ownership last changed; also the entity tag.")


class ConversationTold(Told):
    """A conversation without a word of what was said."""

    id: str
    epoch: str = Field(description="With another one, drop what is known and read from 0.")
    head: int = Field(description="The offset of the last event.")
    locale: str
    created_at: Instant
    last_said_at: Instant | None = Field(description="When the user last did something.")
    waiting_since: Instant | None
    owner: OwnerTold


class ConversationPage(Told):
    """Conversations; in the queue the one that has waited longest comes first."""

    conversations: tuple[ConversationTold, ...]
    next: str | None = Field(description="Where the next page begins; null on the last one.")


class EventTold(Told):
    """One entry of a conversation's log."""

    offset: int
    at: Instant
    sender: Sender
    kind: EventKind
    author: str = Field(description="The name an agent goes by.")
    lang: str = Field(description="BCP 47; empty where it is not known.")
    text: str
    choices: tuple[str, ...] = Field(description="The labels of its buttons.")
    data: dict[str, JsonValue] = Field(description="What a card shows, and files by id.")


class EventPage(Told):
    """Events in order."""

    epoch: str
    head: int
    events: tuple[EventTold, ...]


def _told(conversation: Conversation) -> ConversationTold:
    owner = conversation.owner
    return ConversationTold(
        id=conversation.id.hex(),
        epoch=conversation.epoch,
        head=conversation.version,
        locale=conversation.locale,
        created_at=conversation.created_at,
        last_said_at=conversation.last_said_at,
        waiting_since=conversation.queued_at,
        owner=OwnerTold(kind=owner.kind, agent=owner.agent, since=owner.since, offset=owner.offset),
    )


def _event(event: Event) -> EventTold:
    return EventTold(
        offset=event.offset,
        at=event.at,
        sender=event.sender,
        kind=event.kind,
        author=event.author,
        lang=LANGUAGE_TAGS.get(event.locale, ""),
        text=event.text,
        choices=tuple(choice.label for choice in event.choices),
        data=msgspec.to_builtins(dict(event.data), str_keys=True),
    )


# -- reading ---------------------------------------------------------------------------------------


async def _list(call: Call[ConversationQuery, Nothing]) -> Reply:
    query, takeover = call.query, call.works.takeover
    if query.of is Which.QUEUE:
        after = ConversationId(bytes.fromhex(query.cursor)) if query.cursor else None
        found = await takeover.waiting(limit=query.limit + 1, after=after)
    else:
        found = await (takeover.mine(call.by) if query.of is Which.MINE else takeover.taken())
        places = [place for place, one in enumerate(found) if one.id.hex() == query.cursor]
        # A cursor whose conversation has left the list marks no place: start from the top.
        found = found[places[0] + 1 :] if places else found
    shown = found[: query.limit]
    return Reply(
        ConversationPage(
            conversations=tuple(_told(one) for one in shown),
            next=shown[-1].id.hex() if len(found) > query.limit else None,
        )
    )


async def _events(call: Call[EventQuery, Nothing]) -> Reply:
    works, query = call.works, call.query
    conversation = await works.takeover.find(call.path["conversation"])
    await works.audit.note(call.by, "api_messages_read", conversation=conversation.id)
    talk = await works.casework.talk(conversation.id, after=query.after, limit=query.limit)
    return Reply(
        EventPage(
            epoch=talk.conversation.epoch,
            head=talk.conversation.version,
            events=tuple(_event(event) for event in talk.events),
        )
    )


async def _file(call: Call[Nothing, Nothing]) -> web.Response:
    works = call.works
    conversation = await works.takeover.find(call.path["conversation"])
    await works.audit.note(call.by, "api_messages_read", conversation=conversation.id)
    return file_answer(await works.attaching.find(conversation.id, call.path["file"]))


# -- acting ----------------------------------------------------------------------------------------


async def _take(call: Call[Nothing, Nothing]) -> Reply:
    name = call.path["conversation"]
    await call.works.takeover.take(name, call.by, seen=call.seen, job_id=call.job_id)
    return await _as_it_is(call)


async def _reply(call: Call[Nothing, Written]) -> Reply:
    name, text = call.path["conversation"], call.body.text
    await call.works.takeover.reply(name, call.by, text, seen=call.seen, job_id=call.job_id)
    return await _as_it_is(call)


async def _hand_back(call: Call[Nothing, Nothing]) -> Reply:
    name = call.path["conversation"]
    await call.works.takeover.hand_back(name, call.by, seen=call.seen, job_id=call.job_id)
    return await _as_it_is(call)


async def _as_it_is(call: Call[Nothing, Any]) -> Reply:
    return _reply_with(await call.works.takeover.find(call.path["conversation"]))


def _reply_with(conversation: Conversation) -> Reply:
    return Reply(_told(conversation), conversation.owner.offset)


CONVERSATIONS: Final[tuple[Operation[Any, Any], ...]] = (
    look(
        "list_conversations",
        "/conversations",
        Group.CONVERSATIONS,
        "List conversations that wait for a person, or that somebody has.",
        scope=Scope.CONVERSATIONS_READ,
        work=_list,
        query=ConversationQuery,
        answer=ConversationPage,
    ),
    look(
        "show_conversation",
        "/conversations/{conversation}",
        Group.CONVERSATIONS,
        "Show a conversation.",
        scope=Scope.CONVERSATIONS_READ,
        work=_as_it_is,
        query=Nothing,
        answer=ConversationTold,
        tagged=True,
        more="The entity tag names who owns it, and since when.",
    ),
    look(
        "list_events",
        "/conversations/{conversation}/events",
        Group.CONVERSATIONS,
        "Show what was said.",
        scope=Scope.MESSAGES_READ,
        work=_events,
        query=EventQuery,
        answer=EventPage,
        more="Each look is audited. Codes that people typed are not in it.",
    ),
    look(
        "open_attachment",
        "/conversations/{conversation}/files/{file}",
        Group.CONVERSATIONS,
        "Open a file that was sent to the user.",
        scope=Scope.MESSAGES_READ,
        work=_file,
        query=Nothing,
        answer=None,
    ),
    act(
        "take_conversation",
        "/conversations/{conversation}/take",
        Group.CONVERSATIONS,
        "Take a conversation over from the assistant or the queue.",
        scope=Scope.CONVERSATIONS_WRITE,
        work=_take,
        body=Nothing,
        answer=ConversationTold,
        more=(
            "The identity has to go on acting in it: after half an hour of silence the"
            " conversation returns to the queue."
        ),
    ),
    act(
        "reply_in_conversation",
        "/conversations/{conversation}/replies",
        Group.CONVERSATIONS,
        "Write to the user; only who has the conversation may.",
        scope=Scope.CONVERSATIONS_WRITE,
        work=_reply,
        body=Written,
        answer=ConversationTold,
    ),
    act(
        "hand_back_conversation",
        "/conversations/{conversation}/hand-back",
        Group.CONVERSATIONS,
        "Give a conversation back to the assistant.",
        scope=Scope.CONVERSATIONS_WRITE,
        work=_hand_back,
        body=Nothing,
        answer=ConversationTold,
    ),
)
