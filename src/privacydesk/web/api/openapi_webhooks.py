"""The webhooks of the OpenAPI document: one entry and one schema for each event type.

The schemas are made from the structs that the messages are encoded from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import orjson
from pydantic import BaseModel

from privacydesk.domain.json_schemas import schema_components
from privacydesk.domain.webhook_events import (
    FACTS,
    SCHEMAS,
    SUBSCRIBABLE,
    VERSION,
    DateRangeFacts,
    DeadlineFacts,
    EventMessage,
    ItemFacts,
    WebhookEventKind,
)
from privacydesk.domain.webhook_examples import example_message
from privacydesk.web.api.ticket_schemas import DateRangeResponse, DeadlineResponse, ItemResponse

_SCHEMA_REF: Final = "#/components/schemas/{name}"
LOGGED_EVENT: Final = "EventLogEntry"
"""The name of the schema of any event in the log."""

SHARED: Final[Mapping[type[msgspec.Struct], type[BaseModel]]] = {
    DateRangeFacts: DateRangeResponse,
    DeadlineFacts: DeadlineResponse,
    ItemFacts: ItemResponse,
}
"""Facts that are the same in the API's responses, and their response models."""


def event_name(kind: WebhookEventKind) -> str:
    """Return the name of the schema of an event type."""
    words = kind.replace(".", "_").split("_")
    return "".join(word.title() for word in words) + "Event"


def event_components() -> dict[str, Any]:
    """Return the schemas of all messages and of what they contain.

    Those that the API has, too, have the same names.
    """
    types = [EventMessage[facts] for facts in SCHEMAS]  # type: ignore[valid-type] # at run time
    references, components = schema_components(types, _SCHEMA_REF)
    text = orjson.dumps(components)
    for shared, model in SHARED.items():
        text = text.replace(_reference(shared), _reference(model))
    schemas: dict[str, Any] = orjson.loads(text)
    unused: tuple[type, ...] = (*SHARED, WebhookEventKind)
    for one in unused:
        del schemas[one.__name__]
    messages = {
        facts: schemas.pop(reference["$ref"].rpartition("/")[2])
        for facts, reference in zip(SCHEMAS, references, strict=True)
    }
    return (
        schemas
        | {
            event_name(kind): _message_schema(messages[facts], kind)
            for kind, facts in FACTS.items()
        }
        | {LOGGED_EVENT: _any_event_schema()}
    )


def _any_event_schema() -> dict[str, Any]:
    mapping = {kind.value: _SCHEMA_REF.format(name=event_name(kind)) for kind in SUBSCRIBABLE}
    return {
        "title": LOGGED_EVENT,
        "description": "An event, as the body of its webhook; `type` says which.",
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def _reference(model: type) -> bytes:
    return _SCHEMA_REF.format(name=model.__name__).encode() + b'"'


def _message_schema(message: Mapping[str, Any], kind: WebhookEventKind) -> dict[str, Any]:
    return {
        **message,
        "title": event_name(kind),
        "description": kind.when,
        "properties": {
            **message["properties"],
            "schema": {"type": "string", "const": SCHEMAS[FACTS[kind]]},
            "version": {"type": "integer", "const": VERSION},
            "type": {"type": "string", "const": kind.value},
        },
    }


def webhook_objects(tag: str) -> dict[str, Any]:
    """Return the ``webhooks`` object of the document, with the tag of its operations."""
    return {kind.value: {"post": _operation_object(kind, tag)} for kind in FACTS}


def _operation_object(kind: WebhookEventKind, tag: str) -> dict[str, Any]:
    schema = {"$ref": _SCHEMA_REF.format(name=event_name(kind))}
    return {
        "operationId": f"on_{kind.replace('.', '_')}",
        "tags": [tag],
        "summary": kind.when,
        "description": "A message that the desk sends to endpoints, signed as Standard Webhooks.",
        "security": [],
        "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in WEBHOOK_HEADERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schema, "example": example_message(kind)}},
        },
        "responses": {
            "2XX": {"description": "The message is accepted."},
            "410": {"description": "The endpoint is gone: the desk switches it off."},
        },
    }


def _header(description: str, pattern: str) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern}
    return {"in": "header", "required": True, "description": description, "schema": schema}


WEBHOOK_HEADERS: Final[Mapping[str, Any]] = {
    "webhook-id": {
        "name": "webhook-id",
        **_header("The message's `id`.", "^evt_[0-9a-f]{32}$"),
    },
    "webhook-timestamp": {
        "name": "webhook-timestamp",
        **_header("The time of this try, in seconds since 1970.", "^[0-9]+$"),
    },
    "webhook-signature": {
        "name": "webhook-signature",
        **_header(
            "`v1,` and an HMAC-SHA256 in base64; two of them while the secret is rotated.",
            "^v1,[^ ]+( v1,[^ ]+)*$",
        ),
    },
}
"""The headers of a message, as parameters."""
