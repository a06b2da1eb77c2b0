"""What the endpoint that verifies challenges is posted, and what its answers mean."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from privacydesk.clock import SystemClock
from privacydesk.connectors.http import Endpoint
from privacydesk.connectors.http_captcha import connect_captcha
from privacydesk.errors import SettingsError, UnavailableError

SECRET = "a-secret-of-the-captcha"


async def verified(answer: web.Response) -> tuple[bool, dict[str, Any]]:
    """Verify a token with an endpoint that gives an answer; return what came of it and the form."""
    got: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        got.update(await request.post())
        return answer

    app = web.Application()
    app.router.add_post("/siteverify", handler)
    async with TestServer(app) as server:
        endpoint = Endpoint(str(server.make_url("/siteverify")), SECRET)
        async with connect_captcha(endpoint, clock=SystemClock()) as captcha:
            return await captcha.verify("a+token&more"), got


async def test_a_token_is_posted_as_a_form_with_the_secret_and_nothing_else() -> None:
    solved, form = await verified(web.json_response({"success": True, "hostname": "x"}))
    assert solved
    assert form == {"secret": SECRET, "response": "a+token&more"}


async def test_a_token_that_does_not_hold_is_told_so() -> None:
    solved, _ = await verified(web.json_response({"success": False, "error-codes": ["bad"]}))
    assert not solved


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 500},
        {"status": 302, "headers": {"Location": "/"}},
        {"text": "no JSON"},
        {"text": "{}"},
        {"text": "[true]"},
        {"text": '{"success": "yes"}'},
        {"text": '{"success": false, "error-codes": ["invalid-input-secret"]}'},
    ],
    ids=str,
)
async def test_what_is_no_answer_is_an_outage(answer: dict[str, Any]) -> None:
    with pytest.raises(UnavailableError):
        await verified(web.Response(**answer))


async def test_an_address_that_can_not_be_used_names_its_setting() -> None:
    with pytest.raises(SettingsError, match="PRIVACYDESK_CAPTCHA_URL"):
        async with connect_captcha(Endpoint("http://example.com/", SECRET), clock=SystemClock()):
            pass
