"""One address, or a few, can't shut others out of sockets and uploads."""

from __future__ import annotations

import asyncio
import contextlib
from ipaddress import ip_network
from typing import Any

from tests.common.fake_desk import FakeDesk, say
from tests.common.web_client import ChatClient, ChatSocket, Serve

from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.chat.connection import TRY_AGAIN_LATER, Connection
from privacydesk.web.keys import CHAT_SERVER

PROXY = (ip_network("127.0.0.0/8"),)
CUT_OFF = 1006


async def silent(client: ChatClient, address: str, count: int) -> list[ChatSocket]:
    return [await client.connect(address) for _ in range(count)]


async def test_silent_sockets_of_few_addresses_turn_nobody_away(serve: Serve) -> None:
    client = await serve(trusted_proxies=PROXY, silent_at_once=6, silent_per_address=4)
    held = [one for n in range(3) for one in await silent(client, f"10.0.0.{n}", 4)]
    for number in range(8):
        visitor, welcome = await client.hello(f"192.0.2.{number}")
        assert welcome["type"] == "welcome"
        await visitor.close()
    for one in held:
        await one.close()


async def test_the_oldest_silent_socket_of_the_largest_holder_gives_way(serve: Serve) -> None:
    client = await serve(trusted_proxies=PROXY, silent_at_once=4)
    slow = await client.connect("192.0.2.1")
    first, second, third = await silent(client, "10.0.0.1", 3)
    visitor = await client.connect("192.0.2.2")
    assert await first.closed() == CUT_OFF
    for one in (slow, second, third, visitor):
        await one.send("hello")
        assert (await one.next())["type"] == "welcome"


async def test_an_address_that_is_silent_cuts_off_its_own_oldest(serve: Serve) -> None:
    client = await serve(silent_per_address=1)
    first = await client.connect()
    second = await client.connect()
    assert await first.closed() == CUT_OFF
    await second.send("hello")
    assert (await second.next())["type"] == "welcome"


async def test_who_has_said_hello_is_not_cut_off_by_silent_ones(serve: Serve) -> None:
    client = await serve(silent_per_address=1)
    visitor, _ = await client.hello()
    await silent(client, "", 3)
    await visitor.until("events")
    await visitor.send("send", id="m1", text="still here")
    assert (await visitor.until("events"))["acks"]


async def test_where_all_sockets_are_taken_the_largest_holder_gives_one_up(serve: Serve) -> None:
    client = await serve(trusted_proxies=PROXY, sockets_at_once=4)
    greedy = [(await client.hello("10.0.0.1"))[0] for _ in range(4)]
    visitor, welcome = await client.hello("192.0.2.1")
    assert welcome["type"] == "welcome"
    assert await greedy[0].closed() == CUT_OFF
    await visitor.close()


async def test_streams_count_among_the_sockets_of_an_address(serve: Serve) -> None:
    client = await serve(sockets_per_address=1)
    session = await (await client.http.post("/chat/v1/session", json={})).json()
    headers = {"Authorization": f"Desk {session['secret']}", "Accept": "text/event-stream"}
    async with client.http.get("/chat/v1/events", headers=headers) as stream:
        assert stream.status == 200
        refused = await client.http.get("/chat/v1/events", headers=headers)
        assert refused.status == 429
        poll = {"Authorization": headers["Authorization"]}
        assert (await client.http.get("/chat/v1/events", headers=poll)).status == 200


async def test_uploads_held_open_from_few_addresses_make_room(serve: Serve, desk: FakeDesk) -> None:
    client = await serve(trusted_proxies=PROXY, uploads_at_once=2)
    greedy = [await _begun_upload(client, desk, "10.0.0.1") for _ in range(2)]
    headers = await _asked_for_file(client, desk)
    taken = await client.http.post(
        "/chat/v1/uploads",
        data=b"\xff\xd8 mine",
        headers={**headers, "X-Forwarded-For": "192.0.2.1"},
    )
    assert taken.status == 201
    for one in greedy:
        one.cancel()
    await asyncio.gather(*greedy, return_exceptions=True)


async def _asked_for_file(client: ChatClient, desk: FakeDesk) -> dict[str, str]:
    session = await (await client.http.post("/chat/v1/session", json={})).json()
    desk.threads[next(reversed(desk.threads))].asks_for_file = True
    return {"Authorization": f"Desk {session['secret']}", "Content-Type": "image/jpeg"}


