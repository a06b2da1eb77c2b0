"""Measures what must not slow down while the tables grow, on SQLite and on PostgreSQL.

    python benchmarks/growth.py [--rows 100000 1000000 10000000] [--databases sqlite postgresql]
        [--partitions 0] [--seconds 4]

There are as many open tickets as events, with all their look-ups. Statements put them in, with one
sealed body for all; those that are opened are real. A database of ten million rows takes 8 GB.
"""

# ruff: noqa: SLF001 - rows are inserted without the writer
from __future__ import annotations

import argparse
import asyncio
import logging
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from statistics import quantiles

import psycopg
import sqlalchemy as sa
import structlog
from msgspec.structs import replace
from psycopg import sql

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import writer
from benchmarks.inbox import rows_of, sample_ticket
from tests.common import postgresql
from tests.common.partitions import partition
from tests.common.stories import RING_SECRET, START, Player, World, enter, open_world, steps

from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import ScheduledEvent, ScheduledEventKind, Ticket
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.storage.codec import to_micros
from privacydesk.storage.schema import upgrade
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

_EVENTS_EACH = 40
_REAL = 2_000
_CLAIMED = 100
_LONG = 10_000
"""The events of the conversation in which turns are measured."""
_SENDERS = 32
_LEASE = timedelta(minutes=1)
_NOW = to_micros(START)
_SPAN = 300 * 86_400_000_000
"""Tickets were received, and conversations begun, in so many microseconds before the start."""
_TEXT = "Which data do you hold?"
_BODY = "7f3a91c4" * 40
"""160 bytes: a quarter of the mean of the stories' events."""

_TABLES = ("event", "conversation", "ticket", "ticket_number", "ticket_person")
_FILL = """
INSERT INTO event (conversation_id, "offset", at, sender, kind, job_id, body)
SELECT conversation, mod(g, {each}) + 1, at, 'user', 'text',
       CASE WHEN mod(g, 2) = 0 THEN number END, {body} FROM numbers;
INSERT INTO conversation (id, epoch, version, created_at, owner_kind, owner_agent, queue_rank,
       state)
SELECT conversation, 'e', {each}, at, 'assistant', '', 1, {body} FROM numbers
 WHERE mod(g, {each}) = 0;
INSERT INTO ticket (id, conversation_id, version, number, state, kind, holder, locale, due_at,
       provisional, next_due_at, received_at, urgent_at, awaited, examine, objection, guarded,
       escalated, counted_from, promised_at, grounds, body)
SELECT id, conversation, 1, number, 'in_review', 'deletion', 'agent-' || mod(g, 50), 'en',
       at + {span}, {false}, at + {span} + {later}, at, at + {span}, {false}, {false}, {false},
       {false}, {false}, at, at + {span}, '', {body} FROM numbers;
INSERT INTO ticket_number (number, ticket_id, conversation_id, version, mac)
SELECT number, id, conversation, 1, id FROM numbers;
INSERT INTO ticket_person (hash, ticket_id, conversation_id)
SELECT id, id, conversation FROM numbers;
"""


def _filling(**values: str) -> str:
    later = 90 * 86_400_000_000
    return _FILL.format(each=_EVENTS_EACH, span=_SPAN, later=later, **values)


def _numbers(count: int) -> Iterator[tuple[int, bytes, bytes, str, int]]:
    """Yield what rows are made of; ids grow with time, as the desk's."""
    first, step = (_NOW - _SPAN) // 1000, _SPAN // count // 1000
    for g in range(count):
        c = g // _EVENTS_EACH
        id_, conversation = ((first + n * step << 80) + (7 << 76) + n for n in (g, c))
        at = _NOW - _SPAN + g * 7919 % count * (_SPAN // count)
        yield g, id_.to_bytes(16, "big"), conversation.to_bytes(16, "big"), f"g-{g:012}", at


def fill_sqlite(url: str, count: int) -> None:
    """Fill a fresh database; indexes are made afterwards."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
            connection.execute(f"PRAGMA {pragma}")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " AND tbl_name IN (?, ?, ?, ?, ?)",
            _TABLES,
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("CREATE TEMP TABLE numbers (g, id, conversation, number, at)")
        connection.executemany("INSERT INTO numbers VALUES (?, ?, ?, ?, ?)", _numbers(count))
        connection.commit()
        filling = _filling(body=f"x'{_BODY}'", false="0")
        connection.executescript(f"BEGIN;{filling}COMMIT;")
        for _, statement in indexes:
            connection.execute(statement)
        connection.execute("PRAGMA journal_mode=WAL")


def fill_postgresql(url: str, count: int) -> None:
    """Fill a fresh database; indexes are made afterwards."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '1GB'")
        indexes = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid::regclass::text = ANY(%s) AND NOT indisprimary",
            [list(_TABLES)],
        ).fetchall()
        for name, _ in indexes:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        connection.execute(
            "CREATE TEMP TABLE numbers"
            " (g bigint, id bytea, conversation bytea, number text, at bigint)"
        )
        with connection.cursor() as cursor, cursor.copy("COPY numbers FROM STDIN") as copied:
            for row in _numbers(count):
                copied.write_row(row)
        filling = _filling(body=f"decode('{_BODY}', 'hex')", false="false")
        connection.execute(filling.encode())
        for _, statement in indexes:
            # Of a partitioned table it would be made without those of its partitions.
            connection.execute(statement.replace(" ON ONLY ", " ON ").encode())
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _add_real(world: World) -> list[Ticket]:
    """Add tickets that can be opened, some of them due at the start, and return them."""
    store = world.services.store
    assert isinstance(store, SqlStore)
    tickets = []
    for number in range(_REAL):
        due = START if number < _CLAIMED else START + timedelta(days=400)
        events = (ScheduledEvent(ScheduledEventKind.REMIND_TWO, due),)
        ticket = sample_ticket(world, number, True, ["mei"])
        tickets.append(replace(ticket, scheduled_events=events))
    with store._writing.begin() as connection:
        for table, rows in rows_of(store, tickets):
            connection.execute(sa.insert(table), rows)
    return tickets


