"""Visitors of an address that began many conversations solve a challenge first."""

from __future__ import annotations

from typing import Any

from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from tests.common.fake_desk import FakeDesk
from tests.common.web_catalogs import web_catalogs
from tests.common.web_client import ChatClient

from privacydesk.clock import MovableClock
from privacydesk.connectors.memory import MemoryCaptcha
from privacydesk.web.chat.connection import TRY_AGAIN_LATER
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings


async def serve(
    desk: FakeDesk, aiohttp_client: Any, captcha: MemoryCaptcha | None, **settings: Any
) -> ChatClient:
    """Start a server that demands challenges after one new conversation."""
    terms = WebSettings(captcha_after=1, captcha_site_key="key-1", **settings)
    app = make_app(desk, web_catalogs(), terms, MovableClock(), captcha=captcha)
    client: TestClient[Any, Any] = await aiohttp_client(TestServer(app))
    return ChatClient(client, app)


async def test_the_demand_is_told_over_the_socket_and_its_answer_lets_in(
    desk: FakeDesk, aiohttp_client: Any
) -> None:
    client = await serve(desk, aiohttp_client, MemoryCaptcha("solved"))
    _, welcome = await client.hello()
    socket, demand = await client.hello()
    assert (demand["code"], demand["reason"]) == ("rate_limited", "challenge_required")
    assert demand["challenge"] == {"site_key": "key-1"}
    assert demand["kept"]
    assert demand["retry_after"] > 0
    assert await socket.closed() == TRY_AGAIN_LATER
    _, wrong = await client.hello(challenge="made up")
    assert wrong["reason"] == "challenge_required"
    _, second = await client.hello(challenge="solved")
    assert second["type"] == "welcome"
    _, again = await client.hello(challenge="solved")
    assert again["reason"] == "challenge_required", "it shows it once"
    _, known = await client.hello(secret=welcome["secret"])
    assert known["type"] == "welcome", "who was here before is not asked"


async def test_the_demand_and_its_answer_go_over_http_too(
    desk: FakeDesk, aiohttp_client: Any
) -> None:
    client = await serve(desk, aiohttp_client, MemoryCaptcha("solved"))
    await client.http.post("/chat/v1/session", json={})
    refused = await client.http.post("/chat/v1/session", json={})
    body = await refused.json()
    assert (refused.status, body["reason"]) == (429, "challenge_required")
    assert body["challenge"] == {"site_key": "key-1"}
    taken = await client.http.post("/chat/v1/session", json={"challenge": "solved"})
    assert taken.status == 200


async def test_made_up_tokens_count_like_conversations(desk: FakeDesk, aiohttp_client: Any) -> None:
    captcha = MemoryCaptcha("solved")
    client = await serve(desk, aiohttp_client, captcha, new_chats_at_once=3)
    await client.hello()
    told = [(await client.hello(challenge="made up"))[1]["reason"] for _ in range(3)]
    assert told == ["challenge_required", "challenge_required", "many_new_chats"]
    assert captcha.solved == {"solved"}


async def test_an_outage_of_the_verifier_shuts_nobody_out_and_is_told(
    desk: FakeDesk, aiohttp_client: Any
) -> None:
    captcha = MemoryCaptcha()
    captcha.down = True
    client = await serve(desk, aiohttp_client, captcha)
    await client.hello()
    with capture_logs() as logs:
        _, welcome = await client.hello(challenge="anything")
    assert welcome["type"] == "welcome"
    assert [line["event"] for line in logs] == ["captcha_unavailable"]


async def test_without_a_verifier_nobody_is_asked(desk: FakeDesk, aiohttp_client: Any) -> None:
    client = await serve(desk, aiohttp_client, None)
    told = [(await client.hello())[1]["type"] for _ in range(5)]
    assert told == ["welcome"] * 5
