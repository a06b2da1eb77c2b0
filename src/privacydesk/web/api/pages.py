"""The API reference as an HTML page, rendered from the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.keys import LOCALE
from privacydesk.web.pages import desk_name, render


class OpenApiDocument:
    """The OpenAPI document of the API, built on first use.

    Args:
        build: returns the document.
    """

    def __init__(self, build: Callable[[], Mapping[str, Any]]) -> None:
        self._build = build

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The document in the form of JSON."""
        return self._build()


OPENAPI_DOCUMENT: Final = web.AppKey("openapi_document", OpenApiDocument)


class TypeLabel(Struct, frozen=True):
    """The type of a parameter or field, as the page shows it.

    Attributes:
        text: the name of the type.
        model: the name of the model that it links to; empty for none.
        values: the values of an enum; empty for other types.
    """

    text: str
    model: str = ""
    values: tuple[str, ...] = ()


class ParameterView(Struct, frozen=True):
    """A parameter of an operation, or a field of a model."""

    name: str
    type: TypeLabel
    required: bool
    description: str


class ErrorView(Struct, frozen=True):
    """An error response of an operation."""

    status: str
    description: str


class OperationView(Struct, frozen=True):
    """An operation.

    Attributes:
        description: further sentences after the summary.
        body: the name of the request model; empty for none.
        response: the name of the response model; empty for a file.
    """

    name: str
    method: str
    path: str
    summary: str
    scope: str
    description: str
    parameters: tuple[ParameterView, ...]
    body: str
    response: str
    errors: tuple[ErrorView, ...]


class EventView(Struct, frozen=True):
    """An event type of webhooks.

    Attributes:
        model: the name of the model of the message's ``data``.
    """

    type: str
    when: str
    model: str


class ModelView(Struct, frozen=True):
    """A model with fields, or an enum with values."""

    name: str
    description: str
    fields: tuple[ParameterView, ...]
    values: tuple[str, ...]


async def docs_page(request: web.Request) -> web.Response:
    """Render the API reference."""
    locale = negotiate(request.headers.get("Accept-Language", ""))
    request[LOCALE] = locale
    document = request.config_dict[OPENAPI_DOCUMENT].content
    operations: dict[str, list[OperationView]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            operations[operation["tags"][0]].append(_operation_view(path, method, operation))
    schemas = dict(document["components"]["schemas"])
    return render(
        request,
        "api/docs.html",
        locale,
        desk_name=desk_name(request, locale),
        info=document["info"],
        prefix=document["servers"][0]["url"],
        groups=list(operations.items()),
        events=[
            _event_view(kind, item["post"], schemas) for kind, item in document["webhooks"].items()
        ],
        models=[_model_view(name, schema) for name, schema in schemas.items()],
    )


def _operation_view(path: str, method: str, operation: Mapping[str, Any]) -> OperationView:
    return OperationView(
        name=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        scope=" / ".join((operation["x-scope"], *operation.get("x-other-scopes", ()))),
        # The first sentence names the scope, which is shown separately.
        description=operation["description"].partition(". ")[2],
        parameters=tuple(
            ParameterView(
                name=parameter["name"],
                type=_type_label(parameter["schema"]),
                required=parameter.get("required", False),
                description=parameter["description"],
            )
            for parameter in operation["parameters"]
        ),
        body=_linked_model(operation.get("requestBody")),
        response=_linked_model(operation["responses"]["200"]),
        errors=tuple(
            ErrorView(status, response["description"])
            for status, response in operation["responses"].items()
            if status != "200"
        ),
    )


def _event_view(
    kind: str, operation: Mapping[str, Any], schemas: dict[str, Mapping[str, Any]]
) -> EventView:
    """Return the view of an event type, and take its message out of the models.

    The messages differ in nothing else.
    """
    message = schemas.pop(_linked_model(operation["requestBody"]))
    data = _type_label(message["properties"]["data"])
    return EventView(kind, operation["summary"], data.model)


def _linked_model(content: Mapping[str, Any] | None) -> str:
    if content is None:
        return ""
    (media_type,) = content["content"].values()
    return _type_label(media_type["schema"]).model


def _model_view(name: str, schema: Mapping[str, Any]) -> ModelView:
    required = schema.get("required", ())
    return ModelView(
        name=name,
        description=_first_line(schema.get("description", "")),
        fields=tuple(
            ParameterView(
                name=field,
                type=_type_label(field_schema),
                required=field in required,
                description=field_schema.get("description", ""),
            )
            for field, field_schema in schema.get("properties", {}).items()
        ),
        values=tuple(schema.get("enum", ())),
    )


def _type_label(schema: Mapping[str, Any]) -> TypeLabel:
    if "$ref" in schema:
        model = schema["$ref"].rpartition("/")[2]
        return TypeLabel(model, model)
    if "anyOf" in schema:
        options = [_type_label(option) for option in schema["anyOf"]]
        model = next((option.model for option in options if option.model), "")
        return TypeLabel(" | ".join(option.text for option in options), model)
    if schema.get("type") == "array":
        item = _type_label(schema["items"])
        return TypeLabel(f"[{item.text}]", item.model)
    if "enum" in schema:
        return TypeLabel(schema["type"], values=tuple(schema["enum"]))
    return TypeLabel(schema.get("format", schema.get("type", "any")))


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
