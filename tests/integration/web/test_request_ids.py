"""Each answer names the id under which the log has what happened to its request."""

from __future__ import annotations

import json
import re
from io import StringIO
from ipaddress import ip_network
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from tests.common.fake_desk import FakeDesk
from tests.common.web_catalogs import web_catalogs
from tests.common.web_client import Serve

from privacydesk import logs
from privacydesk.clock import MovableClock
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings

PROXY = (ip_network("127.0.0.0/8"),)
GIVEN = "0123456789abcdef-proxy"
_ID = re.compile(r"[0-9a-f]{16}")


@pytest.fixture
def log() -> Any:
    """Log as JSON into a text, as under a service manager."""
    text = StringIO()
    logs.set_up(stream=text)
    yield text
    structlog.reset_defaults()


async def test_each_answer_has_an_id_of_its_own(serve: Serve) -> None:
    client = await serve()
    ids = []
    for path in ("/healthz", "/chat/", "/chat/v1/events", "/none", "/static/0/none.js"):
        answer = await client.http.get(path)
        ids.append(answer.headers["X-Request-ID"])
    assert len({*ids}) == len(ids)
    assert all(_ID.fullmatch(one) for one in ids)


async def test_an_error_names_the_id_of_its_header(serve: Serve) -> None:
    client = await serve()
    answer = await client.http.get("/chat/v1/events")
    assert answer.status == 401
    assert (await answer.json())["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
async def test_a_fault_can_be_found_in_the_log(
    accept: str, desk: FakeDesk, clock: MovableClock, log: StringIO, aiohttp_client: Any
) -> None:
    async def broken(_: web.Request) -> web.Response:
        raise ZeroDivisionError

    face = web.Application()
    face.router.add_get("/broken", broken)
    app = make_app(desk, web_catalogs(), WebSettings(), clock, extra=[("/demo", face)])
    client = await aiohttp_client(TestServer(app))
    answer = await client.get("/demo/broken", headers={"Accept": accept})
    assert answer.status == 500
    request_id = answer.headers["X-Request-ID"]
    assert request_id in await answer.text()
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    events = [one["event"] for one in told if one.get("request_id") == request_id]
    assert "request_failed" in events


async def test_what_is_no_fault_shows_people_no_id(serve: Serve) -> None:
    client = await serve()
    answer = await client.http.get("/none", headers={"Accept": "text/html"})
    assert answer.status == 404
    assert answer.headers["X-Request-ID"] not in await answer.text()


async def test_only_a_trusted_proxy_may_name_requests(serve: Serve) -> None:
    trusting, other = await serve(trusted_proxies=PROXY), await serve()
    headers = {"X-Request-ID": GIVEN}
    taken = await trusting.http.get("/healthz", headers=headers)
    assert taken.headers["X-Request-ID"] == GIVEN
    assert (await other.http.get("/healthz", headers=headers)).headers["X-Request-ID"] != GIVEN


@pytest.mark.parametrize("given", ["short", "a" * 65, "13912345678 or so", "<script>alert(1)</s>"])
async def test_an_id_that_is_none_is_replaced(given: str, serve: Serve) -> None:
    client = await serve(trusted_proxies=PROXY)
    answer = await client.http.get("/healthz", headers={"X-Request-ID": given})
    assert _ID.fullmatch(answer.headers["X-Request-ID"])
