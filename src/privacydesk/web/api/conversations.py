"""Operations on conversations: listing them, reading events, and replying as an agent."""

from __future__ import annotations

import asyncio
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from pydantic import Field, JsonValue

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.services.staff.case_pages import ConversationView
from privacydesk.web.api.operations import (
    PICTURES,
    ApiResponse,
    Call,
    Group,
    Operation,
    read_operation,
    write_operation,
)
from privacydesk.web.api.schemas import (
    DEFAULT_PAGE_SIZE,
    QUERY_INTEGER,
    Cursor,
    EmptyRequest,
    PageSize,
    RequestModel,
    ResponseModel,
    Timestamp,
    TimestampInput,
    WaitingQuery,
)
from privacydesk.web.api.ticket_actions import TextRequest
from privacydesk.web.files import file_response
from privacydesk.web.texts import LANGUAGE_TAGS


class ConversationFilter(StrEnum):
    """The conversations that are listed."""

    QUEUE = "queue"
    MINE = "mine"
    TAKEN = "taken"


class ConversationQuery(RequestModel):
    """The filter of a list of conversations."""

    of: ConversationFilter = Field(
        default=ConversationFilter.QUEUE,
        description=(
            "`queue`: conversations that wait for an agent; `mine`: those of the token's identity;"
            " `taken`: those of all agents."
        ),
    )
    updated_since: TimestampInput | None = Field(
        default=None,
        description="Only conversations in which the user did something, or which got their owner,"
        " from this time on. A page may then have fewer entries although `next` is not null.",
    )
    limit: PageSize = DEFAULT_PAGE_SIZE
    cursor: Cursor | None = Field(default=None, description="The `next` of the previous page.")


class EventQuery(WaitingQuery):
    """The range of a list of events."""

    after: Annotated[int, Field(ge=0, lt=1_000_000_000), QUERY_INTEGER] = Field(
        default=0, description="The offset of the last event that the client has."
    )
    limit: PageSize = DEFAULT_PAGE_SIZE


class OwnerResponse(ResponseModel):
    """The owner of a conversation, who may write in it besides the user."""

    kind: OwnerKind
    agent: str = Field(description="Empty unless the owner is an agent.")
    since: Timestamp | None
    offset: int = Field(
        description="The offset at which the owner last changed; also the entity tag."
    )


class ConversationResponse(ResponseModel):
    """A conversation without its messages."""

    id: str
    epoch: str = Field(
        description="If it has changed, discard all events and read again from offset 0."
    )
    head: int = Field(description="The offset of the last event.")
    locale: str
    created_at: Timestamp
    last_said_at: Timestamp | None = Field(description="The time of the user's last action.")
    waiting_since: Timestamp | None
    owner: OwnerResponse
    reachable_at: str = Field(
        description="The phone number or mail address that the user left for an answer while "
        "waiting for a person; not verified. Empty if they left none."
    )
    in_danger_since: Timestamp | None = Field(
        description="When the user told of danger to somebody's life or limb; null if they did not,"
        " or a person has seen to it. They come first in the queue."
    )


class ConversationPage(ResponseModel):
    """Conversations; of those in the queue first those in danger, then the longest waiting."""

    conversations: tuple[ConversationResponse, ...]
    next: str | None = Field(description="The `cursor` of the next page; null on the last page.")


class EventResponse(ResponseModel):
    """An event of a conversation."""

    offset: int
    at: Timestamp
    sender: Sender
    kind: EventKind
    author: str = Field(description="The display name of the agent; empty for other senders.")
    lang: str = Field(description="The language as a BCP 47 tag; empty if it is unknown.")
    text: str
    choices: tuple[str, ...] = Field(description="The labels of the buttons.")
    data: dict[str, JsonValue] = Field(description="The content of a card, and the ids of files.")


class EventPage(ResponseModel):
    """Events in order of offset."""

    epoch: str
    head: int
    events: tuple[EventResponse, ...]


def _conversation_response(conversation: Conversation) -> ConversationResponse:
    owner = conversation.owner
    return ConversationResponse(
        id=conversation.id.hex(),
        epoch=conversation.epoch,
        head=conversation.version,
        locale=conversation.locale,
        created_at=conversation.created_at,
        last_said_at=conversation.last_said_at,
        waiting_since=conversation.queued_at,
        owner=OwnerResponse(
            kind=owner.kind, agent=owner.agent, since=owner.since, offset=owner.offset
        ),
        reachable_at=conversation.reachable_at,
        in_danger_since=conversation.danger_at,
    )


