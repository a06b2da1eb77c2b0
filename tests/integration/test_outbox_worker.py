"""The outbox's loop over a real store: places, lanes, leases."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.integration.storage.desk import MINUTE, NOW

from privacydesk.clock import MovableClock
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState, Pool
from privacydesk.domain.ids import DeliveryId
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.services.outbox import require_claim
from privacydesk.storage.store import SqlStore
from privacydesk.storage.temporary_store import temporary_store
from privacydesk.worker.outbox import OutboxWorker

CODE = {"channel": Channel.CODE, "action": "send_code", "ref": "w"}
ACTION = {"action": "delete"}
EXPORT = {"action": "export"}


class Bench:
    """Stands where rows are worked on, and finishes them as a test says.

    Attributes:
        begun: rows in the order in which they were begun.
        most: how many of a pool were worked on at the same time.
    """

    def __init__(self, store: SqlStore) -> None:
        self.begun: list[DeliveryId] = []
        self.finished: list[DeliveryId] = []
        self.most: Counter[Pool] = Counter()
        self._now: Counter[Pool] = Counter()
        self._store = store
        self._held: dict[DeliveryId, asyncio.Event] = {}
        self._changed = asyncio.Condition()

    def hold(self, *rows: Delivery) -> None:
        """Let these take until they are released."""
        self._held.update({row.id: asyncio.Event() for row in rows})

    def release(self, row: Delivery) -> None:
        self._held[row.id].set()

    async def until(self, *, begun: int = 0, finished: int = 0) -> None:
        """Wait until so many were begun, and finished."""
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(
                lambda: len(self.begun) >= begun and len(self.finished) >= finished
            )

    async def deliver(self, row: Delivery) -> None:
        self._now[row.pool] += 1
        self.most[row.pool] = max(self.most[row.pool], self._now[row.pool])
        await self._note(self.begun, row)
        try:
            if row.id in self._held:
                await self._held[row.id].wait()
            await self._finish(row)
        finally:
            self._now[row.pool] -= 1
        await self._note(self.finished, row)

    async def _note(self, rows: list[DeliveryId], row: Delivery) -> None:
        async with self._changed:
            rows.append(row.id)
            self._changed.notify_all()

    async def _finish(self, row: Delivery) -> None:
        def decide(rows: WorkingSet) -> Changes:
            held = require_claim(rows, row)
            done = replace(held, state=DeliveryState.DONE, version=held.version + 1)
            return Changes(deliveries=(done,))

        job = Job(f"result:{row.id.hex()}", Locks(deliveries=(row.id,)), decide)
        await self._store.writer.submit(job)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW, frozen=True)


@pytest.fixture
async def store(clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with temporary_store(clock) as opened:
        await desk.begin(opened)
        yield opened


@pytest.fixture
def bench(store: SqlStore) -> Bench:
    return Bench(store)


def worker_of(store: SqlStore, bench: Bench, clock: MovableClock, **how: Any) -> OutboxWorker:
    return OutboxWorker(store.claims, cast("Any", bench), clock, **how)


@asynccontextmanager
async def running(*workers: OutboxWorker) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def put(store: SqlStore, *rows: Delivery) -> None:
    await store.writer.submit(desk.leave(Changes(deliveries=rows), job_id=rows[0].id.hex()))


async def test_a_code_is_begun_while_all_other_places_are_taken(
    store: SqlStore, bench: Bench, clock: MovableClock
) -> None:
    others = [desk.delivery(n, **(ACTION if n % 2 else EXPORT)) for n in range(1, 9)]
    bench.hold(*others)
    await put(store, *others)
    worker = worker_of(store, bench, clock, concurrency=2)
    async with running(worker):
        await bench.until(begun=4)
        for n in range(10, 15):
            await put(store, desk.delivery(n, **CODE))
            worker.wake()
            await bench.until(finished=n - 9)
    assert bench.finished == [desk.delivery_id(n) for n in range(10, 15)]


async def test_a_place_that_gets_free_is_taken_at_once_and_no_more_than_there_are(
    store: SqlStore, bench: Bench, clock: MovableClock
) -> None:
    rows = [desk.delivery(n, **ACTION) for n in range(1, 8)]
    exports = [desk.delivery(n, **EXPORT) for n in range(11, 15)]
    bench.hold(*rows, *exports)
    await put(store, *rows, *exports)
    async with running(worker_of(store, bench, clock, concurrency=3)):
        await bench.until(begun=5)
        for done, row in enumerate(rows, start=1):
            bench.release(row)
            await bench.until(begun=2 + min(3 + done, 7), finished=done)
        for done, row in enumerate(exports, start=1):
            bench.release(row)
            await bench.until(begun=7 + min(2 + done, 4), finished=7 + done)
    assert bench.most == {Pool.ACTION: 3, Pool.EXPORT: 2}
    assert sorted(bench.begun) == [row.id for row in (*rows, *exports)]


async def test_rows_of_a_lane_go_one_after_the_other_whatever_else_goes_on(
    store: SqlStore, bench: Bench, clock: MovableClock
) -> None:
    lanes = (b"a", b"b", b"c")
    rows = [desk.delivery(n, lane=lanes[n % 3], **ACTION) for n in range(1, 25)]
    slow = [row for row in rows if row.lane == b"b"]
    bench.hold(*slow)
    await put(store, *rows)
    async with running(worker_of(store, bench, clock)):
        await bench.until(finished=16)
        assert sum(row.id in bench.begun for row in slow) == 1
        for row in slow:
            bench.release(row)
        await bench.until(finished=24)
    order = defaultdict(list)
    for one in bench.finished:
        order[next(row.lane for row in rows if row.id == one)].append(one)
    assert all(went == sorted(went) for went in order.values())
    assert bench.begun.index(slow[1].id) > bench.begun.index(slow[0].id)


async def test_what_takes_longer_than_its_lease_is_begun_once_though_others_look(
    store: SqlStore, bench: Bench, clock: MovableClock
) -> None:
    row = desk.delivery(1, **EXPORT)
    bench.hold(row)
    await put(store, row)
    own = worker_of(store, bench, clock, renewal_interval=0.01)
    other = worker_of(store, bench, clock)
    async with running(own):
        await bench.until(begun=1)
        for minutes in range(1, 6):
            clock.move(0.9 * MINUTE)
            # Renewed by the clock as it is now: so far ahead is nobody's but its own.
            async with asyncio.timeout(10):
                while await store.claims.next_delivery([Pool.EXPORT]) != clock.now() + MINUTE:  # noqa: ASYNC110 - nobody tells of a renewal
                    await asyncio.sleep(0.01)
            assert await other.run_once() == 0, f"given out again after {minutes} leases"
        bench.release(row)
        await bench.until(finished=1)
    assert bench.begun == [row.id]


async def test_a_row_that_is_worked_on_is_not_begun_again_by_the_same_process(
    store: SqlStore, bench: Bench, clock: MovableClock
) -> None:
    row, later = desk.delivery(1, **ACTION), desk.delivery(2, **ACTION)
    bench.hold(row)
    await put(store, row)
    worker = worker_of(store, bench, clock)
    async with running(worker):
        await bench.until(begun=1)
        # The lease ends unrenewed: the demo's clock is moved, say.
        clock.move(10 * MINUTE)
        await put(store, later)
        worker.wake()
        await bench.until(finished=1)
        bench.release(row)
        await bench.until(finished=2)
    assert bench.begun == [row.id, later.id]


async def test_who_was_held_up_for_longer_than_the_lease_lets_go(
    store: SqlStore, bench: Bench, clock: MovableClock
) -> None:
    row = desk.delivery(1, **ACTION)
    bench.hold(row)
    await put(store, row)
    late, other = Bench(store), bench
    late.hold(row)
    worker = worker_of(store, late, clock, renewal_interval=0.01)
    begun = asyncio.create_task(worker.run_once())
    await late.until(begun=1)
    clock.move(2 * MINUTE)
    again = asyncio.create_task(worker_of(store, other, clock).run_once())
    await other.until(begun=1)
    async with asyncio.timeout(10):
        await begun
    assert late.finished == []
    bench.release(row)
    assert await again == 1
    assert other.finished == [row.id]


async def test_what_was_worked_on_at_the_end_comes_back_by_its_lease(
    store: SqlStore, bench: Bench, clock: MovableClock
) -> None:
    rows = [desk.delivery(n, **ACTION) for n in range(1, 4)]
    bench.hold(*rows)
    await put(store, *rows)
    async with running(worker_of(store, bench, clock)):
        await bench.until(begun=3)
    after = Bench(store)
    worker = worker_of(store, after, clock)
    assert await worker.run_once() == 0
    clock.move(MINUTE)
    assert await worker.run_once() == 3
    assert sorted(after.finished) == [row.id for row in rows]
