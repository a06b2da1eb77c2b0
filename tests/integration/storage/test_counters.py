from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from tests.common.databases import make_database
from tests.integration.storage.desk import RING, begin, conversation_id, turn

from privacydesk.clock import MovableClock
from privacydesk.domain.counters import CounterIncrement, CounterKind, CounterSum
from privacydesk.errors import DeskError
from privacydesk.ports import Changes, FailedJobError, Job, Locks, WorkingSet
from privacydesk.storage import tables
from privacydesk.storage.counters import CounterRows
from privacydesk.storage.engines import parse_url, writing_engine
from privacydesk.storage.store import SqlStore

MONDAY, TUESDAY = date(2026, 5, 4), date(2026, 5, 5)
HEARD = CounterIncrement(MONDAY, CounterKind.HEARD, "en")
UNSURE = CounterIncrement(MONDAY, CounterKind.UNSURE, "en")


def counting(job_id: str, *counted: CounterIncrement, n: int = 1) -> Job:
    def decide(rows: WorkingSet) -> Changes:
        return replace(turn(job_id)(rows), counter_increments=counted)

    return Job(job_id, Locks(conversation_id(n)), decide)


async def counts(store: SqlStore, day: date = MONDAY) -> dict[str, int]:
    sums = await store.counters.sums(day, day)
    return {f"{one.what}.{one.detail}": one.number for one in sums}


async def test_what_several_turns_of_a_batch_count_is_added_up(store: SqlStore) -> None:
    await begin(store)
    await asyncio.gather(
        store.writer.submit(counting("a", HEARD, UNSURE)),
        store.writer.submit(counting("b", HEARD)),
    )
    await store.writer.submit(counting("c", HEARD))
    assert await counts(store) == {"heard.en": 3, "unsure.en": 1}


async def test_a_job_that_comes_again_is_not_counted_again(store: SqlStore) -> None:
    await begin(store)
    await store.writer.submit(counting("a", HEARD))
    assert (await store.writer.submit(counting("a", HEARD))).duplicate
    assert await counts(store) == {"heard.en": 1}


async def test_a_job_that_fails_counts_nothing(store: SqlStore) -> None:
    await begin(store)

    def broken(rows: WorkingSet) -> Changes:
        # An event out of order: refused when the rows are staged.
        left = turn("bad")(rows)
        return replace(left, events=left.events[::-1], counter_increments=(HEARD,))

    with pytest.raises((FailedJobError, DeskError)):
        await store.writer.submit(Job("bad", Locks(conversation_id()), broken))
    await store.writer.submit(counting("good", UNSURE))
    assert await counts(store) == {"unsure.en": 1}


async def test_a_period_takes_in_its_first_and_last_day(store: SqlStore) -> None:
    await begin(store)
    await store.writer.submit(counting("a", HEARD))
    await store.writer.submit(counting("b", replace(HEARD, day=TUESDAY)))
    assert await store.counters.sums(MONDAY, TUESDAY) == (CounterSum(CounterKind.HEARD, "en", 2),)
    assert await counts(store, TUESDAY) == {"heard.en": 1}


async def test_days_that_come_back_are_counted_on(store: SqlStore) -> None:
    await begin(store)
    days = (MONDAY, date(2026, 5, 9), MONDAY, date(2031, 1, 1), date(2020, 1, 1), MONDAY)
    for number, day in enumerate(days):
        await store.writer.submit(counting(f"job-{number}", replace(HEARD, day=day)))
    assert await counts(store) == {"heard.en": 3}
    assert await store.counters.sums(min(days), max(days)) == (
        CounterSum(CounterKind.HEARD, "en", 6),
    )


def test_what_is_remembered_of_rows_is_bounded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    make_database(url)
    rows = CounterRows(max_rows=2)
    engine = writing_engine(parse_url(url))
    with engine.connect() as connection:
        for _ in range(3):
            for detail in ("en", "zh_Hans", "zh_Hant"):
                with connection.begin():
                    rows.add(connection, [replace(HEARD, detail=detail)])
                rows.mark_committed()
        sums = connection.execute(sa.select(sa.func.sum(tables.counter.c.number))).scalar()
        names = connection.execute(
            sa.select(sa.func.count(sa.distinct(tables.counter.c.source)))
        ).scalar()
    engine.dispose()
    assert (sums, names) == (9, 3)


async def test_counting_goes_on_where_another_process_left_off(
    store: SqlStore, url: str, clock: MovableClock
) -> None:
    await begin(store)
    await store.writer.submit(counting("a", HEARD))
    async with SqlStore(url, RING, clock) as beside:
        await beside.writer.submit(counting("b", HEARD))
        await beside.writer.submit(counting("c", HEARD))
    await store.writer.submit(counting("d", HEARD))
    assert await counts(store) == {"heard.en": 4}