async def _begun_upload(client: ChatClient, desk: FakeDesk, address: str) -> asyncio.Task[Any]:
    """Begin an upload that never ends; return when the server has begun to read it."""
    headers = {**await _asked_for_file(client, desk), "X-Forwarded-For": address}
    begun = asyncio.Event()

    async def body() -> Any:
        yield b"\xff\xd8"
        begun.set()
        await asyncio.Event().wait()

    task: asyncio.Task[Any] = asyncio.create_task(
        client.http.post("/chat/v1/uploads", data=body(), headers=headers)
    )
    await begun.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    return task


async def deaf(client: ChatClient, address: str, secret: str) -> ChatSocket:
    """Open a socket that reads nothing."""
    socket = await client.connect(address)
    connection = socket.ws._response.connection
    assert connection is not None
    assert connection.transport is not None
    connection.transport.pause_reading()
    await socket.send("hello", secret=secret)
    return socket


def hang_up(*sockets: ChatSocket) -> None:
    """Be gone at once."""
    for one in sockets:
        connection = one.ws._response.connection
        if connection is not None and connection.transport is not None:
            connection.transport.abort()


def connections(chat: ChatServer) -> list[Connection]:
    return [one for one in chat.connections if isinstance(one, Connection)]


def weights(chat: ChatServer) -> list[int]:
    return [one.buffered_bytes() for one in connections(chat)]


async def settled(chat: ChatServer, count: int) -> None:
    """Wait until so many connections are left."""
    for _ in range(500):
        if len(chat.connections) == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{len(chat.connections)} connections, not {count}")


async def test_sockets_that_do_not_read_hold_no_more_than_their_address_may(
    serve: Serve, desk: FakeDesk
) -> None:
    most = 4 * 1024 * 1024
    client = await serve(trusted_proxies=PROXY, backlog_per_address=most, tabs=100)
    chat = client.app[CHAT_SERVER]
    visitor, welcome = await client.hello("192.0.2.1")
    reader, greedy = await client.hello("10.0.0.1")
    thread = list(desk.threads.values())[1]
    desk.write(thread, [say("字" * 9000) for _ in range(400)])
    held = [await deaf(client, "10.0.0.1", greedy["secret"]) for _ in range(30)]
    highest = 0
    for _ in range(300):
        await asyncio.sleep(0.01)
        desk.write(thread, [say("字" * 9000)])
        highest = max(highest, chat.backlog.total)
    assert highest <= most
    assert sum(weights(chat)) <= most + 1024 * 1024
    assert len(chat.connections) < len(held), "some were let go"
    await visitor.send("send", id="m1", text="still served")
    await visitor.until("events")
    assert welcome["secret"]
    again, _ = await client.hello("10.0.0.1", secret=greedy["secret"], offset=0)
    assert (await again.next())["type"] == "events", "who comes back resumes"
    hang_up(*held, reader)


async def test_a_client_that_is_let_go_is_told_to_come_back(serve: Serve) -> None:
    client = await serve()
    socket, welcome = await client.hello()
    await socket.until("events")
    for connection in tuple(connections(client.app[CHAT_SERVER])):
        connection.disconnect()
    assert await socket.closed() == TRY_AGAIN_LATER
    again, _ = await client.hello(secret=welcome["secret"])
    assert (await again.next())["events"]


async def test_a_client_that_does_not_read_is_not_read_from(serve: Serve, desk: FakeDesk) -> None:
    client = await serve(messages_per_second=10_000, message_burst=100_000)
    chat = client.app[CHAT_SERVER]
    desk.script = lambda _thread, _event: [say("字" * 20_000)]
    secret = (await client.hello())[1]["secret"]
    socket = await deaf(client, "", secret)
    await settled(chat, 2)
    with contextlib.suppress(TimeoutError):
        for number in range(3000):
            async with asyncio.timeout(0.5):
                await socket.send("send", id=f"m{number}", text="x" * 9000)
    held = max(weights(chat))
    assert 0 < held < 1024 * 1024
    hang_up(socket)
    await settled(chat, 1)
    assert chat.backlog.total == 0, "who is gone holds nothing"
