"""The AsyncAPI 3 document of the chat's socket, generated from its frames.

See https://www.asyncapi.com/docs/reference/specification/v3.0.0 for the terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final, get_args

import msgspec

from privacydesk.domain.json_schemas import schema_components
from privacydesk.web.chat.frame_parser import Choose, Frame
from privacydesk.web.chat.server_frames import SERVER_FRAMES

CLIENT_FRAMES: Final[tuple[type[msgspec.Struct], ...]] = get_args(Frame)
_SCHEMA_REF: Final = "#/components/schemas/{name}"
_CHANNEL: Final = {"$ref": "#/channels/socket"}
_SUBPROTOCOL: Final = "privacydesk.chat.v1"


def asyncapi_document() -> Mapping[str, Any]:
    """Return the AsyncAPI document."""
    _, schemas = schema_components(_all_frames(), _SCHEMA_REF)
    _allow_one_or_many(schemas[Choose.__name__])
    frames = {frame.__name__: _message_object(frame, schemas) for frame in _all_frames()}
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
            "desk": {
                "host": "{host}",
                "protocol": "wss",
                "pathname": "/chat/v1",
                "description": "The desk.",
                "variables": {
                    "host": {"default": "desk.example", "description": "The desk's address."}
                },
            }
        },
        "channels": {
            "socket": {
                "address": "/socket",
                "description": f"Text frames; the subprotocol `{_SUBPROTOCOL}` is optional.",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in frames},
                "bindings": {"ws": {"method": "GET", "bindingVersion": "0.1.0"}},
            }
        },
        "operations": {
            "receiveFrame": _operation_object("receive", "Frames of clients.", CLIENT_FRAMES),
            "sendFrame": _operation_object("send", "Frames of the desk.", SERVER_FRAMES),
        },
        "components": {"messages": frames, "schemas": schemas},
    }


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
        "payload": {"$ref": _SCHEMA_REF.format(name=name)},
    }


def _operation_object(
    action: str, description: str, frames: Iterable[type[msgspec.Struct]]
) -> dict[str, Any]:
    messages = [{"$ref": f"#/channels/socket/messages/{frame.__name__}"} for frame in frames]
    return {
        "action": action,
        "channel": _CHANNEL,
        "description": description,
        "messages": messages,
    }
