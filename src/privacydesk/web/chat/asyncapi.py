"""The AsyncAPI 3 document of the chat: its socket and its event stream, made from their structs.

See https://www.asyncapi.com/docs/reference/specification/v3.0.0 for the terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final, get_args

import msgspec

from privacydesk.domain.json_schemas import schema_components
from privacydesk.web.chat.frame_parser import Choose, Frame
from privacydesk.web.chat.server_frames import SERVER_FRAMES, STREAM_MESSAGES, LogEvent

CLIENT_FRAMES: Final[tuple[type[msgspec.Struct], ...]] = get_args(Frame)
_SCHEMA_REF: Final = "#/components/schemas/{name}"
_MESSAGE_REF: Final = "#/components/messages/{name}"
_LOG_EVENT: Final = "LogEvent"
_LOG_EVENT_DESCRIPTION: Final = (
    "An event of the conversation's log. Fields without content are left out. `offset` is its place"
    " in the log, from 1; `text` has the words as they were shown, `lang` their BCP 47 tag (empty"
    " if it is unknown), `key` the catalog key that they were made from. `choices` and `input`, the"
    " kind of answer that a question takes, are live only while `view.prompt` is this offset."
    " `data` is what a card needs; `author` an agent's display name; `id`, of the user's own"
    " events, the id they were sent under."
)
_SUBPROTOCOL: Final = "privacydesk.chat.v1"


def asyncapi_document() -> Mapping[str, Any]:
    """Return the AsyncAPI document."""
    schemas = _schemas()
    frames = {frame.__name__: _message_object(frame, schemas) for frame in _all_frames()}
    streamed = {
        f"stream.{name}": _stream_message(name, kind, schemas)
        for name, kind in STREAM_MESSAGES.items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "privacydesk chat",
            "version": version("privacydesk"),
            "description": "Frames of the chat's socket. Both sides ignore unknown fields.",
            "tags": [{"name": "chat", "description": "The chat with users."}],
            "license": {
                "name": "Apache License 2.0",
                "url": "https://www.apache.org/licenses/LICENSE-2.0",
            },
        },
        "defaultContentType": "application/json",
        "servers": {
            "desk": _server_object("wss", "The desk."),
            "deskHttp": _server_object("https", "The desk, for clients without sockets."),
        },
        "channels": {
            "socket": {
                "address": "/socket",
                "servers": [{"$ref": "#/servers/desk"}],
                "description": f"Text frames; the subprotocol `{_SUBPROTOCOL}` is optional.",
                "messages": _references(frames),
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            },
            "events": {
                "address": "/events",
                "servers": [{"$ref": "#/servers/deskHttp"}],
                "description": "Server-sent events, for requests with `Accept: text/event-stream`."
                " The name of each is that of its message; the id of `event` is the offset, from"
                " which `Last-Event-ID` resumes.",
                "messages": _references(streamed),
            },
        },
        "operations": {
            "receiveFrame": _operation_object(
                "receive", "socket", "Frames of clients.", _names(CLIENT_FRAMES)
            ),
            "sendFrame": _operation_object(
                "send", "socket", "Frames of the desk.", _names(SERVER_FRAMES)
            ),
            "streamEvents": _operation_object(
                "send", "events", "The events of the log, and the view.", streamed
            ),
        },
        "components": {"messages": frames | streamed, "schemas": schemas},
    }


def _server_object(protocol: str, description: str) -> dict[str, Any]:
    return {
        "host": "{host}",
        "protocol": protocol,
        "pathname": "/chat/v1",
        "description": description,
        "variables": {"host": {"default": "desk.example", "description": "The desk's address."}},
    }


def _references(messages: Iterable[str]) -> dict[str, dict[str, str]]:
    return {name: {"$ref": _MESSAGE_REF.format(name=name)} for name in messages}


def _schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas of all that is sent, by name; the events of the log are one of them."""
    types = [*_all_frames(), *STREAM_MESSAGES.values()]
    _, schemas = schema_components(types, _SCHEMA_REF)
    _allow_one_or_many(schemas[Choose.__name__])
    kinds = [_SCHEMA_REF.format(name=one.__name__) for one in get_args(LogEvent)]
    schemas[_LOG_EVENT] = {
        "title": _LOG_EVENT,
        "description": _LOG_EVENT_DESCRIPTION,
        "oneOf": [{"$ref": kind} for kind in kinds],
    }
    schemas["Events"]["properties"]["events"]["items"] = _reference_to(_LOG_EVENT)
    return schemas


def _reference_to(name: str) -> dict[str, str]:
    return {"$ref": _SCHEMA_REF.format(name=name)}


def _names(frames: Iterable[type[msgspec.Struct]]) -> list[str]:
    return [frame.__name__ for frame in frames]


def _all_frames() -> tuple[type[msgspec.Struct], ...]:
    return (*CLIENT_FRAMES, *SERVER_FRAMES)


def _allow_one_or_many(choose: dict[str, Any]) -> None:
    """Have the frame name a choice or several; the struct has both fields."""
    choose["required"] = [name for name in choose["required"] if name != "choice"]
    choose["properties"]["choices"] |= {"minItems": 1, "uniqueItems": True}
    del choose["properties"]["choices"]["default"]
    choose["oneOf"] = [{"required": ["choice"]}, {"required": ["choices"]}]


def _message_object(
    frame: type[msgspec.Struct], schemas: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    name = frame.__name__
    return {
        "name": str(frame.__struct_config__.tag),
        "title": name,
        "summary": schemas[name]["description"],
        "payload": _reference_to(name),
    }


def _stream_message(
    name: str, kind: Any, schemas: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    schema = getattr(kind, "__name__", _LOG_EVENT)
    return {
        "name": name,
        "title": f"Server-sent {name}",
        "summary": schemas[schema]["description"],
        "payload": _reference_to(schema),
    }


def _operation_object(
    action: str, channel: str, description: str, messages: Iterable[str]
) -> dict[str, Any]:
    path = f"#/channels/{channel}"
    return {
        "action": action,
        "channel": {"$ref": path},
        "description": description,
        "messages": [{"$ref": f"{path}/messages/{name}"} for name in messages],
    }
