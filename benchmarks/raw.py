"""The baseline: a bare aiohttp WebSocket server with one durable SQLite commit per turn.

It implements the part of the chat protocol that the load generator needs. A turn inserts the
message and a reply, updates the conversation, shares its commit with other turns, and is answered
after that. It has no dialog, no texts, no encryption and no checks, so only the cost of HTTP and
the disk is left. Replies and states have the average sizes of the desk's in
``benchmarks/turns.py``.

With ``--url``, it writes to a PostgreSQL with asyncpg, which must be installed beside it: one
statement in a transaction of its own per turn.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson
from aiohttp import WSMsgType, web

REPLY_BODY = b"r" * 830
"""A stored reply, with the average size of the desk's."""
STATE = b"s" * 670
"""A stored state, with the average size of the desk's."""
FRAME_FILLER = "f" * 890
"""Pads an answer to the average size of the desk's."""
BATCH_LIMIT = 256


class Turn(NamedTuple):
    """A message that is to be written."""

    conversation: int
    version: int
    job: str
    text: bytes
    done: asyncio.Future[None]


class GroupCommit:
    """A thread that writes the pending turns in one transaction."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._pending: list[Turn] = []
        self._working = False
        self._batches: queue.SimpleQueue[list[Turn]] = queue.SimpleQueue()
        threading.Thread(target=self._work, daemon=True).start()

    def put(self, conversation: int, version: int, job: str, text: bytes) -> asyncio.Future[None]:
        """Submit a turn; the future is done after its commit."""
        turn = Turn(conversation, version, job, text, self._loop.create_future())
        self._pending.append(turn)
        if not self._working:
            self._working = True
            self._loop.call_soon(self._send)
        return turn.done

    def _send(self) -> None:
        batch, self._pending = self._pending[:BATCH_LIMIT], self._pending[BATCH_LIMIT:]
        self._batches.put(batch)

    def _finish(self, batch: list[Turn]) -> None:
        for turn in batch:
            if not turn.done.done():
                turn.done.set_result(None)
        if self._pending:
            self._send()
        else:
            self._working = False

    def _work(self) -> None:
        database = sqlite3.connect(self._path, isolation_level=None)
        database.executescript(
            """
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            CREATE TABLE conversation (id INTEGER PRIMARY KEY, version INTEGER, state BLOB);
            CREATE TABLE event (
                conversation INTEGER, offset INTEGER, job TEXT, body BLOB,
                PRIMARY KEY (conversation, offset)
            );
            """
        )
        while True:
            batch = self._batches.get()
            events: list[tuple[int, int, str | None, bytes]] = []
            for turn in batch:
                events.append((turn.conversation, turn.version + 1, turn.job, turn.text))
                events.append((turn.conversation, turn.version + 2, None, REPLY_BODY))
            database.execute("BEGIN IMMEDIATE")
            fresh = [(turn.conversation, 0, b"") for turn in batch if not turn.version]
            if fresh:
                database.executemany("INSERT INTO conversation VALUES (?, ?, ?)", fresh)
            database.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", events)
            database.executemany(
                "UPDATE conversation SET version = ?, state = ? WHERE id = ? AND version = ?",
                [(t.version + 2, STATE, t.conversation, t.version) for t in batch],
            )
            database.execute("COMMIT")
            self._loop.call_soon_threadsafe(self._finish, batch)


_TABLES = """
CREATE TABLE raw_conversation (id bigint PRIMARY KEY, version bigint, state bytea);
CREATE TABLE raw_event (
    conversation bigint, "offset" bigint, job text, body bytea,
    PRIMARY KEY (conversation, "offset")
);
"""
_TURN = """
WITH turn AS (
    INSERT INTO raw_conversation VALUES ($1, $3, $4)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, state = excluded.state
)
INSERT INTO raw_event VALUES ($1, $2, $5, $6), ($1, $3, NULL, $7)
"""
_CONNECTIONS = 32


class SingleCommits:
    """Writes each turn to a PostgreSQL with one statement."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, url: str) -> SingleCommits:
        """Connect, and create the tables."""
        import asyncpg  # noqa: PLC0415 - only there for this

        pool = await asyncpg.create_pool(url, min_size=_CONNECTIONS, max_size=_CONNECTIONS)
        await pool.execute(_TABLES)
        return cls(pool)

    async def put(self, conversation: int, version: int, job: str, text: bytes) -> None:
        """Write a turn; return after its commit."""
        rows = (conversation, version + 1, version + 2, STATE, job, text, REPLY_BODY)
        await self._pool.execute(_TURN, *rows)


class Writer(Protocol):
    """What turns are written with."""

    def put(self, conversation: int, version: int, job: str, text: bytes) -> Awaitable[None]:
        """Write a turn; done after its commit."""
        ...


WRITER: web.AppKey[Writer] = web.AppKey("WRITER")
COUNT = web.AppKey("COUNT", list[int])


async def _socket(request: web.Request) -> web.StreamResponse:
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    writer, count = request.app[WRITER], request.app[COUNT]
    count[0] += 1
    conversation, version = count[0], 0
    async for message in ws:
        if message.type is not WSMsgType.TEXT:
            continue
        frame = orjson.loads(message.data)
        if frame["type"] == "hello":
            await ws.send_str('{"type":"welcome"}')
            continue
        job = frame["id"]
        await writer.put(conversation, version, job, message.data.encode())
        version += 2
        answer = {
            "type": "events",
            "events": [{"offset": version, "text": FRAME_FILLER}],
            "acks": [{"id": job, "offset": version - 1}],
        }
        with contextlib.suppress(ConnectionError):
            await ws.send_str(orjson.dumps(answer).decode())
    return ws


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def serve(path: Path | None, url: str) -> None:
    """Serve on a free port, and print it."""
    app = web.Application()
    app[WRITER] = await SingleCommits.open(url) if path is None else GroupCommit(path)
    app[COUNT] = [0]
    app.router.add_get("/chat/v1/socket", _socket)
    app.router.add_get("/healthz", _healthz)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(f"Listening on http://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("path", type=Path, nargs="?", help="the database file to create")
    where.add_argument("--url", default="", help="an empty PostgreSQL database")
    parser.add_argument("--loop", choices=("standard", "uvloop"), default="standard")
    options = parser.parse_args()
    if options.loop == "uvloop":
        import uvloop  # noqa: PLC0415 - not on every platform

        uvloop.run(serve(options.path, options.url))
    else:
        asyncio.run(serve(options.path, options.url))


if __name__ == "__main__":
    main()
