"""JSON Schemas made from structs; what their docstrings say of attributes describes the fields."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Final

import msgspec

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_ATTRIBUTES: Final = "\n\nAttributes:\n"
_INDENT: Final = "    "
_TYPES: Final = {str: "string", int: "integer"}


def schema_document(kind: Any) -> dict[str, Any]:
    """Return the schema of a type as a document of its own."""
    schema = msgspec.json.schema(kind)
    for definition in schema["$defs"].values():
        _describe(definition)
    return {"$schema": DIALECT, **schema}


def schema_components(
    types: Iterable[Any], ref_template: str
) -> tuple[tuple[dict[str, Any], ...], dict[str, dict[str, Any]]]:
    """Return references to the schemas of types, and the schemas by name.

    Args:
        types: the types.
        ref_template: how a schema is referred to by its ``{name}``.
    """
    references, components = msgspec.json.schema_components(types, ref_template=ref_template)
    for schema in components.values():
        _describe(schema)
    return references, components


def _describe(schema: dict[str, Any]) -> None:
    """Move what a docstring says of attributes to the fields; complete what OpenAPI needs."""
    summary, _, attributes = cleandoc(schema.get("description", "")).partition(_ATTRIBUTES)
    if summary:
        schema["description"] = _plain(summary)
    for field in schema.get("properties", {}).values():
        if len(field.get("enum", ())) == 1:
            (constant,) = field.pop("enum")
            field |= {"type": _TYPES[type(constant)], "const": constant}
    for name, text in _sections(attributes).items():
        field = schema.get("properties", {}).get(name)
        # Beside a reference nothing may stand.
        if field is not None and "$ref" not in field:
            field["description"] = _plain(text)
    if "enum" in schema:
        schema["type"] = "string"


def _sections(attributes: str) -> dict[str, str]:
    sections: dict[str, str] = {}
    name = ""
    for line in attributes.splitlines():
        if line.startswith(_INDENT * 2):
            sections[name] += f" {line.strip()}"
        elif line.strip():
            name, _, text = line.strip().partition(": ")
            sections[name] = text
    return sections


def _plain(text: str) -> str:
    words = " ".join(text.replace("``", "`").split())
    return words[:1].upper() + words[1:]
