"""The OpenAPI 3.1 document of the API, generated from its operations and models.

See https://spec.openapis.org/oas/v3.1.1 for the terms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.request_faults import RequestFault
from privacydesk.domain.request_kinds import KindSpec
from privacydesk.errors import ErrorCode
from privacydesk.web.api.headers import (
    ETAG_PATTERN,
    IDEMPOTENCY_KEY_HEADER,
    IF_MATCH_PATTERN,
    KEY_PATTERN,
    MAX_KEY_LENGTH,
    MIN_KEY_LENGTH,
    RATE_LIMIT_HEADER,
    RATE_LIMIT_POLICY_HEADER,
    REPLAYED_HEADER,
    VERSION,
    VERSION_HEADER,
)
from privacydesk.web.api.intake_schemas import AttestedRequest, FileRequest
from privacydesk.web.api.openapi_webhooks import (
    WEBHOOK_HEADERS,
    event_components,
    webhook_objects,
)
from privacydesk.web.api.operations import JSON, PREFIX, Group, Operation
from privacydesk.web.api.schemas import ResponseModel
from privacydesk.web.request_ids import REQUEST_ID_HEADER

_SCHEMA_REF: Final = "#/components/schemas/{model}"
_PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_PROBLEM_MEDIA_TYPE: Final = "application/problem+json"
_ID_PATTERN: Final = r"^[0-9a-f]{32}$"

_PATH_PARAMETERS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = MappingProxyType(
    {
        "number": (
            "The number of the ticket.",
            {"type": "string", "minLength": 1, "maxLength": 64},
        ),
        "task": (
            "The number of the task within the ticket, from 1.",
            {"type": "string", "pattern": "^[0-9]{1,2}$"},
        ),
        "conversation": (
            "The id of the conversation, or the number of a ticket that was filed in it.",
            {"type": "string", "minLength": 1, "maxLength": 64},
        ),
        "version": (
            "The number of the version, from 1.",
            {"type": "string", "pattern": "^[0-9]{1,9}$"},
        ),
        "file": ("The id of the file.", {"type": "string", "pattern": _ID_PATTERN}),
        "endpoint": ("The id of the endpoint.", {"type": "string", "pattern": _ID_PATTERN}),
        "delivery": ("The id of the delivery.", {"type": "string", "pattern": _ID_PATTERN}),
    }
)

_ERROR_DESCRIPTIONS: Final[Mapping[int, str]] = MappingProxyType(
    {
        400: "The request is invalid; `faults` says where.",
        401: "There is no token, or it is no longer valid.",
        403: "The token lacks the scope, or the identity may not do this.",
        404: "It does not exist.",
        410: "Events after the cursor were deleted, or the cursor is of another log.",
        409: "Its current state doesn't permit this, or another agent has it.",
        412: "It has changed since the version in `If-Match`.",
        413: "The body is too large.",
        415: "The body is not JSON.",
        422: "The request is valid, but can't be carried out; or its key was used for another one.",
        429: "Too many requests; `Retry-After` says when to try again.",
        500: "An internal error of the desk.",
        503: "Temporarily unavailable; retry with the same key.",
    }
)
_COMMON_ERRORS: Final = (400, 401, 403, 429, 500, 503)
_WAITING_ERRORS: Final = (429, 503)


class FaultResponse(ResponseModel):
    """An invalid part of a request."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    where: str = Field(description="The location, such as `body.text`.")
    what: RequestFault
    offered: tuple[str, ...] | None = Field(
        default=None, description="The values that would be taken, if they are the same for all."
    )
    message: str | None = Field(
        default=None, description="The rule that is broken, in English, where it isn't plain."
    )


class Problem(ResponseModel):
    """An error (RFC 9457). It contains nothing of the request but names of fields."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=False)

    type: str
    title: str = Field(
        description="A message for people, in the language of `Accept-Language`, or of the token's"
        " owner, or in English."
    )
    status: int
    code: ErrorCode = Field(description="The error code, for programs.")
    reason: str | None = Field(default=None, description="The precise reason, if there is one.")
    scope: Scope | None = Field(default=None, description="The missing scope.")
    limit: float | None = Field(default=None, description="The limit that was exceeded.")
    retry_after: float | None = Field(default=None, description="Seconds to wait before a retry.")
    kept: bool | None = Field(
        default=None, description="True if the request may be retried unchanged."
    )
    faults: tuple[FaultResponse, ...] | None = None
    request_id: str = Field(
        description="The id of the request, as in the header `X-Request-ID`: the log of the desk"
        " has it, too."
    )


_GROUP_DESCRIPTIONS: Final[Mapping[Group, str]] = {
    Group.REQUESTS: "Filing requests for users of the app, and of a call centre.",
    Group.TICKETS: "Reading tickets: filtered lists, single tickets, their logs and evidence.",
    Group.TICKET_ACTIONS: "Actions of an agent on tickets, with the same rules as in the console.",
    Group.TASKS: "What teams, the owners of some of the data, are asked to do for tickets.",
    Group.CONVERSATIONS: "Reading conversations and replying to users.",
    Group.EVENTS: "The log of all events, to be read by a cursor.",
    Group.WEBHOOKS: "Endpoints to which the desk sends events, and the deliveries to them.",
    Group.PROFILE: "The operator profile in force and its versions.",
    Group.POLICY: "Answers from the operator's policy, word for word.",
    Group.REPORTS: "The figures of reports.",
    Group.APP_TOKENS: "Revoking tokens of the app's users, for example after a log-out.",
}


_SchemasByModel = Mapping[tuple[type[BaseModel], str], Mapping[str, Any]]
"""The schema of each model, or a reference to it, by model and mode.

