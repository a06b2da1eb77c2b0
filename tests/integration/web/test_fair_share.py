"""One address, or a few, can't shut others out of sockets and uploads."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network
from typing import Any

from tests.common.fake_desk import FakeDesk
from tests.common.web_client import ChatClient, ChatSocket, Serve

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
        client.http.post("/chat/v1/uploads", data=body(), headers=headers)  # type: ignore[arg-type]
    )
    await begun.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    return task
