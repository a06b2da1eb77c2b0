"""The OpenAPI 3.1 description of the API, generated from its operations and validating models.

See https://spec.openapis.org/oas/v3.1.1 for the terms. Nothing is described twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from privacydesk.domain.api_tokens import Scope
from privacydesk.errors import ErrorCode
from privacydesk.web.api.headers import (
    IDEMPOTENCY_KEY,
    IF_MATCH,
    KEY,
    RATE_LIMIT,
    RATE_POLICY,
    REPLAYED,
    TAG,
)
from privacydesk.web.api.operations import PREFIX, Group, Operation
from privacydesk.web.api.values import Told

_REF: Final = "#/components/schemas/{model}"
_PART: Final = re.compile(r"\{(\w+)\}")
_PROBLEM: Final = "application/problem+json"
_HEX: Final = r"^[0-9a-f]{32}$"

_PARTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = MappingProxyType(
    {
        "number": ("The ticket's number.", {"type": "string", "minLength": 1, "maxLength": 64}),
        "conversation": (
            "The conversation's id, or the number of a ticket that was filed in it.",
            {"type": "string", "minLength": 1, "maxLength": 64},
        ),
        "file": ("The file's id.", {"type": "string", "pattern": _HEX}),
        "endpoint": ("The endpoint's id.", {"type": "string", "pattern": _HEX}),
        "delivery": ("The delivery's id.", {"type": "string", "pattern": _HEX}),
    }
)

_STATUSES: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "The request is not as described; `faults` says where.",
        401: "There is no token, or it opens nothing any more.",
        403: "The token lacks the scope, or the identity may not do this.",
        404: "There is no such thing.",
        409: "The state of the thing does not permit it, or another agent has it.",
        412: "It has changed since the version that `If-Match` names.",
        413: "The body is too large.",
        415: "The body is not JSON.",
        422: "As described, and yet it can't be done so; or the key was used for something else.",
        429: "Too many requests; `Retry-After` says when to go on.",
        500: "A fault of the desk.",
        503: "It can't be done just now; ask again with the same key.",
    }
)
_ALWAYS: Final = (400, 401, 403, 429, 500, 503)


class FaultTold(Told):
    """Where a request is not as described."""

    where: str = Field(description="Such as `body.text`.")
    what: str = Field(description="Such as `missing` or `string_too_long`.")


class Problem(Told):
    """An error (RFC 9457). It repeats nothing of what was sent."""

    type: str
    title: str = Field(description="A sentence for people, in the language they asked for.")
    status: int
    code: ErrorCode = Field(description="What went wrong, for programs.")
    reason: str | None = Field(default=None, description="What exactly, where more is known.")
    scope: Scope | None = Field(default=None, description="The scope that is missing.")
    limit: float | None = Field(default=None, description="The most that is taken.")
    retry_after: float | None = Field(default=None, description="Seconds to wait.")
    kept: bool | None = Field(default=None, description="Worth trying again as it is.")
    faults: tuple[FaultTold, ...] | None = None


_ABOUT: Final[Mapping[Group, str]] = {
    Group.TICKETS: "Reading requests: lists with filters, one whole, its log, what was handed in.",
    Group.ACTS: "What an agent does to a request, under the same rules and the same log.",
    Group.CONVERSATIONS: "Reading what is said to people, and answering them.",
    Group.WEBHOOKS: "Where the desk tells of what happened, and how deliveries went.",
    Group.APP_TOKENS: "Ending log-ins of the app's users: log-out, another account, a lost device.",
}


def describe(operations: Sequence[Operation[Any, Any]]) -> Mapping[str, Any]:
    """Return the OpenAPI document of the operations."""
    schemas, named = _schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, named)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "privacydesk",
            "version": version("privacydesk"),
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
            "description": (
                "Requests and conversations of the privacy desk, for ticketing systems and for the"
                " app. What is done here is done by the same services, under the same rules, as in"
                " the console, and is logged under the name of the token's identity."
            ),
        },
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}],
        "tags": [{"name": group.value, "description": _ABOUT[group]} for group in Group],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of the desk. Scopes: "
                    + ", ".join(f"`{scope.value}`" for scope in Scope)
                    + ".",
                }
            },
        },
    }


def _schemas(
    operations: Iterable[Operation[Any, Any]],
) -> tuple[dict[str, Any], Mapping[tuple[type[BaseModel], str], Mapping[str, Any]]]:
    asked = {one.body for one in operations if one.acts} | {one.query for one in operations}
    told = {one.answer for one in operations if one.answer is not None} | {Problem}
    wanted: list[tuple[type[BaseModel], Any]] = [
        *((model, "validation") for model in sorted(asked, key=lambda one: one.__name__)),
        *((model, "serialization") for model in sorted(told, key=lambda one: one.__name__)),
    ]
    named, definitions = models_json_schema(wanted, ref_template=_REF)
    schemas: dict[str, Any] = definitions["$defs"]
    found = {(model, mode): named[model, mode] for model, mode in wanted}
    # Query models are described as individual parameters.
    queries = {one.query for one in operations} - {one.body for one in operations}
    inlined = {
        (model, "validation"): schemas.pop(found[model, "validation"]["$ref"].rpartition("/")[2])
        for model in queries
    }
    return schemas, found | inlined


def _operation(
    one: Operation[Any, Any], named: Mapping[tuple[type[BaseModel], str], Mapping[str, Any]]
) -> dict[str, Any]:
    parts = _PART.findall(one.path)
    described: dict[str, Any] = {
        "operationId": one.name,
        "tags": [one.group.value],
        "summary": one.what,
        "description": " ".join(part for part in (f"Scope: `{one.scope}`.", one.more) if part),
        "x-scope": one.scope.value,
        "parameters": [
            *(_part(name) for name in parts),
            *_queries(named[one.query, "validation"]),
            *_headers(one),
        ],
        "responses": {"200": _answered(one, named)}
        | {str(status): _refused(status) for status in _statuses(one, parts)},
    }
    if one.acts:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": dict(named[one.body, "validation"])}},
        }
    return described


def _statuses(one: Operation[Any, Any], parts: Sequence[str]) -> list[int]:
    more = {404} if parts else set()
    return sorted({*_ALWAYS, *more, *one.refusals, *((413,) if one.acts else ())})


def _part(name: str) -> dict[str, Any]:
    what, schema = _PARTS[name]
    return {"name": name, "in": "path", "required": True, "description": what, "schema": schema}


def _queries(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    shown = []
    for name, whole in schema.get("properties", {}).items():
        about = {key: value for key, value in whole.items() if key not in {"title", "description"}}
        if "anyOf" in about:
            # A query string has no null: the parameter is omitted instead.
            (kept,) = (one for one in about.pop("anyOf") if one != {"type": "null"})
            about = kept | {key: value for key, value in about.items() if key != "default"}
        one = {"name": name, "in": "query", "schema": about}
        shown.append(one | {"description": whole.get("description", "")})
    return shown


def _headers(one: Operation[Any, Any]) -> list[dict[str, Any]]:
    shown = []
    if one.acts:
        shown.append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": True,
                "description": (
                    "Your name for this request. Sent again with the same content it is done once"
                    " and answered the same, for two days."
                ),
                "schema": {"type": "string", "pattern": KEY, "minLength": 8, "maxLength": 200},
            }
        )
    if one.guarded:
        shown.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": (
                    "The entity tag of what was decided on; 412 once it has changed. `*` takes any."
                ),
                "schema": {"type": "string", "pattern": IF_MATCH},
            }
        )
    return shown


def _answered(
    one: Operation[Any, Any], named: Mapping[tuple[type[BaseModel], str], Mapping[str, Any]]
) -> dict[str, Any]:
    if one.answer is None:
        content: dict[str, Any] = {"image/*": {"schema": {}}}
    else:
        content = {"application/json": {"schema": dict(named[one.answer, "serialization"])}}
    headers = dict(_LIMITS)
    if one.tagged:
        headers["ETag"] = {"schema": {"type": "string", "pattern": TAG}}
    if one.acts:
        headers[REPLAYED] = {
            "description": "`true` where this was answered before.",
            "schema": {"type": "string", "enum": ["true"]},
        }
    return {"description": "Done.", "headers": headers, "content": content}


def _refused(status: int) -> dict[str, Any]:
    headers = dict(_LIMITS) if status != 401 else {}  # noqa: PLR2004 - nobody to count for
    if status == 429:  # noqa: PLR2004
        headers["Retry-After"] = {"schema": {"type": "string", "pattern": "^[0-9]+$"}}
    schema = {"$ref": _REF.format(model=Problem.__name__)}
    return {
        "description": _STATUSES[status],
        "headers": headers,
        "content": {_PROBLEM: {"schema": schema}},
    }


_LIMITS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        RATE_POLICY: {
            "description": "Requests a token may make at once, and the seconds until it is full.",
            "schema": {"type": "string"},
        },
        RATE_LIMIT: {
            "description": "What is left of them, and the seconds until they are full again.",
            "schema": {"type": "string"},
        },
    }
)
