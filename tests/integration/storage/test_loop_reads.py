from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.common.databases import make_database
from tests.integration.storage import desk

from privacydesk.errors import UnavailableError
from privacydesk.storage.engines import parse_url, reading_engine
from privacydesk.storage.loop_reads import LoopReads, NotReadError, all_rows
from privacydesk.storage.store import SqlStore

_WORD: sa.ColumnElement[str] = sa.literal_column("'read'", sa.String)
_LONG = sa.text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)"
    " SELECT count(*) FROM n"
)


class _Times:
    """The time, as a test sets it; goes on by ``step`` whenever somebody looks."""

    now = 0.0
    step = 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def times() -> _Times:
    return _Times()


@pytest.fixture
def reads(path: Path, times: _Times) -> Iterator[LoopReads]:
    url = f"sqlite:///{path}"
    make_database(url)
    opened = LoopReads(reading_engine(parse_url(url), 1, busy_millis=0), monotonic=times)
    yield opened
    opened.close()


def _fetch(connection: sa.Connection) -> tuple[str, int]:
    return connection.scalar(sa.select(_WORD)) or "", threading.get_ident()


def _fail(_: sa.Connection) -> None:
    raise ValueError("odd")


async def test_quick_reads_of_sqlite_run_on_the_loop(store: SqlStore, backend: str) -> None:
    _, thread = await store.reader.read_quickly(_fetch)
    assert (thread == threading.get_ident()) is (backend == "sqlite")


async def test_what_fails_on_the_loop_is_read_by_a_thread(store: SqlStore) -> None:
    threads: list[int] = []

    def fail_once(connection: sa.Connection) -> str:
        threads.append(threading.get_ident())
        if threading.current_thread() is threading.main_thread():
            raise sa.exc.OperationalError("", {}, Exception("locked"))
        return _fetch(connection)[0]

    assert await store.reader.read_quickly(fail_once) == "read"
    assert threads[-1] != threading.get_ident()


async def test_an_error_of_the_read_itself_is_raised(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="odd"):
        await store.reader.read_quickly(_fail)


async def test_a_database_that_can_not_be_read_is_told(store: SqlStore) -> None:
    with pytest.raises(UnavailableError):
        await store.reader.read_quickly(
            lambda _: (_ for _ in ()).throw(
                sa.exc.OperationalError("", {}, Exception("disk I/O error"))
            )
        )


async def test_after_a_slow_read_threads_read_for_a_second(reads: LoopReads, times: _Times) -> None:
    def wait_for_the_disk(_: sa.Connection) -> str:
        times.now += 0.1
        return "late"

    assert await reads.read(wait_for_the_disk) == "late"
    times.now += 0.9
    with pytest.raises(NotReadError):
        await reads.read(_fetch)
    times.now += 0.2
    assert (await reads.read(_fetch))[0] == "read"


async def test_after_an_error_of_the_database_threads_read_for_a_second(
    reads: LoopReads, times: _Times
) -> None:
    with pytest.raises(NotReadError):
        await reads.read(lambda connection: connection.scalar(sa.text("SELECT missing")))
    with pytest.raises(NotReadError):
        await reads.read(_fetch)
    times.now += 1.1
    assert (await reads.read(_fetch))[0] == "read"


async def test_a_long_statement_is_broken_off_and_others_go_on(
    reads: LoopReads, times: _Times
) -> None:
    times.step = 0.001
    with pytest.raises(NotReadError):
        await reads.read(lambda connection: connection.scalar(_LONG))
    assert times.now < 0.01
    times.step = 0.0
    assert (await reads.read(_fetch))[0] == "read"


async def test_a_thread_reads_what_takes_long(store: SqlStore) -> None:
    assert await store.reader.read_quickly(lambda c: c.scalar(_LONG)) == 1_000_000


async def test_an_error_that_is_not_the_databases_stops_nothing(reads: LoopReads) -> None:
    with pytest.raises(NotReadError):
        await reads.read(_fail)
    assert (await reads.read(_fetch))[0] == "read"


async def test_nothing_is_read_once_it_is_closed(reads: LoopReads) -> None:
    assert (await reads.read(_fetch))[0] == "read"
    reads.close()
    with pytest.raises(NotReadError):
        await reads.read(_fetch)


async def test_nothing_is_written_on_the_loop(reads: LoopReads) -> None:
    with pytest.raises(NotReadError):
        await reads.read(lambda connection: connection.execute(sa.text("CREATE TABLE a (b)")))


async def test_who_reads_much_lets_others_have_their_turn(reads: LoopReads) -> None:
    order: list[str] = []

    async def read_much(name: str) -> None:
        for _ in range(3):
            await reads.read(_fetch)
            order.append(name)

    await asyncio.gather(read_much("a"), read_much("b"))
    assert order == ["a", "b"] * 3


async def test_many_rows_are_opened_by_a_thread(reads: LoopReads) -> None:
    numbers = sa.select(sa.literal(1).label("i")).cte(recursive=True)
    more = sa.select(numbers.c.i + 1).where(numbers.c.i < sa.bindparam("many"))
    query = sa.select(numbers.union_all(more).c.i)
    few = await reads.read(lambda connection: all_rows(connection, query, {"many": 32}))
    assert [row.i for row in few] == [*range(1, 33)]
    with pytest.raises(NotReadError):
        await reads.read(lambda connection: all_rows(connection, query, {"many": 33}))


async def test_a_long_log_is_read_whole(store: SqlStore) -> None:
    await desk.begin(store)
    for n in range(40):
        await store.writer.submit(desk.say(f"j{n}"))
    head = (await store.reader.versions([desk.conversation_id()]))[desk.conversation_id()]
    for limit in (31, 32, 33, 500):
        events = await store.reader.events(desk.conversation_id(), after=0, limit=limit)
        assert [event.offset for event in events] == [*range(1, min(limit, head) + 1)]
