"""Reads the event log by cursor in several processes that are killed, while others commit.

    python -m benchmarks.events --events 100000 [--postgresql] [--writers 3] [--consumers 3]

Writers file tickets and change their holders; each numbers events, too, as ``serve`` does. SQLite
has one writer. Consumers keep a page and its cursor in one line of a file, and are killed and
started again at random. At the end each of them has to have every event once, in the log's order.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import secrets
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, Final, TextIO

import sqlalchemy as sa
from benchmarks.webhooks import file_ticket
from tests.common import postgresql

from privacydesk.clock import SystemClock
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.event_log import LogPosition
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.ports import Changes, Job, Locks
from privacydesk.storage import tables
from privacydesk.storage.engines import parse_url, writing_engine
from privacydesk.storage.schema import upgrade
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

RING: Final = KeyRing("k1", {"k1": b"1" * 32})
_CHANGES: Final = 8
"""Events of one ticket."""
_AT_ONCE: Final = 64
_PAGE: Final = 200
_IDLE: Final = 0.01
_PATIENCE: Final = 120
"""Seconds for the consumers to read the rest."""
_CONTEXT: Final = multiprocessing.get_context("spawn")


# -- writers ---------------------------------------------------------------------------------------


def write(url: str, tickets: int) -> None:
    """File tickets and change them."""

    async def work() -> None:
        async with SqlStore(url, RING, SystemClock()) as store:
            numbering = asyncio.create_task(_number(store))
            conversation = ConversationId(secrets.token_bytes(16))
            begun = Conversation(conversation, "epoch", datetime.now(UTC))
            await store.writer.submit(
                Job("begin", Locks(conversation), lambda _: Changes(conversation=begun))
            )
            room = asyncio.Semaphore(_AT_ONCE)

            async def one() -> None:
                async with room:
                    await file_ticket(
                        store, conversation, TicketId(secrets.token_bytes(16)), _CHANGES
                    )

            await asyncio.gather(*(one() for _ in range(tickets)))
            while (await store.event_log.state())[0]:  # noqa: ASYNC110 - another task works
                await asyncio.sleep(_IDLE)
            numbering.cancel()
            with suppress(asyncio.CancelledError):
                await numbering

    asyncio.run(work())


async def _number(store: SqlStore) -> None:
    while True:
        if (await store.event_log.state())[0]:
            await store.event_log.number_pending()
        await asyncio.sleep(_IDLE)


# -- consumers -------------------------------------------------------------------------------------


def consume(url: str, kept: str) -> None:
    """Read until killed; a line of the file has a cursor and the ids that were read up to it."""

    async def work(cursor: str, file: TextIO) -> None:
        async with SqlStore(url, RING, SystemClock(), beside_serve=True) as store:
            position = LogPosition.parse(cursor) if cursor else await store.event_log.start(None)
            while True:
                page = await store.event_log.page(position, None, _PAGE)
                position = page.next
                if page.events:
                    ids = " ".join(event.id.hex() for event in page.events)
                    file.write(f"{position.cursor} {ids}\n")
                    file.flush()
                elif not page.has_more:
                    await asyncio.sleep(_IDLE)

    cursor, _ = read_kept(Path(kept))
    with Path(kept).open("a") as file:
        asyncio.run(work(cursor, file))


def read_kept(path: Path) -> tuple[str, list[str]]:
    """Return the last cursor and all ids; a line that was cut off by a kill is dropped."""
    text = path.read_text() if path.exists() else ""
    whole, _, cut = text.rpartition("\n")
    if cut:
        path.write_text(f"{whole}\n" if whole else "")
    lines = [line.split() for line in whole.splitlines()]
    return (lines[-1][0] if lines else ""), [one for line in lines for one in line[1:]]


def _start(work: Callable[..., None], *given: Any) -> SpawnProcess:
    process = _CONTEXT.Process(target=work, args=given)
    process.start()
    return process


# -- the run ---------------------------------------------------------------------------------------


def run(url: str, folder: Path, *, events: int, writers: int, consumers: int, seed: int) -> bool:
    """Run writers and consumers to the end; return whether each consumer has each event once."""
    dice = random.Random(seed)
    files = [folder / f"consumer-{n}" for n in range(consumers)]
    began, kills = time.perf_counter(), 0
    writing = [_start(write, url, events // _CHANGES // writers) for _ in range(writers)]
    reading = [_start(consume, url, str(file)) for file in files]
    while any(process.is_alive() for process in writing):
        time.sleep(dice.uniform(2, 8))
        n = dice.randrange(consumers)
        reading[n].kill()
        reading[n].join()
        kills += 1
        reading[n] = _start(consume, url, str(files[n]))
    written = time.perf_counter() - began
    truth = _log(url)
    complete = all(process.exitcode == 0 for process in writing) and bool(truth)
    until = time.perf_counter() + _PATIENCE
    while time.perf_counter() < until and not all(
        file.exists() and _count(file) >= len(truth) for file in files
    ):
        time.sleep(0.2)
    for process in reading:
        process.kill()
        process.join()
    print(
        f"{len(truth)} events by {writers} writers in {written:.1f} s"
        f" ({len(truth) / written:.0f}/s), {kills} kills of consumers"
    )
    clean = complete and all(read_kept(file)[1] == truth for file in files)
    print("each consumer has each event once, in order" if clean else "LOST, DOUBLE OR UNORDERED")
    return clean


def _count(path: Path) -> int:
    return len(path.read_text().split()) - path.read_text().count("\n")


def _log(url: str) -> list[str]:
    engine = writing_engine(parse_url(url))
    log = tables.event_log.c
    with engine.connect() as connection:
        ids = connection.scalars(sa.select(log.id).order_by(log.seq)).all()
    engine.dispose()
    return [one.hex() for one in ids]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--postgresql", action="store_true", help="several writers on a PostgreSQL")
    parser.add_argument("--writers", type=int, default=3, help="on PostgreSQL")
    parser.add_argument("--consumers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=67)
    options = parser.parse_args()
    given = {"events": options.events, "consumers": options.consumers, "seed": options.seed}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if not options.postgresql:
            url = f"sqlite:///{folder / 'desk.db'}"
            upgrade(url)
            clean = run(url, folder, writers=1, **given)
        else:
            with postgresql.server_or_reason() as server:
                if isinstance(server, str):
                    parser.error(server)
                clean = run(server.database(), folder, writers=options.writers, **given)
    raise SystemExit(0 if clean else 1)


if __name__ == "__main__":
    main()
