"""Connections that send no whole request or none at all, or do not take what is sent to them."""

from __future__ import annotations

import asyncio
import gzip
import importlib
import socket
import zlib
from collections.abc import Callable
from ipaddress import ip_network
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs
from tests.common.fake_desk import FakeDesk
from tests.common.web_catalogs import web_catalogs

from privacydesk.app.process import make_runner, set_ack_timeout
from privacydesk.clock import MovableClock
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.ids import AttachmentId
from privacydesk.services.api import Session
from privacydesk.web.server import make_app
from privacydesk.web.settings import WebSettings

_LARGE: Final = 24 * 1024 * 1024
"""Bytes that no system takes for a connection whose other end does not read."""


@pytest.mark.parametrize(
    "begun", [b"", b"GET /chat/ HT", b"GET /chat/ HTTP/1.1\r\nHost: desk\r\nX-More: "]
)
async def test_a_connection_that_never_asks_is_closed(
    desk: FakeDesk, clock: MovableClock, begun: bytes
) -> None:
    app = make_app(desk, web_catalogs(), WebSettings(), clock)
    runner = make_runner(app, keepalive_seconds=0.05)
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


async def test_who_does_not_talk_http_is_refused_and_fills_no_log(
    desk: FakeDesk, clock: MovableClock, caplog: pytest.LogCaptureFixture
) -> None:
    runner = make_runner(make_app(desk, web_catalogs(), WebSettings(), clock))
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", 0)
    try:
        for nonsense in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nX Y: z\r\n\r\n"):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(nonsense)
            assert b" 400 " in await asyncio.wait_for(reader.readline(), 5)
            writer.close()
    finally:
        server.close()
        await runner.cleanup()
    assert not caplog.records


async def test_who_leaves_in_the_middle_of_a_body_is_no_fault_of_the_desk(
    desk: FakeDesk, clock: MovableClock
) -> None:
    runner = make_runner(make_app(desk, web_catalogs(), WebSettings(), clock))
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", 0)
    head = b"POST /chat/v1/session HTTP/1.1\r\nHost: desk\r\nContent-Length: 100\r\n\r\n"
    try:
        with capture_logs() as logs:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(head + b"{")
            await asyncio.sleep(0.05)
            writer.transport.abort()
            await asyncio.sleep(0.2)
            del reader
    finally:
        server.close()
        await runner.cleanup()
    assert logs == []


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_a_body_is_never_unpacked(
    desk: FakeDesk, clock: MovableClock, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    """A few kilobytes could become gigabytes, on the loop that serves everybody."""
    runner = make_runner(make_app(desk, web_catalogs(), WebSettings(), clock))
    await runner.setup()
    assert runner.server is not None
    server = await asyncio.get_running_loop().create_server(runner.server, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        async with ClientSession(f"http://{host}:{port}") as client:
            plain = await client.post("/chat/v1/session", data=b"{}")
            packed = await client.post(
                "/chat/v1/session", data=pack(b"{}"), headers={"Content-Encoding": encoding}
            )
            assert (plain.status, packed.status) == (200, 400)
            assert (await packed.json())["reason"] == "not_json"
    finally:
        server.close()
        await runner.cleanup()


class _Album(FakeDesk):
    """A desk in whose conversations an agent has sent a large file."""

    async def attachment(self, session: Session, name: str) -> Attachment:
        """Return the file, whatever it is called."""
        return Attachment(
            id=AttachmentId(b""),
            conversation_id=session.conversation,
            offset=1,
            name=name,
            media_type="image/jpeg",
            size=_LARGE,
            sha256="",
            created_at=self.clock.now(),
            by="mei",
            body=bytes(_LARGE),
        )


async def test_what_a_client_does_not_take_is_sent_to_it_only_a_few_times(
    clock: MovableClock, aiohttp_client: Any
) -> None:
    settings = WebSettings(responses_per_chat=2, backlog_per_address=1 << 30, backlog_bytes=1 << 31)
    app = make_app(_Album(clock=clock), web_catalogs(), settings, clock)
    client: TestClient[Any, Any] = await aiohttp_client(TestServer(app))
    secrets = [
        (await (await client.post("/chat/v1/session", json={})).json())["secret"] for _ in range(2)
    ]
    greedy, other = ({"Authorization": f"Desk {secret}"} for secret in secrets)
    begun = [await client.get("/chat/v1/files/a", headers=greedy) for _ in range(2)]
    third = await client.get("/chat/v1/files/a", headers=greedy)
    assert (third.status, (await third.json())["code"]) == (429, "rate_limited")
    events = await client.get("/chat/v1/events", headers=greedy)
    assert events.status == 429
    fine = await client.get("/chat/v1/files/a", headers=other)
    assert len(await fine.read()) == _LARGE
    for answer in begun:
        assert len(await answer.read()) == _LARGE
    again = await client.get("/chat/v1/files/a", headers=greedy)
    assert len(await again.read()) == _LARGE


async def test_what_an_address_does_not_take_leaves_others_theirs(
    clock: MovableClock, aiohttp_client: Any
) -> None:
    proxies = (ip_network("127.0.0.0/8"),)
    settings = WebSettings(backlog_per_address=_LARGE, trusted_proxies=proxies)
    app = make_app(_Album(clock=clock), web_catalogs(), settings, clock)
    client: TestClient[Any, Any] = await aiohttp_client(TestServer(app))

    async def headers(address: str) -> dict[str, str]:
        session = await (await client.post("/chat/v1/session", json={})).json()
        return {"Authorization": f"Desk {session['secret']}", "X-Forwarded-For": address}

    begun = await client.get("/chat/v1/files/a", headers=await headers("10.0.0.1"))
    refused = await client.get("/chat/v1/files/a", headers=await headers("10.0.0.1"))
    assert (refused.status, (await refused.json())["code"]) == (429, "rate_limited")
    fine = await client.get("/chat/v1/files/a", headers=await headers("192.0.2.1"))
    assert len(await fine.read()) == _LARGE
    assert len(await begun.read()) == _LARGE
    again = await client.get("/chat/v1/files/a", headers=await headers("10.0.0.1"))
    assert len(await again.read()) == _LARGE


@pytest.mark.parametrize("loop", ["standard", "uvloop"])
def test_a_connection_whose_other_end_takes_nothing_is_given_up_in_a_minute(loop: str) -> None:
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        pytest.skip("this system does not tell what the other end takes")
    made = importlib.import_module(loop).new_event_loop if loop == "uvloop" else None

    async def look() -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            taken = writer.get_extra_info("socket")
            accepted.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
            writer.close()

        server = await asyncio.start_server(note, "127.0.0.1", 0)
        set_ack_timeout(server.sockets)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await asyncio.wait_for(accepted, 5)
        finally:
            writer.close()
            server.close()

    with asyncio.Runner(loop_factory=made) as runner:
        assert runner.run(look()) == 60_000