The mode is ``validation`` for requests and ``serialization`` for responses.
"""


def openapi_document(
    operations: Sequence[Operation[Any, Any]], kinds: Sequence[KindSpec] = ()
) -> Mapping[str, Any]:
    """Return the OpenAPI document of the operations.

    Args:
        operations: the operations.
        kinds: the kinds of requests that can be filed, to name the answers that they take.
    """
    components, schemas = _schemas(operations)
    for model in (FileRequest, AttestedRequest):
        if kinds and model.__name__ in components:
            _name_answers(components[model.__name__]["properties"]["answers"], kinds)
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        methods = paths.setdefault(operation.path, {})
        methods[operation.method.lower()] = _operation_object(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "privacydesk",
            "version": VERSION,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
            "description": (
                "Tickets and conversations of the privacy desk, for ticketing systems and for the"
                " app. Operations use the same services as the console, under the same rules, and"
                " are logged under the name of the token's identity."
            ),
        },
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}],
        "tags": [
            {"name": group.value, "description": _GROUP_DESCRIPTIONS[group]} for group in Group
        ],
        "paths": paths,
        "webhooks": webhook_objects(Group.WEBHOOKS.value),
        "components": {
            # An event of the log is a model without fields; here it is one of the webhooks.
            "schemas": components | event_components(),
            "parameters": WEBHOOK_HEADERS,
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
    operations: Sequence[Operation[Any, Any]],
) -> tuple[dict[str, Any], _SchemasByModel]:
    """Return the schema components by name, and the schemas by model and mode."""
    bodies = {operation.body_model for operation in operations}
    queries = {operation.query_model for operation in operations}
    requests = queries | {operation.body_model for operation in operations if operation.is_write}
    responses = {Problem} | {
        operation.response_model for operation in operations if operation.response_model is not None
    }
    models: list[tuple[type[BaseModel], Any]] = [
        *((model, "validation") for model in sorted(requests, key=_class_name)),
        *((model, "serialization") for model in sorted(responses, key=_class_name)),
    ]
    references, definitions = models_json_schema(models, ref_template=_SCHEMA_REF)
    components: dict[str, Any] = definitions["$defs"]
    schemas = {(model, mode): references[model, mode] for model, mode in models}
    # Query models are not components: their fields are described as individual parameters.
    for model in queries - bodies:
        name = references[model, "validation"]["$ref"].rpartition("/")[2]
        schemas[model, "validation"] = components.pop(name)
    return components, schemas


def _name_answers(schema: dict[str, Any], kinds: Sequence[KindSpec]) -> None:
    """Add the answers that kinds of requests take, by their names, to the schema of any answers."""
    kinds_by_values: dict[str, dict[str, list[str]]] = {}
    for kind in kinds:
        for answer in kind.answers:
            values = ", ".join(f"`{one.value}`" for one in answer.options) or f"a {answer.type}"
            takers = kinds_by_values.setdefault(answer.name, {}).setdefault(values, [])
            if f"`{kind.kind}`" not in takers:
                takers.append(f"`{kind.kind}`")
    schema["properties"] = {
        name: {
            **schema["additionalProperties"],
            "description": " ".join(f"{', '.join(of)}: {what}." for what, of in by_values.items()),
        }
        for name, by_values in kinds_by_values.items()
    }


def _class_name(model: type[BaseModel]) -> str:
    return model.__name__


def _operation_object(operation: Operation[Any, Any], schemas: _SchemasByModel) -> dict[str, Any]:
    path_names = _PATH_PARAMETER.findall(operation.path)
    others = sorted(operation.other_scopes)
    scopes = " or ".join(f"`{scope}`" for scope in (operation.scope, *others))
    sentences = (f"Scope: {scopes}.", operation.details)
    operation_object: dict[str, Any] = {
        "operationId": operation.name,
        "tags": [operation.group.value],
        "summary": operation.summary,
        "description": " ".join(sentence for sentence in sentences if sentence),
        "x-scope": operation.scope.value,
        **({"x-other-scopes": others} if others else {}),
        "parameters": [
            *(_path_parameter(name) for name in path_names),
            *_query_parameters(schemas[operation.query_model, "validation"]),
            *_header_parameters(operation),
        ],
        "responses": {"200": _success_response(operation, schemas)}
        | {str(status): _error_response(status) for status in _error_statuses(operation)},
    }
    if operation.is_write:
        schema = dict(schemas[operation.body_model, "validation"])
        operation_object["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": schema}},
        }
    return operation_object


def _error_statuses(operation: Operation[Any, Any]) -> list[int]:
    statuses = {*_COMMON_ERRORS, *operation.error_statuses}
    if _PATH_PARAMETER.search(operation.path):
        statuses.add(404)
    if operation.is_write:
        statuses.add(413)
    return sorted(statuses)


def _path_parameter(name: str) -> dict[str, Any]:
    description, schema = _PATH_PARAMETERS[name]
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
    }


def _query_parameters(model_schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "query",
            "schema": _parameter_schema(field),
            "description": field.get("description", ""),
            **({"required": True} if name in model_schema.get("required", ()) else {}),
        }
        for name, field in model_schema.get("properties", {}).items()
    ]


def _parameter_schema(field: Mapping[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in field.items() if key not in {"title", "description"}}
    if "anyOf" not in schema:
        return schema
    # A query string has no null: the parameter is omitted instead.
    (not_null,) = (option for option in schema.pop("anyOf") if option != {"type": "null"})
    return {**not_null, **{key: value for key, value in schema.items() if key != "default"}}


def _header_parameters(operation: Operation[Any, Any]) -> list[dict[str, Any]]:
    parameters = []
    if operation.takes_key:
        parameters.append(
            {
                "name": IDEMPOTENCY_KEY_HEADER,
                "in": "header",
                "required": True,
                "description": (
                    "A key of your own for this request. For two days, repetitions with the same"
                    " key and content are not carried out again, and get the same response."
                ),
                "schema": {
                    "type": "string",
                    "pattern": KEY_PATTERN,
                    "minLength": MIN_KEY_LENGTH,
                    "maxLength": MAX_KEY_LENGTH,
                },
            }
        )
    if operation.supports_if_match:
        parameters.append(
            {
                "name": "If-Match",
                "in": "header",
                "required": operation.requires_if_match,
                "description": (
                    "The entity tag of the version that the request is based on; 412 if it has"
                    " changed since. `*` accepts any version."
                ),
                "schema": {"type": "string", "pattern": IF_MATCH_PATTERN},
            }
        )
    return parameters


def _success_response(operation: Operation[Any, Any], schemas: _SchemasByModel) -> dict[str, Any]:
    schema: dict[str, Any] = {}
    if operation.response_model is not None:
        schema = dict(schemas[operation.response_model, "serialization"])
    headers = {**_COMMON_HEADERS, **_RATE_LIMIT_HEADERS}
    if operation.has_etag:
        headers["ETag"] = {"schema": {"type": "string", "pattern": ETAG_PATTERN}}
    if operation.takes_key:
        headers[REPLAYED_HEADER] = {
            "description": "`true` if the request is a repetition: what it asks for is done once.",
            "schema": {"type": "string", "enum": ["true"]},
        }
    content = {operation.media_type: {"schema": schema}}
    return {"description": "Success.", "headers": headers, "content": content}


def _error_response(status: int) -> dict[str, Any]:
    # Requests without a valid token are not counted.
    headers = dict(_COMMON_HEADERS)
    if status != 401:  # noqa: PLR2004
        headers |= _RATE_LIMIT_HEADERS
    if status in _WAITING_ERRORS:
        headers["Retry-After"] = {
            "description": "Seconds to wait before the request is sent again.",
            "schema": {"type": "string", "pattern": "^[0-9]+$"},
        }
    schema = {"$ref": _SCHEMA_REF.format(model=Problem.__name__)}
    return {
        "description": _ERROR_DESCRIPTIONS[status],
        "headers": headers,
        "content": {_PROBLEM_MEDIA_TYPE: {"schema": schema}},
    }


_COMMON_HEADERS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        VERSION_HEADER: {
            "description": "The version of the desk, as in `info.version`.",
            "schema": {"type": "string"},
        },
        REQUEST_ID_HEADER: {
            "description": "The id under which the log of the desk has the request.",
            "schema": {"type": "string"},
        },
    }
)
_RATE_LIMIT_HEADERS: Final[Mapping[str, Any]] = MappingProxyType(
    {
        RATE_LIMIT_POLICY_HEADER: {
            "description": "The number of requests at once, and the seconds until it is refilled.",
            "schema": {"type": "string"},
        },
        RATE_LIMIT_HEADER: {
            "description": "The number of requests left, and the seconds until it is refilled.",
            "schema": {"type": "string"},
        },
    }
)
