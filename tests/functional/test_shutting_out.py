"""One address does its worst for five minutes; somebody at another one notices nothing."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, TCPConnector
from aiohttp.test_utils import TestClient, TestServer
from tests.common.stories import PROFILE, Player, World, open_world

from privacydesk.app.process import build_web_app
from privacydesk.errors import DeskError

ATTACKER, HONEST = "10.0.0.1", "192.0.2.7"
SETTINGS = {
    "trusted_proxies": [ip_network("127.0.0.0/8")],
    # The attacker's chats are not what is to stop them here.
    "new_chats_at_once": 10_000,
}


@dataclass
class Town:
    """A desk behind a proxy, and who comes to it from where."""

    world: World
    http: TestClient[Any, Any]

    async def enter(self, address: str) -> Player:
        """Begin a conversation of a visitor at an address, over HTTP; return who plays them."""
        headers = {"X-Forwarded-For": address, "Accept-Language": "en"}
        answer = await self.http.post("/chat/v1/session", json={}, headers=headers)
        assert answer.status == 200, await answer.text()
        origin = self.world.services.desk.hash_origin(f"{address}/32")
        player = Player(self.world, None, "en", origin=origin)
        player.credentials = replace_secret(player, (await answer.json())["secret"])
        await player.open()
        return player

    async def socket(self, address: str) -> ClientWebSocketResponse[Any]:
        """Open a socket that says nothing."""
        return await self.http.ws_connect("/chat/v1/socket", headers={"X-Forwarded-For": address})


def replace_secret(player: Player, secret: str) -> Any:
    """Return credentials with a secret."""
    return type(player.credentials)(secret=secret)


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    limits = {"codes": {"hourly_contacts": 30}, "filing": {"hourly_strangers": 30}}
    async with open_world(tmp_path, {**PROFILE, **limits}) as world:
        settings = world.services.settings.model_copy(update=SETTINGS)
        app = build_web_app(replace(world.services, settings=settings))
        anybody = TCPConnector(limit=0)
        async with TestClient(TestServer(app), connector=anybody) as http:
            yield Town(world, http)


async def asks_for_a_code(player: Player, contact: str) -> bool:
    for step in (
        {"choose": "complaint"}, {"choose": "leak"}, {"user": "They sold it."}, {"user": contact},
    ):  # fmt: skip
        await player.step(step)
    await player.settle()
    return "verify_contact.code_sent" in [event.key for event in player.events]


async def reports(player: Player) -> bool:
    for step in (
        {"choose": "desk:menu"}, {"choose": "underage_report"}, {"choose": "stranger"},
        {"user": "user 12345"}, {"user": "She says that she is eleven."}, {"choose": "_skip"},
        {"choose": "_skip"},
    ):  # fmt: skip
        await player.step(step)
    return "underage_report.filed" in [event.key for event in player.events]


async def attacks(town: Town, rounds: int) -> tuple[int, int]:
    """Go on for five minutes; return how many codes were sent and requests filed."""
    codes = filings = 0
    for number in range(rounds):
        town.world.clock.move(timedelta(minutes=5) / rounds)
        for n in range(4):
            contact = f"victim-{number}-{n}@example.com"
            codes += await asks_for_a_code(await town.enter(ATTACKER), contact)
            filings += await reports(await town.enter(ATTACKER))
    return codes, filings


async def deaf(town: Town, secret: str) -> ClientWebSocketResponse[Any]:
    """Open a socket that asks for everything and reads nothing."""
    socket = await town.socket(ATTACKER)
    transport = transport_of(socket)
    if transport is not None:
        transport.pause_reading()
    with contextlib.suppress(ConnectionError):
        await socket.send_str(json.dumps({"type": "hello", "secret": secret}))
    return socket


def transport_of(socket: ClientWebSocketResponse[Any]) -> asyncio.Transport | None:
    connection = socket._response.connection
    return None if connection is None else connection.transport


async def test_an_honest_visitor_gets_a_code_files_and_opens_a_socket_within_a_second(
    town: Town,
) -> None:
    codes, filings = await attacks(town, rounds=10)
    assert (codes, filings) == (3, 3), "an address has its own share"
    talker = await town.enter(ATTACKER)
    for _ in range(4):
        with contextlib.suppress(DeskError):
            await talker.step({"user": "字" * 9000})
    held = [await deaf(town, talker.credentials.secret) for _ in range(30)]
    held += [await town.socket(ATTACKER) for _ in range(520)]

    begun = time.monotonic()
    socket = await town.socket(HONEST)
    await socket.send_str('{"type": "hello", "languages": "en"}')
    welcome = json.loads((await socket.receive(5)).data)
    took = time.monotonic() - begun
    assert welcome["type"] == "welcome"
    assert took < 1
    assert await asks_for_a_code(await town.enter(HONEST), "honest@example.com")
    assert await reports(await town.enter(HONEST))

    for one in held:
        if (transport := transport_of(one)) is not None:
            transport.abort()
    await socket.close()


async def test_where_a_visitor_comes_from_is_kept_as_a_keyed_hash_alone(town: Town) -> None:
    headers = {"X-Forwarded-For": ATTACKER}
    session = await (await town.http.post("/chat/v1/session", json={}, headers=headers)).json()
    headers["Authorization"] = f"Desk {session['secret']}"
    frame = {"type": "send", "id": "m1", "text": "hello"}
    assert (await town.http.post("/chat/v1/messages", json=frame, headers=headers)).status == 200
    services = town.world.services
    key = services.desk._hashing.lookup("secret", session["secret"])
    stored = await services.store.reader.conversation_by_key(key)
    assert stored is not None
    assert stored.origin == services.desk.hash_origin(f"{ATTACKER}/32")
    assert ATTACKER.encode() not in stored.origin
