"""The API reference as a page, rendered from the OpenAPI description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.keys import LOCALE
from privacydesk.web.pages import desk_name, render


class Description:
    """The description of the API, built on first use.

    Args:
        make: builds it.
    """

    def __init__(self, make: Callable[[], Mapping[str, Any]]) -> None:
        self._make = make

    @cached_property
    def whole(self) -> Mapping[str, Any]:
        """The whole OpenAPI document."""
        return self._make()


DESCRIPTION: Final = web.AppKey("api_description", Description)


class Shape(Struct, frozen=True):
    """The type of a value.

    Attributes:
        text: in JSON Schema terms.
        model: the model it links to; empty for none.
        values: the closed list it comes from; empty for none.
    """

    text: str
    model: str = ""
    values: tuple[str, ...] = ()


class Row(Struct, frozen=True):
    """A parameter or a field."""

    name: str
    shape: Shape
    required: bool
    what: str


class Refusal(Struct, frozen=True):
    """An error status of an operation."""

    status: str
    what: str


class Shown(Struct, frozen=True):
    """An operation as the page shows it."""

    name: str
    method: str
    path: str
    summary: str
    scope: str
    what: str
    parameters: tuple[Row, ...]
    body: str
    answer: str
    refusals: tuple[Refusal, ...]


class Model(Struct, frozen=True):
    """A model as the page shows it; with ``values`` a closed list, else with fields."""

    name: str
    what: str
    rows: tuple[Row, ...]
    values: tuple[str, ...]


async def docs_page(request: web.Request) -> web.Response:
    """Show the API reference."""
    locale = negotiate(request.headers.get("Accept-Language", ""))
    request[LOCALE] = locale
    described = request.config_dict[DESCRIPTION].whole
    shown = [
        (one["tags"][0], _operation(path, method, one))
        for path, methods in described["paths"].items()
        for method, one in methods.items()
    ]
    return render(
        request,
        "api/docs.html",
        locale,
        desk_name=desk_name(request, locale),
        info=described["info"],
        prefix=described["servers"][0]["url"],
        groups=[
            (tag["name"], [one for group, one in shown if group == tag["name"]])
            for tag in described["tags"]
        ],
        models=[_model(name, one) for name, one in described["components"]["schemas"].items()],
    )


def _operation(path: str, method: str, one: Mapping[str, Any]) -> Shown:
    refusals = tuple(
        Refusal(status, answer["description"])
        for status, answer in one["responses"].items()
        if status != "200"
    )
    body = one.get("requestBody")
    return Shown(
        name=one["operationId"],
        method=method.upper(),
        path=path,
        summary=one["summary"],
        scope=one["x-scope"],
        what=one["description"].partition(". ")[2],
        parameters=tuple(
            Row(
                name=row["name"],
                shape=_shape(row["schema"]),
                required=row.get("required", False),
                what=row["description"],
            )
            for row in one["parameters"]
        ),
        body=_linked(body),
        answer=_linked(one["responses"]["200"]),
        refusals=refusals,
    )


def _linked(content: Mapping[str, Any] | None) -> str:
    if content is None:
        return ""
    (kind,) = content["content"].values()
    return _shape(kind["schema"]).model


def _model(name: str, schema: Mapping[str, Any]) -> Model:
    required = schema.get("required", ())
    return Model(
        name=name,
        what=_first_line(schema.get("description", "")),
        rows=tuple(
            Row(
                name=field,
                shape=_shape(about),
                required=field in required,
                what=about.get("description", ""),
            )
            for field, about in schema.get("properties", {}).items()
        ),
        values=tuple(schema.get("enum", ())),
    )


def _shape(schema: Mapping[str, Any]) -> Shape:
    if "$ref" in schema:
        model = schema["$ref"].rpartition("/")[2]
        return Shape(model, model)
    if "anyOf" in schema:
        shapes = [_shape(one) for one in schema["anyOf"]]
        model = next((shape.model for shape in shapes if shape.model), "")
        return Shape(" | ".join(shape.text for shape in shapes), model)
    if schema.get("type") == "array":
        inner = _shape(schema["items"])
        return Shape(f"[{inner.text}]", inner.model)
    if "enum" in schema:
        return Shape(schema["type"], values=tuple(schema["enum"]))
    return Shape(schema.get("format", schema.get("type", "any")))


def _first_line(text: str) -> str:
    return text.partition("\n")[0]
