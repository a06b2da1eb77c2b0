"""Processes are exchanged one after another while people write, and nobody notices."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg
from tests.common import postgresql
from tests.common.kill_server import KillableServer, environment, open_outside
from tests.functional.test_outages import Talker

PEOPLE = 8
POLL = 0.2
"""Seconds between two looks of the balancer."""
DRAIN = 2.0
_LATER = (
    "CREATE TABLE later (x BIGINT)",
    "ALTER TABLE ticket ADD COLUMN later TEXT",
    "ALTER TABLE event ADD COLUMN later BIGINT",
    "UPDATE alembic_version SET version_num = '9000'",
)
"""What a new version that only adds does to the schema, with the old one running."""


@dataclass
class Balancer:
    """Gives each request to the next process that said it is ready, as a load balancer does."""

    client: aiohttp.ClientSession
    servers: list[KillableServer]
    ready: list[KillableServer] = field(default_factory=list)
    turn: int = 0

    async def watch(self) -> None:
        while True:
            self.ready = [one for one in self.servers if await self.status(one) == 200]
            await asyncio.sleep(POLL)

    async def status(self, server: KillableServer) -> int:
        try:
            async with self.client.get(f"http://127.0.0.1:{server.port}/readyz") as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def until_ready(self, count: int) -> None:
        while len(self.ready) != count:  # noqa: ASYNC110 - other processes
            await asyncio.sleep(POLL)

    def url(self) -> str:
        self.turn += 1
        return f"http://127.0.0.1:{self.ready[self.turn % len(self.ready)].port}"


@dataclass
class Writer:
    """Somebody who sends each message once, and counts what was not taken at once."""

    balancer: Balancer
    talker: Talker
    failed: list[str] = field(default_factory=list)
    sent: int = 0

    async def write(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.sent += 1
            frame = {"type": "choose", "id": f"m{self.sent}", "choice": "desk:menu", "offset": 0}
            try:
                async with self.balancer.client.post(
                    f"{self.balancer.url()}/chat/v1/messages",
                    json=frame,
                    headers=self.talker.headers,
                ) as answer:
                    if answer.status != 200:
                        self.failed.append(f"{frame['id']}: {answer.status}")
            except aiohttp.ClientError as error:
                self.failed.append(f"{frame['id']}: {type(error).__name__}")
            await asyncio.sleep(0.02)


async def test_no_message_fails_while_processes_are_exchanged_under_a_newer_schema(
    tmp_path: Path, postgresql_server: postgresql.Server
) -> None:
    database = postgresql_server.database()
    async with open_outside() as outside, asyncio.timeout(180):
        env = {
            **environment(tmp_path, outside),
            "PRIVACYDESK_DATABASE_URL": database,
            "PRIVACYDESK_DRAIN_SECONDS": str(DRAIN),
        }
        servers = [KillableServer(env) for _ in range(2)]
        try:
            for server in servers:
                await server.start()
            await _exchange(servers, database)
        finally:
            for server in servers:
                await server.kill()
    postgresql_server.drop(database)


async def _exchange(servers: list[KillableServer], database: str) -> None:
    stop = asyncio.Event()
    async with aiohttp.ClientSession() as client:
        balancer = Balancer(client, servers)
        watching = asyncio.create_task(balancer.watch())
        await balancer.until_ready(2)
        writers = []
        for number in range(PEOPLE):
            async with aiohttp.ClientSession(balancer.url()) as beginning:
                talker = Talker(beginning, f"u-10{number + 1:02}")
                await talker.begin()
            writers.append(Writer(balancer, talker))
        writing = [asyncio.create_task(one.write(stop)) for one in writers]
        with psycopg.connect(database) as connection:
            for statement in _LATER:
                connection.execute(statement)
        for server in servers:
            await asyncio.sleep(1.0)
            assert len(balancer.ready) == 2, "the old version runs on under the newer schema"
            assert await server.stop() == 0
            await balancer.until_ready(1)
            await server.start()
            await balancer.until_ready(2)
        stop.set()
        await asyncio.gather(*writing)
        watching.cancel()
        assert [failed for one in writers for failed in one.failed] == []
        for one in writers:
            async with aiohttp.ClientSession(balancer.url()) as one.talker.client:
                said = [event["id"] for event in await one.talker.log() if "id" in event]
            assert said == [f"m{n}" for n in range(1, one.sent + 1)]
            assert one.sent > PEOPLE
