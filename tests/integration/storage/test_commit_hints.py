"""Processes that share a PostgreSQL tell each other which conversations they have changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest
from tests.common import postgresql
from tests.integration.storage import desk

from privacydesk.clock import SystemClock
from privacydesk.domain.ids import ConversationId
from privacydesk.storage.commit_hints import CommitHints
from privacydesk.storage.engines import committing_engine, parse_url
from privacydesk.storage.sealing import Seals


@pytest.fixture
def url(server: postgresql.Server) -> Iterator[str]:
    made = server.database()
    yield made
    server.drop(made)


def _hints(url: str, **changes: Any) -> CommitHints:
    engine = committing_engine(parse_url(url).set(**changes))
    return CommitHints(engine, Seals(desk.RING, SystemClock()))


class Process:
    """One of several processes, and what it was told."""

    def __init__(self, url: str) -> None:
        self.hints = _hints(url)
        self.told: asyncio.Queue[ConversationId] = asyncio.Queue()

    def on_change(self, conversations: Sequence[ConversationId]) -> None:
        for one in conversations:
            self.told.put_nowait(one)

    async def hears(self, conversation: ConversationId, sender: Process) -> None:
        """Wait for a hint that is sent until it is heard, as one may be lost while connecting."""
        while True:
            sender.hints.note(conversation)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    while await self.told.get() != conversation:
                        pass
                    return


@asynccontextmanager
async def _running(url: str, count: int) -> AsyncIterator[list[Process]]:
    processes = [Process(url) for _ in range(count)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one.hints.run(one.on_change)) for one in processes]
        yield processes
        for task in tasks:
            task.cancel()


def _ids(count: int) -> list[ConversationId]:
    return [ConversationId(number.to_bytes(16)) for number in range(1, count + 1)]


async def test_others_learn_of_each_change_and_the_one_who_made_it_does_not(url: str) -> None:
    ids = _ids(1_001)
    async with asyncio.timeout(60), _running(url, 3) as (writer, *others):
        for one in others:
            await one.hears(ids[0], writer)
        for conversation in ids[1:]:
            writer.hints.note(conversation)
        for one in others:
            heard: set[ConversationId] = set()
            while not heard.issuperset(ids[1:]):
                heard.add(await one.told.get())
        assert writer.told.empty()


async def test_hints_go_on_after_the_server_closed_the_connections(url: str) -> None:
    first, second = _ids(2)
    async with asyncio.timeout(60), _running(url, 2) as (writer, reader):
        await reader.hears(first, writer)
        with psycopg.connect(url, autocommit=True) as beside:
            ended = beside.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchone()
        assert ended == (4,)
        await reader.hears(second, writer)


async def test_a_command_sends_what_is_pending_at_its_end(url: str) -> None:
    (changed,) = _ids(1)
    async with asyncio.timeout(60), _running(url, 1) as (reader,):
        command = _hints(url)
        while reader.told.empty():
            command.note(changed)
            await command.flush()
            await asyncio.sleep(0.05)
        assert await reader.told.get() == changed


async def test_a_database_that_is_away_stops_nobody(url: str) -> None:
    hints = _hints(url, port=1, query={}, host="127.0.0.1")
    hints.note(_ids(1)[0])
    await hints.flush()


async def test_what_anybody_sends_is_no_reason_to_stop(url: str) -> None:
    (changed,) = _ids(1)
    async with asyncio.timeout(60), _running(url, 2) as (writer, reader):
        await reader.hears(changed, writer)
        with psycopg.connect(url, autocommit=True) as beside:
            for nonsense in ("", "x", "x not-hex", "x 00 0"):
                beside.execute("SELECT pg_notify('privacydesk_changed', %s)", (nonsense,))
        await reader.hears(changed, writer)