async def _lengthen(world: World, conversation: ConversationId) -> None:
    """Have a conversation as many events as are measured with."""
    reader, submit = world.services.store.reader, world.services.store.writer.submit

    def add(rows: WorkingSet) -> Changes:
        before = rows.conversation
        assert before is not None
        first, last = before.version + 1, min(before.version + 200, _LONG)
        said = Event(first, START, Sender.USER, EventKind.TEXT, text=_TEXT, job_id=f"long-{first}")
        answers = [
            Event(offset, START, Sender.ASSISTANT, EventKind.TEXT, text=_TEXT)
            for offset in range(first + 1, last + 1)
        ]
        return Changes(conversation=replace(before, version=last), events=(said, *answers))

    while (last := (await reader.versions([conversation]))[conversation]) < _LONG:
        await submit(Job(f"long-{last + 1}", Locks(conversation), add))


async def _times(count: int, what: Callable[[int], Awaitable[object]]) -> str:
    """Do something again and again; return the median and the nineteenth of twenty."""
    taken = []
    for number in range(count):
        began = time.perf_counter()
        await what(number)
        taken.append((time.perf_counter() - began) * 1e3)
    return f"{statistics.median(taken):6.1f} ms, 19 of 20 within {quantiles(taken, n=20)[-1]:.1f}"


async def measure_desk(folder: Path) -> None:
    """Print how long the desk takes for what should not depend on the rows there are."""
    began = time.perf_counter()
    async with open_world(folder, start=START) as world:
        print(f"  open after {time.perf_counter() - began:.1f} s")
        claims, reader = world.services.store.claims, world.services.store.reader
        dice = random.Random(1)
        asker, talker = await enter(world, "lin", "en"), await enter(world, "chen", "en")
        await steps(asker, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
        assert talker.session is not None
        await _lengthen(world, talker.session.conversation)
        tickets = await asyncio.to_thread(_add_real, world)

        async def tick(number: int) -> None:
            now = START - timedelta(hours=1) + number * timedelta(seconds=1)
            assert not await claims.tickets(now, lease=_LEASE, limit=_CLAIMED)
            assert await claims.next_ticket() is not None

        async def claim(number: int) -> None:
            now = START + number * 2 * _LEASE
            assert len(await claims.tickets(now, lease=_LEASE, limit=_CLAIMED)) == _CLAIMED

        async def repair(_: int) -> None:
            await claims.reset_excessive_delays(START + timedelta(days=1))

        async def look_up(_: int) -> None:
            assert await reader.ticket_by_number(dice.choice(tickets).number) is not None

        def tap(player: Player, choice: str) -> Callable[[int], Awaitable[object]]:
            session = player.session
            assert session is not None
            desk = world.services.desk
            return lambda n: desk.choose(session, id=f"growth-{n}", choice=choice, offset=0)

        for name, count, what in (
            ("due tick", 200, tick),
            (f"{_CLAIMED} claimed", 40, claim),
            ("due times repaired", 3, repair),
            ("ticket by its number", 200, look_up),
            ("turn: how a request stands", 100, tap(asker, "desk:status")),
            (f"turn after {_LONG:,} events", 100, tap(talker, "desk:menu")),
        ):
            print(f"  {name:26} {await _times(count, what)}", flush=True)


def run(
    url: str, folder: Path, count: int, fill: Callable[[str, int], None], seconds: float
) -> None:
    """Fill a database and measure with it."""
    began = time.monotonic()
    fill(url, count)
    print(f"  filled in {time.monotonic() - began:.0f} s", flush=True)
    os.environ["PRIVACYDESK_DATABASE_URL"] = url
    asyncio.run(measure_desk(folder))
    ring = KeyRing("one", {"one": RING_SECRET})
    asyncio.run(writer.measure(url, _SENDERS, seconds, faults=False, ring=ring))


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--partitions", type=int, default=0, help="on PostgreSQL")
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    for count in sorted(options.rows):
        for database in options.databases:
            print(f"{database}, {count:,} rows", flush=True)
            with tempfile.TemporaryDirectory() as name:
                if database == "sqlite":
                    url = f"sqlite:///{Path(name) / 'desk.db'}"
                    upgrade(url)
                    run(url, Path(name), count, fill_sqlite, options.seconds)
                    continue
                with postgresql.server_or_reason() as server:
                    if isinstance(server, str):
                        sys.exit(server)
                    url = server.database()
                    if options.partitions:
                        partition(url, options.partitions)
                    run(url, Path(name), count, fill_postgresql, options.seconds)


if __name__ == "__main__":
    main()