def _event_response(event: Event) -> EventResponse:
    return EventResponse(
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


async def _list_conversations(call: Call[ConversationQuery, EmptyRequest]) -> ApiResponse:
    query, takeover = call.query, call.services.takeover
    if query.of is ConversationFilter.QUEUE:
        after = ConversationId(bytes.fromhex(query.cursor)) if query.cursor else None
        conversations = await takeover.waiting(limit=query.limit + 1, after=after)
    else:
        if query.of is ConversationFilter.MINE:
            conversations = await takeover.owned_by(call.actor)
        else:
            conversations = await takeover.all_owned()
        ids = [conversation.id.hex() for conversation in conversations]
        # If the conversation of the cursor has left the list, start from the beginning.
        if query.cursor in ids:
            conversations = conversations[ids.index(query.cursor) + 1 :]
    page = conversations[: query.limit]
    since = query.updated_since
    return ApiResponse(
        ConversationPage(
            conversations=tuple(
                _conversation_response(conversation)
                for conversation in page
                if since is None or _updated_at(conversation) >= since
            ),
            next=page[-1].id.hex() if len(conversations) > query.limit else None,
        )
    )


def _updated_at(conversation: Conversation) -> datetime:
    instants = (conversation.created_at, conversation.last_said_at, conversation.owner.since)
    return max(at for at in instants if at is not None)


async def _list_events(call: Call[EventQuery, EmptyRequest]) -> ApiResponse:
    services, query = call.services, call.query
    conversation = await services.takeover.find(call.path["conversation"])
    await services.audit.record(call.actor, "api_messages_read", conversation=conversation.id)
    until = asyncio.get_running_loop().time() + query.wait

    async def read() -> ConversationView:
        return await services.case_pages.conversation_view(
            conversation.id, after=query.after, limit=query.limit
        )

    if query.wait:
        with services.waiters.waiting(conversation.id, call.client) as wakeup:
            view = await read()
            while not view.events and not services.waiters.is_closed and await wakeup.wait(until):
                view = await read()
    else:
        view = await read()
    return ApiResponse(
        EventPage(
            epoch=view.conversation.epoch,
            head=view.conversation.version,
            events=tuple(_event_response(event) for event in view.events),
        )
    )


async def _open_attachment(call: Call[EmptyRequest, EmptyRequest]) -> web.Response:
    services = call.services
    conversation = await services.takeover.find(call.path["conversation"])
    await services.audit.record(call.actor, "api_messages_read", conversation=conversation.id)
    return file_response(await services.attachments.find(conversation.id, call.path["file"]))


# -- writing ---------------------------------------------------------------------------------------


async def _take_conversation(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    name = call.path["conversation"]
    await call.services.takeover.take(
        name, call.actor, seen=call.expected_version, job_id=call.job_id
    )
    return await _show_conversation(call)


async def _reply_in_conversation(call: Call[EmptyRequest, TextRequest]) -> ApiResponse:
    name, text = call.path["conversation"], call.body.text
    await call.services.takeover.reply(
        name, call.actor, text, seen=call.expected_version, job_id=call.job_id
    )
    return await _show_conversation(call)


async def _hand_back_conversation(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    name = call.path["conversation"]
    await call.services.takeover.hand_back(
        name, call.actor, seen=call.expected_version, job_id=call.job_id
    )
    return await _show_conversation(call)


async def _show_conversation(call: Call[EmptyRequest, Any]) -> ApiResponse:
    return _response(await call.services.takeover.find(call.path["conversation"]))


def _response(conversation: Conversation) -> ApiResponse:
    return ApiResponse(_conversation_response(conversation), conversation.owner.offset)


CONVERSATIONS: Final[tuple[Operation[Any, Any], ...]] = (
    read_operation(
        "list_conversations",
        "/conversations",
        Group.CONVERSATIONS,
        "List conversations that wait for an agent, or that an agent has taken over.",
        scope=Scope.CONVERSATIONS_READ,
        handler=_list_conversations,
        query_model=ConversationQuery,
        response_model=ConversationPage,
    ),
    read_operation(
        "show_conversation",
        "/conversations/{conversation}",
        Group.CONVERSATIONS,
        "Show a conversation.",
        scope=Scope.CONVERSATIONS_READ,
        handler=_show_conversation,
        query_model=EmptyRequest,
        response_model=ConversationResponse,
        has_etag=True,
        details="The entity tag changes with the owner.",
    ),
    read_operation(
        "list_events",
        "/conversations/{conversation}/events",
        Group.CONVERSATIONS,
        "List the events of a conversation.",
        scope=Scope.MESSAGES_READ,
        handler=_list_events,
        query_model=EventQuery,
        response_model=EventPage,
        details=(
            "Each access is audited. Verification codes that users typed are not included. With"
            " `wait`, the response comes with the next event."
        ),
    ),
    read_operation(
        "open_attachment",
        "/conversations/{conversation}/files/{file}",
        Group.CONVERSATIONS,
        "Open a file that an agent sent to the user.",
        scope=Scope.MESSAGES_READ,
        handler=_open_attachment,
        query_model=EmptyRequest,
        response_model=None,
        media_type=PICTURES,
    ),
    write_operation(
        "take_conversation",
        "/conversations/{conversation}/take",
        Group.CONVERSATIONS,
        "Take a conversation over from the assistant or the queue.",
        scope=Scope.CONVERSATIONS_WRITE,
        handler=_take_conversation,
        body_model=EmptyRequest,
        response_model=ConversationResponse,
        details=(
            "The conversation returns to the queue if the identity doesn't act in it for half an"
            " hour."
        ),
    ),
    write_operation(
        "reply_in_conversation",
        "/conversations/{conversation}/replies",
        Group.CONVERSATIONS,
        "Reply to the user; only the owner of the conversation may.",
        scope=Scope.CONVERSATIONS_WRITE,
        handler=_reply_in_conversation,
        body_model=TextRequest,
        response_model=ConversationResponse,
    ),
    write_operation(
        "hand_back_conversation",
        "/conversations/{conversation}/hand-back",
        Group.CONVERSATIONS,
        "Hand a conversation back to the assistant.",
        scope=Scope.CONVERSATIONS_WRITE,
        handler=_hand_back_conversation,
        body_model=EmptyRequest,
        response_model=ConversationResponse,
    ),
)
