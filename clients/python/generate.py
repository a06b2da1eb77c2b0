"""Makes the modules ``schema``, ``operations``, ``frames`` and ``client``.

    python generate.py openapi.json asyncapi.json    # as `privacydesk schemas` prints them

Schemas become TypedDicts, operations become methods by their ``operationId``: path parameters and
the body by position, parameters of the query by name. The client for threads is the one for asyncio
without what waits.
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
HEADER = '"""Generated from the desk\'s descriptions for programs."""\n\n'
TYPING = (
    "from __future__ import annotations\n\n"
    "from collections.abc import Mapping, Sequence\n"
    "from typing import Any, Literal, NotRequired, TypeAlias, TypedDict\n\n\n"
)
_WITHOUT_ASYNCIO = (
    (r"\basync (?=def )", ""),
    (r"\bawait (?=(self|asyncio)\.|ask\()", ""),
    (r"\bAwaitable\[(\w+\[\w+\])\]", r"\1"),
    (r"\bAwaitable, ", ""),
    (r"\bAsync(?=[A-Z])", ""),
    (r"\basyncio\.sleep\b", "time.sleep"),
    (r"\bimport asyncio\b", "import time"),
    (r"\bfor asyncio; the build makes the one for threads of it\b", "for threads"),
    (r"\b__a(enter|exit)__\b", r"__\1__"),
    (r"\baclose\b", "close"),
)


def type_of(schema: dict[str, Any]) -> str:
    """Return the annotation for a schema."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    for union in ("anyOf", "oneOf"):
        if union in schema:
            return " | ".join(dict.fromkeys(type_of(one) for one in schema[union]))
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


def definitions(schemas: dict[str, Any]) -> list[str]:
    """Return what defines the types of all components."""
    # Unions are evaluated, so the classes that they join come first.
    in_order = sorted(schemas.items(), key=lambda item: "properties" not in item[1])
    return [definition(name, schema) for name, schema in in_order]


def schema_module(document: dict[str, Any]) -> str:
    """Return the types of requests, answers and events."""
    parts = definitions(document["components"]["schemas"])
    events = (
        one["post"]["requestBody"]["content"]["application/json"]["schema"]
        for one in document["webhooks"].values()
    )
    union = " | ".join(type_of(one) for one in events)
    log = document["paths"]["/events"]["get"]["parameters"]
    (types,) = (one["schema"]["items"] for one in log if one["name"] == "types")
    return (
        HEADER
        + TYPING
        + "\n\n".join(parts)
        + f"\n\nWebhookEvent: TypeAlias = {union}\n"
        + '"""Any message that the desk sends: ``type`` tells which."""\n\n'
        + f"EventType: TypeAlias = {type_of(types)}\n"
        + '"""A type of the events in the log."""\n'
    )


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation with its path and method."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def argument(name: str, parameter: dict[str, Any]) -> str:
    """Return the declaration of an argument for a parameter."""
    kind = type_of(parameter["schema"])
    return f"{name}: {kind}" if parameter.get("required") else f"{name}: {kind} | None = None"


def method_of(schemas: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> str:
    """Return the method for an operation, for asyncio."""
    given = ["self"]
    parameters = operation.get("parameters", [])
    given += [f"{one['name']}: str | int" for one in parameters if one["in"] == "path"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if body:
        name = type_of(body["schema"])
        is_required = schemas[name].get("required")
        given.append(f"body: {name}" if is_required else f"body: {name} | None = None")
    query = [one["name"] for one in parameters if one["in"] == "query"]
    headers = {one["name"]: one for one in parameters if one["in"] == "header"}
    named = [argument(one["name"], one) for one in parameters if one["in"] == "query"]
    # Without a key the client makes one.
    named += ["key: str | None = None"] * ("Idempotency-Key" in headers)
    if "If-Match" in headers:
        named.append(argument("if_match", headers["If-Match"]))
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
    return (
        f"    async def {operation['operationId']}({', '.join(given)}) -> {returned}:\n"
        f"        {docstring(told)}\n"
        f"        return await self._send({', '.join(sent)})\n"
    )


def operations_module(document: dict[str, Any]) -> str:
    """Return the methods of both clients."""
    schemas = document["components"]["schemas"]
    for_asyncio = (
        "class AsyncOperations:\n"
        '    """The operations of the API."""\n\n'
        "    async def _send(self, method: str, path: str, **given: Any) -> Answer[Any]:\n"
        "        raise NotImplementedError\n\n"
        + "\n".join(method_of(schemas, *one) for one in operations(document))
    )
    return (
        HEADER
        + "from __future__ import annotations\n\n"
        + "from collections.abc import Mapping, Sequence\n"
        + "from typing import Any, Literal\n\n"
        + "from privacydesk_client.answers import Answer, quoted\n"
        + "from privacydesk_client.schema import *  # noqa: F403\n\n\n"
        + f"{for_threads(for_asyncio)}\n\n{for_asyncio}"
    )


def for_threads(source: str) -> str:
    """Return a source without asyncio: the two clients differ in what waits, and in names."""
    for pattern, replacement in _WITHOUT_ASYNCIO:
        source = re.sub(pattern, replacement, source)
    return source


def frames_module(document: dict[str, Any]) -> str:
    """Return the types of the socket's frames."""
    parts = definitions(document["components"]["schemas"])
    for name, operation in (("ClientFrame", "receiveFrame"), ("ServerFrame", "sendFrame")):
        frames = (one["$ref"] for one in document["operations"][operation]["messages"])
        union = " | ".join(frame.rpartition("/")[2] for frame in frames)
        told = document["operations"][operation]["description"]
        parts.append(f"{name}: TypeAlias = {union}\n{docstring(told)}\n")
    return HEADER + TYPING + "\n\n".join(parts)


def main(openapi: Path, asyncapi: Path) -> None:
    """Write all modules of the desk's descriptions."""
    api, chat = (json.loads(path.read_text("utf-8")) for path in (openapi, asyncapi))
    client = (PACKAGE / "async_client.py").read_text("utf-8")
    for name, source in {
        "schema.py": schema_module(api),
        "operations.py": operations_module(api),
        "frames.py": frames_module(chat),
        "client.py": for_threads(client),
    }.items():
        (PACKAGE / name).write_text(source, "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
