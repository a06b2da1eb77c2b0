"""Reading the event log by a cursor.

Which types of events a token sees follows from its other scopes: what it can't read by other
operations is not in its log.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import orjson
from aiohttp import web
from pydantic import Field, JsonValue, RootModel

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.webhook_events import SUBSCRIBABLE, WebhookEventKind
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.web.api.operations import Call, Group, Operation, read_operation
from privacydesk.web.api.schemas import (
    DEFAULT_PAGE_SIZE,
    Cursor,
    EmptyRequest,
    PageSize,
    ResponseModel,
    TimestampInput,
    WaitingQuery,
)
from privacydesk.web.api.webhook_schemas import SubscribableEvent

_SCOPES: Final[Mapping[str, Scope]] = MappingProxyType(
    {
        "ticket": Scope.TICKETS_READ,
        "conversation": Scope.CONVERSATIONS_READ,
        # No operation reads incidents; the deliveries of webhooks show the same bodies.
        "incident": Scope.WEBHOOKS_READ,
    }
)
"""By the subject of a type, the scope with which other operations show it."""


class LogQuery(WaitingQuery):
    """The part of the log to read."""

    cursor: Cursor | None = Field(
        default=None,
        description="The `next` of the previous response. Without it, reading begins at `since`,"
        " or with the oldest event that is kept.",
    )
    since: TimestampInput | None = Field(
        default=None,
        description="Begin with events of this time; the first ones may be a moment older. Ignored"
        " with `cursor`.",
    )
    types: tuple[SubscribableEvent, ...] = Field(
        default=(),
        max_length=len(SUBSCRIBABLE),
        description="Only events of these types; by default, all that the token's scopes show.",
    )
    limit: PageSize = DEFAULT_PAGE_SIZE


class EventLogEntry(RootModel[dict[str, JsonValue]]):
    """An event: the same JSON, byte for byte, as the body of its webhook.

    The document has the schemas of all types in its place.
    """


class EventLogPage(ResponseModel):
    """A part of the log, oldest first."""

    events: tuple[EventLogEntry, ...]
    next: str = Field(description="The `cursor` to go on with, also if there were no events.")
    has_more: bool = Field(description="Whether there may be more events now.")


def visible_kinds(call: Call[Any, Any]) -> frozenset[WebhookEventKind]:
    """Return the types of events that a token may see."""
    return frozenset(kind for kind in SUBSCRIBABLE if call.has_scope(_scope_of(kind)))


def _scope_of(kind: WebhookEventKind) -> Scope:
    return _SCOPES[kind.value.partition(".")[0]]


def _kinds_to_read(call: Call[LogQuery, EmptyRequest]) -> frozenset[WebhookEventKind] | None:
    """Return the types to read; None for all.

    Raises:
        DeskError: FORBIDDEN for a type that the token may not see.
    """
    visible = visible_kinds(call)
    for kind in call.query.types:
        if kind not in visible:
            raise DeskError(
                "this type needs another scope",
                code=ErrorCode.FORBIDDEN,
                reason="api_scope",
                scope=_scope_of(kind).value,
            )
    kinds = frozenset(call.query.types) or visible
    return None if kinds == frozenset(SUBSCRIBABLE) else kinds


async def _read_events(call: Call[LogQuery, EmptyRequest]) -> web.Response:
    query = call.query
    page = await call.services.event_log.read(
        query.cursor,
        since=query.since,
        kinds=_kinds_to_read(call),
        limit=query.limit,
        wait=query.wait,
        client=call.client,
    )
    # Put together from the stored bodies, so that each event is what its webhook sends.
    rest = orjson.dumps({"next": page.next.cursor, "has_more": page.has_more})
    body = b'{"events":[' + b",".join(event.body for event in page.events) + b"]," + rest[1:]
    return web.Response(body=body, content_type="application/json")


EVENTS: Final[tuple[Operation[Any, Any], ...]] = (
    read_operation(
        "read_events",
        "/events",
        Group.EVENTS,
        "Read the log of all events, oldest first, by a cursor.",
        scope=Scope.EVENTS_READ,
        handler=_read_events,
        query_model=LogQuery,
        response_model=EventLogPage,
        details=(
            "Every event is in the log once, in the order of commits, whether or not there is an"
            " endpoint for webhooks. Types about tickets also need the scope `tickets:read`, those"
            " about conversations `conversations:read`, those about incidents `webhooks:read`:"
            " events of other types are left out. 410 if events after the cursor were deleted."
        ),
        error_statuses=(410,),
    ),
)
