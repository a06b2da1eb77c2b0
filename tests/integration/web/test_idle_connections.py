"""Connections that send no whole request."""

from __future__ import annotations

import asyncio

import pytest
from tests.common.fake_desk import FakeDesk
from tests.common.web_catalogs import web_catalogs

from privacydesk.app.process import make_runner
from privacydesk.clock import MovableClock
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings


@pytest.mark.parametrize(
    "begun", [b"", b"GET /chat/ HT", b"GET /chat/ HTTP/1.1\r\nHost: desk\r\nX-More: "]
)
async def test_a_connection_that_never_asks_is_closed(
    desk: FakeDesk, clock: MovableClock, begun: bytes
) -> None:
    app = make_app(desk, web_catalogs(), WebSettings(), clock)
    runner = make_runner(app, idle=0.05)
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", 0)
    try:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(begun)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    finally:
        server.close()
        await runner.cleanup()
