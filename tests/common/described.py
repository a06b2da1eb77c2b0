"""What the desk sends, compared with its published descriptions.

Clients ignore unknown fields; here they are faults, since all that is sent has to be described.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from privacydesk.app.schemas import DOCUMENTS
from privacydesk.web.chat.server_frames import SERVER_FRAMES


def check_frame(frame: Mapping[str, Any]) -> None:
    """Fail unless a frame of the chat's socket is as the AsyncAPI document describes it."""
    _frames()[frame["type"]].validate(frame)


def check_event(message: Mapping[str, Any]) -> None:
    """Fail unless a message of a webhook is as the OpenAPI document describes it."""
    _events()[message["type"]].validate(message)


def check_document(name: str, value: Any) -> None:
    """Fail unless a value is as the JSON Schema of a format describes it."""
    jsonschema_rs.validator_for(dict(DOCUMENTS[name]()), validate_formats=True).validate(value)


@cache
def _frames() -> dict[str, jsonschema_rs.Validator]:
    names = {str(frame.__struct_config__.tag): frame.__name__ for frame in SERVER_FRAMES}
    return _validators("asyncapi", names)


@cache
def _events() -> dict[str, jsonschema_rs.Validator]:
    names = {
        kind: item["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for kind, item in DOCUMENTS["openapi"]()["webhooks"].items()
    }
    return _validators(
        "openapi", {kind: reference.rpartition("/")[2] for kind, reference in names.items()}
    )


def _validators(document: str, names: Mapping[str, str]) -> dict[str, jsonschema_rs.Validator]:
    schemas = DOCUMENTS[document]()["components"]["schemas"]
    return {
        kind: jsonschema_rs.validator_for(
            {
                "$ref": f"#/components/schemas/{name}",
                "components": {"schemas": _closed(schemas, _reachable(schemas, name))},
            },
            validate_formats=True,
        )
        for kind, name in names.items()
    }


def _reachable(schemas: Mapping[str, Any], name: str) -> set[str]:
    """Return the names of a schema and of all that it refers to."""
    found, open_names = set[str](), {name}
    while open_names:
        one = open_names.pop()
        found.add(one)
        open_names |= set(_references(schemas[one])) - found
    return found


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return
    for one in value:
        yield from _references(one)


def _closed(schemas: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return schemas that permit no fields but those they name."""
    return {
        name: schemas[name]
        | ({"additionalProperties": False} if "properties" in schemas[name] else {})
        for name in names
    }
