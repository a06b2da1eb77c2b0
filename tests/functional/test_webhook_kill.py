"""A real server, killed while a receiver is away, while it comes back, and while people ask."""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import standardwebhooks
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from tests.common.databases import address_in, by_hand
from tests.common.kill_server import KillableServer, environment, open_outside
from tests.common.stories import token_for

from privacydesk.clock import MovableClock

PEOPLE, CLOSED = 37, 5
WISH = ("consent_withdrawal", "marketing", "yes")
AT_ONCE = 64
"""How many messages to one endpoint are on their way together; as many may come twice."""
_SEVERAL = 6
_PAUSE = 0.05
_PATIENCE = 120.0
"""Seconds. What is looked at is what becomes of messages, not how fast."""


@dataclass
class Receiver:
    """Somebody else's system: it verifies each message and keeps all that come."""

    port: int = field(default_factory=unused_port)
    secret: str = ""
    came: list[dict[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/hooks", self._take)
        async with TestServer(app, port=self.port):
            yield

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.came.append(standardwebhooks.Webhook(self.secret).verify(body, dict(request.headers)))
        return web.Response(status=204)

    async def some(self, count: int) -> None:
        async with asyncio.timeout(_PATIENCE):
            while len(self.came) < count:  # noqa: ASYNC110 - another process sends
                await asyncio.sleep(_PAUSE)


@dataclass
class Desk:
    """The server, for whoever comes back after each of its ends."""

    server: KillableServer
    session: aiohttp.ClientSession
    waited: list[float] = field(default_factory=list)

    async def ask(self, method: str, path: str, token: str, **given: Any) -> Any:
        """Ask as often as it takes; whoever asks names what they want by an id of their own."""
        headers = {"Authorization": f"Bearer {token}", **given.pop("headers", {})}
        while True:
            await self.server.up.wait()
            began = asyncio.get_running_loop().time()
            try:
                url = f"http://127.0.0.1:{self.server.port}{path}"
                async with self.session.request(method, url, headers=headers, **given) as answer:
                    told = await answer.json(content_type=None)
                    assert answer.status == 200, told
            except aiohttp.ClientError:
                await asyncio.sleep(_PAUSE)
            else:
                self.waited.append(asyncio.get_running_loop().time() - began)
                return told


async def file(desk: Desk, person: int) -> str:
    """Have somebody withdraw a consent, step by step; return the number of the request."""
    token = token_for(f"u-9{person:03}", MovableClock(datetime.now(UTC), frozen=True))
    welcome = await desk.ask("POST", "/chat/v1/session", token, json={})
    at = {"epoch": welcome["epoch"], "after": "0"}
    for place, choice in enumerate(WISH):
        seen = await desk.ask("GET", "/chat/v1/events", token, params=at)
        frame = {
            "type": "choose", "id": f"{person}.{place}", "choice": choice,
            "offset": seen["view"]["prompt"],
        }  # fmt: skip
        await desk.ask("POST", "/chat/v1/messages", token, json=frame)
    seen = await desk.ask("GET", "/chat/v1/events", token, params=at)
    ids = Counter(event["id"] for event in seen["events"] if "id" in event)
    assert ids == {f"{person}.{place}": 1 for place in range(len(WISH))}
    (card,) = [event["data"]["ticket"] for event in seen["events"] if event["kind"] == "ticket"]
    return str(card["number"])


async def close(desk: Desk, token: str, number: str) -> None:
    """Refuse a request over the API."""
    refused = {"ground": "law", "reason": "The law asks us to keep it."}
    for act, body in (("claim", {}), ("refusal", refused)):
        key = {"Idempotency-Key": f"{number}-{act}"}
        await desk.ask("POST", f"/api/v1/tickets/{number}/{act}", token, json=body, headers=key)


async def command(env: Mapping[str, str], *arguments: str) -> str:
    """Run a command of the desk and return what it prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "privacydesk", *arguments, env=env, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0, arguments
    return printed.decode()


async def kill_and_start(server: KillableServer, url: str) -> None:
    """Kill the server, let the time pass for which messages wait, and start it again."""
    await server.kill()
    with by_hand(url) as database:
        database.execute("UPDATE webhook_posting SET due_at = 0 WHERE open")
    await server.start()


def postings(url: str) -> list[tuple[str, str, str, int]]:
    """Return what was written to be sent: ticket, kind, state and whether it waits."""
    with by_hand(url) as database:
        rows = database.execute("SELECT number, kind, state, open FROM webhook_posting").fetchall()
    return [(*row[:3], int(row[3])) for row in rows]


@pytest.mark.kill
async def test_killed_at_random_while_a_receiver_is_away_the_desk_tells_it_all_of_it(
    tmp_path: Path,
) -> None:
    url, receiver = address_in(tmp_path), Receiver()
    dice = random.Random(1_041)  # noqa: S311 - a seed repeats a run
    async with open_outside() as outside, aiohttp.ClientSession() as session:
        env = {
            **environment(tmp_path, outside),
            "PRIVACYDESK_WEBHOOK_NETWORKS": '["127.0.0.0/8"]',
        }
        await command(env, "db", "upgrade")
        scopes = [f"--scope={one}" for one in ("tickets:write", "tickets:decide")]
        token = json.loads(await command(env, "tokens", "add", "crm", *scopes, "--json"))["token"]
        address = f"http://127.0.0.1:{receiver.port}/hooks"
        receiver.secret = json.loads(await command(env, "webhooks", "add", address, "--json"))[
            "secret"
        ]
        server = KillableServer(env, patience=_PATIENCE)
        desk, room, filed = Desk(server, session), asyncio.Semaphore(_SEVERAL), list[str]()

        async def come(person: int) -> None:
            async with room:
                number = await file(desk, person)
                filed.append(number)
                if len(filed) % (PEOPLE // CLOSED) == 0:
                    await close(desk, token, number)

        try:
            await server.start()
            async with asyncio.TaskGroup() as group:
                for person in range(PEOPLE):
                    group.create_task(come(person))
                for so_many in (PEOPLE // 3, 2 * PEOPLE // 3):
                    while len(filed) < so_many:  # noqa: ASYNC110 - people take their time
                        await asyncio.sleep(_PAUSE)
                    await asyncio.sleep(dice.uniform(0, 0.2))
                    await kill_and_start(server, url)
            assert receiver.came == []
            async with receiver.up():
                await kill_and_start(server, url)
                # Once more, while what waited goes out.
                await receiver.some(dice.randrange(1, PEOPLE))
                await kill_and_start(server, url)
                async with asyncio.timeout(_PATIENCE):
                    while any(waits for *_, waits in postings(url)):  # noqa: ASYNC110
                        await asyncio.sleep(_PAUSE)
        finally:
            await server.kill()
    check(filed, receiver.came, postings(url))


def check(
    filed: list[str], came: list[dict[str, Any]], written: list[tuple[str, str, str, int]]
) -> None:
    """Compare what happened with what was written, and with what the receiver has."""
    assert len(set(filed)) == PEOPLE
    assert {state for _, _, state, _ in written} == {"delivered"}
    first: dict[str, dict[str, Any]] = {}
    for message in came:
        # What comes twice is the same, word for word.
        assert first.setdefault(message["id"], message) == message
    assert len(came) - len(first) <= AT_ONCE
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for message in first.values():
        told[message["data"]["number"]].append(message)
    assert Counter((one["data"]["number"], one["type"]) for one in first.values()) == Counter(
        (number, kind) for number, kind, *_ in written
    )
    asked = ["ticket.filed", "ticket.verified"]
    refused = [*asked, "ticket.assigned", "ticket.decided", "ticket.closed"]
    ways = [[one["type"] for one in told[number]] for number in filed]
    assert ways.count(refused) == CLOSED
    assert ways.count(asked) == PEOPLE - CLOSED
    for messages in told.values():
        versions = [one["data"]["version"] for one in messages]
        assert versions == sorted(versions)
