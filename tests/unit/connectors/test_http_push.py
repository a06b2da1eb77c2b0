"""What the push service is posted, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest
import standardwebhooks
from aiohttp import web
from aiohttp.test_utils import TestServer

from privacydesk.clock import SystemClock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_push import connect_pusher
from privacydesk.domain.code_delivery import SendAnswer, SendOutcome
from privacydesk.domain.notices import Notice, NoticeSubject
from privacydesk.errors import UnavailableError

SECRET = "a-secret-of-the-push-service"
NOTICE = Notice(
    NoticeSubject.ANSWER,
    "PD-0",
    "en",
    title="MoChat: your request PD-0",
    lines=("There is an answer to your request PD-0.", "Open the chat to read it."),
)


async def pushed(answer: dict[str, Any], *, status: int = 200) -> tuple[SendAnswer, dict[str, Any]]:
    """Push a notice to a service that gives an answer; return what came of it and what it got."""
    got: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        headers, body = request.headers, await request.read()
        signed = {name.lower(): value for name, value in headers.items()}
        got["signed"] = standardwebhooks.Webhook(SECRET.encode()).verify(body, signed) is not None
        got["key"], got["body"] = headers["Idempotency-Key"], await request.json()
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_post("/push", handler)
    async with TestServer(app) as server:
        endpoint = Endpoint(str(server.make_url("/push")), SECRET)
        async with connect_pusher(endpoint, clock=SystemClock()) as pusher:
            return await pusher.push("u-1001", NOTICE, key="k-1"), got


async def test_a_notice_is_posted_signed_with_its_first_sentence_alone() -> None:
    answer, got = await pushed({"outcome": "sent"})
    assert answer.outcome is SendOutcome.SENT
    assert got == {
        "signed": True,
        "key": "k-1",
        "body": {
            "to": {"account": "u-1001"},
            "locale": "en",
            "title": "MoChat: your request PD-0",
            "text": "There is an answer to your request PD-0.",
            "ticket": "PD-0",
            "about": "answer",
        },
    }


async def test_an_account_without_a_device_is_told_apart_from_a_refusal() -> None:
    nobody, _ = await pushed({"code": "no_contact"}, status=404)
    refused, _ = await pushed({"code": "rejected"}, status=422)
    assert nobody.outcome is SendOutcome.NO_CONTACT
    assert refused.outcome is SendOutcome.REFUSED


async def test_a_service_that_fails_is_asked_again_later() -> None:
    with pytest.raises(UnavailableError) as caught:
        await pushed({}, status=503)
    assert caught.value.data["reason"] == "server_error"
