"""Makes the modules ``schema`` and ``operations`` of the desk's OpenAPI document.

    privacydesk schemas openapi | python generate.py

Schemas become TypedDicts, operations become methods by their ``operationId``: path parameters and
the body by position, parameters of the query by name.
"""

from __future__ import annotations

import json
import keyword
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent / "src" / "privacydesk_client"
PLAIN = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "null": "None",
}
HEADER = '"""Generated from the desk\'s OpenAPI document."""\n\n'


def type_of(schema: dict[str, Any]) -> str:
    """Return the annotation for a schema."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(type_of(one) for one in schema["anyOf"]))
    if "const" in schema:
        return f"Literal[{schema['const']!r}]"
    if "enum" in schema:
        return f"Literal[{', '.join(map(repr, schema['enum']))}]"
    match schema.get("type"):
        case "array":
            return f"Sequence[{type_of(schema.get('items', {}))}]"
        case "object":
            values = schema.get("additionalProperties")
            return f"Mapping[str, {type_of(values) if isinstance(values, dict) else 'Any'}]"
        case None:
            return "Any"
        case known:
            return PLAIN[known]


def docstring(text: str) -> str:
    """Return a docstring."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').strip()
    return f'"""{quoted}"""'


def definition(name: str, schema: dict[str, Any]) -> str:
    """Return what defines the type of a component."""
    if not schema.get("properties"):
        return f"{name}: TypeAlias = {type_of(schema)}\n"
    required = set(schema.get("required", ()))
    fields = {
        field: type_of(one) if field in required else f"NotRequired[{type_of(one)}]"
        for field, one in schema["properties"].items()
    }
    if any(keyword.iskeyword(field) for field in fields):
        return f"{name} = TypedDict({name!r}, {json.dumps(fields)})\n"
    lines = [f"class {name}(TypedDict):"]
    if told := schema.get("description"):
        lines.append(f"    {docstring(told)}\n")
    lines += [f"    {field}: {one}" for field, one in fields.items()]
    return "\n".join(lines) + "\n"


def schema_module(document: dict[str, Any]) -> str:
    """Return the types of requests, answers and events."""
    parts = [definition(name, schema) for name, schema in document["components"]["schemas"].items()]
    events = (
        one["post"]["requestBody"]["content"]["application/json"]["schema"]
        for one in document["webhooks"].values()
    )
    union = " | ".join(type_of(one) for one in events)
    return (
        HEADER
        + "from __future__ import annotations\n\n"
        + "from collections.abc import Mapping, Sequence\n"
        + "from typing import Any, Literal, NotRequired, TypeAlias, TypedDict\n\n\n"
        + "\n\n".join(parts)
        + f"\n\nWebhookEvent: TypeAlias = {union}\n"
        + '"""Any message that the desk sends: ``type`` tells which."""\n'
    )


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation with its path and method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def method_of(
    schemas: dict[str, Any], path: str, method: str, operation: dict[str, Any], *, is_async: bool
) -> str:
    """Return the method for an operation."""
    given = ["self"]
    parameters = operation.get("parameters", [])
    given += [f"{one['name']}: str | int" for one in parameters if one["in"] == "path"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if body:
        name = type_of(body["schema"])
        is_required = schemas[name].get("required")
        given.append(f"body: {name}" if is_required else f"body: {name} | None = None")
    query = {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}
    headers = {one["name"] for one in parameters if one["in"] == "header"}
    named = [f"{name}: {type_of(schema)} | None = None" for name, schema in query.items()]
    named += ["key: str | None = None"] * ("Idempotency-Key" in headers)
    named += ["if_match: str | None = None"] * ("If-Match" in headers)
    if named:
        given += ["*", *named]
    content = operation["responses"]["200"].get("content", {})
    answer = content.get("application/json", {}).get("schema")
    returned = f"Answer[{type_of(answer) if answer else 'bytes'}]"
    filled = re.sub(r"\{(\w+)\}", r"{quoted(\1)}", path)
    sent = [repr(method), f'f"{filled}"']
    sent += [f"query={{{', '.join(f'{name!r}: {name}' for name in query)}}}"] * bool(query)
    sent += ["body=body or {}" if body else "body={}"] * (method == "POST")
    sent += ["key=key"] * ("Idempotency-Key" in headers)
    sent += ["if_match=if_match"] * ("If-Match" in headers)
    told = f"{operation['summary']}\n\n        {operation.get('description', '')}"
    prefix, wait = ("async ", "await ") if is_async else ("", "")
    return (
        f"    {prefix}def {operation['operationId']}({', '.join(given)}) -> {returned}:\n"
        f"        {docstring(told)}\n"
        f"        return {wait}self._send({', '.join(sent)})\n"
    )


def operations_module(document: dict[str, Any]) -> str:
    """Return the methods of both clients."""
    parts, schemas = [], document["components"]["schemas"]
    for name, is_async in (("Operations", False), ("AsyncOperations", True)):
        prefix = "async " if is_async else ""
        parts.append(
            f"class {name}:\n"
            '    """The operations of the API."""\n\n'
            f"    {prefix}def _send(self, method: str, path: str, **given: Any) -> Answer[Any]:\n"
            "        raise NotImplementedError\n\n"
            + "\n".join(method_of(schemas, *one, is_async=is_async) for one in operations(document))
        )
    return (
        HEADER
        + "from __future__ import annotations\n\n"
        + "from collections.abc import Mapping, Sequence\n"
        + "from typing import Any, Literal\n\n"
        + "from privacydesk_client.answers import Answer, quoted\n"
        + "from privacydesk_client.schema import *  # noqa: F403\n\n\n"
        + "\n\n".join(parts)
    )


if __name__ == "__main__":
    read = json.load(sys.stdin)
    (PACKAGE / "schema.py").write_text(schema_module(read), "utf-8")
    (PACKAGE / "operations.py").write_text(operations_module(read), "utf-8")
