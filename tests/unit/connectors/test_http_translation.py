"""What the translation service is posted, and which answers are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from openapi_spec_validator import validate

from privacydesk.clock import SystemClock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_translation import connect_translator
from privacydesk.errors import SettingsError, UnavailableError

SECRET = "a-secret-of-the-translation"
CONTRACT = Path(__file__).parents[3] / "docs" / "translation.openapi.yaml"
TEXTS = ("我想删掉动态", "好")


async def translated(answer: Any, *, status: int = 200) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Ask a service that gives an answer; return what came of it and what it got."""
    got: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        headers, body = request.headers, await request.read()
        signed = {name.lower(): value for name, value in headers.items()}
        got["signed"] = standardwebhooks.Webhook(SECRET.encode()).verify(body, signed) is not None
        got["body"] = await request.json()
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_post("/translate", handler)
    async with TestServer(app) as server:
        endpoint = Endpoint(str(server.make_url("/translate")), SECRET)
        async with connect_translator(endpoint, clock=SystemClock()) as translator:
            return await translator.translate(TEXTS, "en", key="k-1"), got


async def test_texts_are_posted_signed_and_come_back_in_order() -> None:
    answer = {"texts": ["I want my posts deleted", "OK"]}
    texts, got = await translated(answer)
    assert texts == ("I want my posts deleted", "OK")
    assert got == {"signed": True, "body": {"texts": list(TEXTS), "to": "en"}}
    contract = yaml.safe_load(CONTRACT.read_text("utf-8"))
    validate(contract)
    asked = contract["paths"]["/translate"]["post"]["requestBody"]["content"]["application/json"]
    assert set(asked["schema"]["required"]) == set(got["body"])
    assert got["body"]["to"] in asked["schema"]["properties"]["to"]["enum"]


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        ({"texts": ["one alone"]}, 200, "contract"),
        ({"texts": "no list"}, 200, "contract"),
        ([], 200, "contract"),
        ({"texts": ["a", "b"]}, 422, "refused"),
        ({}, 401, "credentials"),
        ({}, 503, "server_error"),
    ],
)
async def test_any_other_answer_counts_as_none(answer: Any, status: int, reason: str) -> None:
    with pytest.raises(UnavailableError) as caught:
        await translated(answer, status=status)
    assert caught.value.data["reason"] == reason


async def test_texts_leave_the_machine_over_tls_alone() -> None:
    endpoint = Endpoint("http://translation.example.com/", SECRET)
    with pytest.raises(SettingsError, match="PRIVACYDESK_TRANSLATION_URL"):
        async with connect_translator(endpoint, clock=SystemClock()):
            pass
