from __future__ import annotations

from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from tests.common.fake_desk import FakeDesk
from tests.common.web_catalogs import web_catalogs
from tests.common.web_client import ChatClient, Serve

from privacydesk.clock import MovableClock
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def desk(clock: MovableClock) -> FakeDesk:
    return FakeDesk(clock=clock)


@pytest.fixture
def serve(desk: FakeDesk, clock: MovableClock, aiohttp_client: Any) -> Serve:
    async def start(**settings: Any) -> ChatClient:
        app = make_app(desk, web_catalogs(), WebSettings(**settings), clock)
        client: TestClient[Any, Any] = await aiohttp_client(TestServer(app))
        return ChatClient(client, app)

    return start
