"""The sample account service takes long work on first, and calls back when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from privacydesk.clock import MovableClock
from privacydesk.connectors.signing import read_signed
from privacydesk.demo.accounts import BOOK, Deferral, make_account_app
from privacydesk.demo.people import sample_people
from privacydesk.domain.account_terms import AccountAction, DataCategory

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
SECRET = "sample-secret"
HEADERS = {"Authorization": f"Bearer {SECRET}"}
POSTS = {"account": "u-1001", "payload": {"categories": ["posts"]}}


@dataclass
class Stage:
    """The service, and a desk that is called back."""

    client: TestClient[web.Request, web.Application]
    app: web.Application
    called: asyncio.Queue[tuple[str, bool]] = field(default_factory=asyncio.Queue)

    async def ask(self, key: str, body: Any = POSTS, action: str = "delete") -> tuple[int, Any]:
        headers = {**HEADERS, "Idempotency-Key": key}
        answer = await self.client.post(f"/v1/{action}", json=body, headers=headers)
        return answer.status, await answer.json()

    def posts(self) -> int:
        record = self.app[BOOK].find("u-1001")
        assert record is not None
        return len(record.holdings[DataCategory.POSTS])


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    called: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()

    async def finished(request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        signed = read_signed((SECRET,), request.headers, await request.read())
        called.put_nowait((key, signed is not None))
        return web.Response(status=204)

    desk = web.Application()
    desk.router.add_post("/finished", finished)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(TestServer(desk))
        app = make_account_app(
            sample_people(NOON),
            secret=SECRET,
            clock=MovableClock(NOON, frozen=True),
            deferral=Deferral(
                frozenset({AccountAction.DELETE}),
                seconds=0.0,
                call_back=str(server.make_url("/finished")),
            ),
        )
        client = await stack.enter_async_context(TestClient(TestServer(app)))
        yield Stage(client, app, called)


async def test_it_is_accepted_called_back_about_and_answered_under_the_same_key(
    stage: Stage,
) -> None:
    status, body = await stage.ask("k-1")
    assert (status, body["outcome"]) == (202, "pending")
    assert await stage.called.get() == ("k-1", True)
    status, body = await stage.ask("k-1")
    assert (status, body["outcome"]) == (200, "ok")
    assert body["items"][0]["count"] == 3
    assert stage.posts() == 0
    assert await stage.ask("k-1") == (status, body), "a repetition has the first answer"


async def test_another_body_under_a_key_that_is_worked_on_is_refused(stage: Stage) -> None:
    await stage.ask("k-1")
    other = {"account": "u-1001", "payload": {"categories": ["comments"]}}
    status, body = await stage.ask("k-1", other)
    assert (status, body["code"]) == (422, "key_reused")


async def test_what_is_quick_is_answered_at_once(stage: Stage) -> None:
    status, body = await stage.ask("k-1", {"account": "u-1001", "payload": {}}, "bindings")
    assert (status, body["outcome"]) == (200, "ok")


async def test_a_payload_that_can_t_be_read_is_refused_once_it_was_looked_at(stage: Stage) -> None:
    wrong = {"account": "u-1001", "payload": {"categoriez": ["posts"]}}
    assert (await stage.ask("k-1", wrong))[0] == 202
    await stage.called.get()
    status, body = await stage.ask("k-1", wrong)
    assert (status, body["code"]) == (400, "invalid_payload")
    assert stage.posts() == 3
