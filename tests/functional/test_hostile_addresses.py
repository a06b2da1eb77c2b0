"""Addresses that name nothing: whatever stands where a number, name or id belongs is refused."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.common.api_client import fresh_key, program
from tests.common.console_client import HTML, Browser, Office, open_office
from tests.common.stories import token_for
from yarl import URL

from privacydesk.web.api.app import OPERATIONS

HOSTILE = (
    "..",
    "%2E%2E",
    ".",
    "%2F",
    "a%2Fb",
    "%5C..%5C",
    "%00",
    "a%00b",
    "%0D%0AX%3A1",
    "%F0%9F%98%80",
    "%ED%A0%80",
    "%FF%FE",
    "%EF%BC%90",
    "-1",
    "0",
    "999999999999999999999999",
    "9" * 3_000,
    "00" * 16,
    "%20" * 32,
    "PD-2222-2222-222",
    "%27%20OR%201%3D1--",
    "{x}",
    "%D9%A3",
)
"""What is put into addresses, as it goes over the wire."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_FIELDS = {"text": "x", "name": "x", "to": "mei", "days": "3", "shown": "yes", "owner_seen": "1"}
_PLACE = re.compile(r"\{\w+(?::[^}]*)?\}")


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path, api_per_minute=1_000_000, api_at_once=100_000) as opened:
        yield opened


def _templates(office: Office) -> list[str]:
    """Return the addresses with a place for a name, by what the server routes."""
    app = office.server.app
    assert app is not None
    found = {one.canonical for one in _resources(app) if _PLACE.search(one.canonical)}
    assert len(found) > 50
    return sorted(found)


def _resources(app: web.Application) -> Iterator[web.AbstractResource]:
    for resource in app.router.resources():
        inner = resource.get_info().get("app")
        if inner is None:
            yield resource
        else:
            yield from _resources(inner)


def _filled(template: str) -> Iterator[str]:
    for value in HOSTILE:
        yield value.join(_PLACE.split(template))


async def _status(browser: Browser, method: str, path: str, **sent: Any) -> int:
    """Send an address as it stands, which clients tidy up otherwise."""
    url = URL(f"{browser.client.make_url('/')}"[:-1] + path, encoded=True)
    session = browser.client.session
    async with session.request(method, url, allow_redirects=False, **sent) as answer:
        return answer.status


async def _faults(browser: Browser, paths: Mapping[str, Mapping[str, Any]]) -> list[str]:
    wrong = []
    for template, by_method in paths.items():
        for method, sent in by_method.items():
            for path in _filled(template):
                status = await _status(browser, method, path, **sent)
                # Where only forms are taken, a browser is led to the page that has the form.
                if not 400 <= status < 500 and (method, status) != ("GET", 303):
                    wrong.append(f"{method} {path[:120]}: {status}")
    return wrong


@pytest.mark.by_turns(4)
@pytest.mark.parametrize("name", ["lao-zhou", "xiao-chen"])
@pytest.mark.parametrize("fields", [{}, _FIELDS], ids=["bare", "filled"])
async def test_no_address_of_the_console_is_the_desks_fault(
    office: Office, name: str, fields: Mapping[str, str]
) -> None:
    browser = await office.signed_in(name)
    await browser.get("/console/inbox")
    form = {"form_token": browser.token, **fields}
    sent = {"GET": {"headers": HTML}, "POST": {"headers": HTML, "data": form}}
    paths = {one: sent for one in _templates(office) if one.startswith("/console/")}
    assert not await _faults(browser, paths)


async def test_no_address_of_the_api_is_the_desks_fault(office: Office) -> None:
    zendesk = await program(office)
    browser = await office.browser()
    given = {"Authorization": f"Bearer {zendesk.made.secret}"}
    paths: dict[str, dict[str, Any]] = {}
    for one in OPERATIONS:
        headers = given | ({"Idempotency-Key": fresh_key()} if one.is_write else {})
        sent = {"headers": headers} | ({"json": _body(one.body_model)} if one.is_write else {})
        paths.setdefault(f"/api/v1{one.path}", {})[one.method] = sent
    named = {path: sent for path, sent in paths.items() if _PLACE.search(path)}
    assert named.keys() == {one for one in _templates(office) if one.startswith("/api/v1/")}
    assert not await _faults(browser, named)


def _body(model: Any) -> dict[str, Any]:
    """Return the least that an operation takes."""
    schema = model.model_json_schema()
    fields = schema.get("properties", {})
    return {name: _value(fields[name], schema) for name in schema.get("required", ())}


def _value(field: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    if "$ref" in field:
        named = field["$ref"].rpartition("/")[2]
        return _value(schema["$defs"][named], schema)
    if "enum" in field:
        return field["enum"][0]
    if "anyOf" in field:
        return _value(field["anyOf"][0], schema)
    kinds = {"string": "x", "boolean": True, "integer": 1, "array": [], "object": {}}
    return kinds[field["type"]]


async def test_no_address_of_the_chat_or_of_files_is_the_desks_fault(office: Office) -> None:
    browser = await office.browser()
    headers = {"Authorization": f"Bearer {token_for('lin', office.clock)}"}
    sent = {"GET": {"headers": headers}, "POST": {"headers": headers, "json": {}}}
    paths = {one: sent for one in _templates(office) if not one.startswith(("/console", "/api"))}
    assert not await _faults(browser, paths)


@pytest.mark.by_turns(6)
@pytest.mark.parametrize("method", METHODS)
async def test_no_method_makes_an_address_the_desks_fault(office: Office, method: str) -> None:
    browser = await office.signed_in("lao-zhou")
    for template in _templates(office):
        for path in _filled(template):
            assert await _status(browser, method, path, headers=HTML) < 500, path
