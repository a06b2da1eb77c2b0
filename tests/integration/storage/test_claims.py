from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.integration.storage.desk import MINUTE, NOW

from privacydesk.clock import MovableClock
from privacydesk.domain.deliveries import Delivery, DeliveryState
from privacydesk.domain.ticket import Due, DueKind
from privacydesk.errors import StaleError
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.storage.store import SqlStore


@pytest.fixture
async def begun(store: SqlStore) -> SqlStore:
    await desk.begin(store)
    return store


@pytest.fixture
async def other(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with SqlStore(url, desk.RING, clock) as opened:
        yield opened


async def _put(store: SqlStore, *rows: Delivery) -> None:
    await store.writer.submit(desk.leave(Changes(deliveries=rows)))


async def _claim(store: SqlStore, now: timedelta = timedelta(0)) -> list[int]:
    claimed = await store.claims.deliveries(NOW + now, lease=MINUTE, limit=10)
    return [int(row.id[1:]) for row in claimed]


async def _change(store: SqlStore, n: int, **changed: object) -> None:
    def decide(rows: WorkingSet) -> Changes:
        row = rows.deliveries[desk.delivery_id(n)]
        return Changes(deliveries=(replace(row, **changed),))

    await store.writer.submit(Job(f"x{n}", Locks(deliveries=(desk.delivery_id(n),)), decide))


async def test_a_claim_moves_the_row_ahead_by_the_lease(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    (claimed,) = await begun.claims.deliveries(NOW, lease=MINUTE, limit=10)
    assert claimed == desk.delivery(due_at=NOW + MINUTE, attempts=1, version=1)
    assert await _claim(begun) == []


async def test_after_a_crash_the_row_comes_back_when_the_lease_ends(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    assert await _claim(begun) == [1]
    assert await _claim(begun, MINUTE - timedelta(microseconds=1)) == []
    (again,) = await begun.claims.deliveries(NOW + MINUTE, lease=MINUTE, limit=10)
    assert (again.attempts, again.payload) == (2, {"account": "u-1"})


async def test_of_a_lane_only_the_oldest_open_row_is_due(begun: SqlStore) -> None:
    rows = [desk.delivery(n, lane=b"a" if n < 4 else b"b") for n in (1, 2, 3, 4)]
    await _put(begun, *rows)
    assert await _claim(begun) == [1, 4]
    await _change(begun, 1, state=DeliveryState.DONE)
    assert await _claim(begun) == [2]


async def test_backing_off_moves_the_whole_lane(begun: SqlStore) -> None:
    await _put(begun, *(desk.delivery(n, lane=b"a") for n in (1, 2)))
    await _claim(begun)
    await _change(begun, 1, due_at=NOW + 60 * MINUTE)
    assert await _claim(begun, 59 * MINUTE) == []
    assert await begun.claims.next_due() == NOW + 60 * MINUTE
    await _change(begun, 1, state=DeliveryState.FAILED)
    assert await _claim(begun, 59 * MINUTE) == [2]


async def test_two_claimers_never_get_one_row(begun: SqlStore, other: SqlStore) -> None:
    await _put(begun, *(desk.delivery(n) for n in range(1, 41)))
    claims = [
        claims.deliveries(NOW, lease=MINUTE, limit=3)
        for _ in range(10)
        for claims in (begun.claims, other.claims)
    ]
    got = [row.id for claimed in await asyncio.gather(*claims) for row in claimed]
    assert sorted(got) == [desk.delivery_id(n) for n in range(1, 41)]


async def test_finishing_sees_the_attempts_and_can_refuse_a_late_worker(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    (first,) = await begun.claims.deliveries(NOW, lease=MINUTE, limit=1)
    await begun.claims.deliveries(NOW + MINUTE, lease=MINUTE, limit=1)

    def finish(rows: WorkingSet) -> Changes:
        row = rows.deliveries[first.id]
        if row.attempts != first.attempts:
            raise StaleError("claimed again meanwhile")
        return Changes(deliveries=(replace(row, state=DeliveryState.DONE),))

    with pytest.raises(StaleError):
        await begun.writer.submit(Job("result:1", Locks(deliveries=(first.id,)), finish))


async def test_claims_share_the_batch_of_the_jobs_around_them(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    told, claimed, again = await asyncio.gather(
        begun.writer.submit(desk.say("a")),
        begun.claims.deliveries(NOW, lease=MINUTE, limit=5),
        begun.writer.submit(desk.say("b")),
    )
    assert (told.offset, len(claimed), again.offset) == (1, 1, 3)


async def test_open_rows_are_counted_and_looked_ahead_to(begun: SqlStore) -> None:
    assert await begun.claims.next_due() is None
    assert await begun.reader.open_deliveries() == 0
    await _put(begun, desk.delivery(1, due_at=NOW + MINUTE), desk.delivery(2, due_at=NOW))
    assert await begun.claims.next_due() == NOW
    assert await begun.reader.open_deliveries() == 2


async def test_tickets_are_claimed_when_they_come_up(begun: SqlStore) -> None:
    dues = (Due(DueKind.REMIND_ONE, NOW), Due(DueKind.OVERDUE, NOW + 10 * MINUTE))
    tickets = (desk.ticket(1, dues=dues), desk.ticket(2, dues=dues[1:]), desk.ticket(3))
    await begun.writer.submit(desk.leave(Changes(tickets=tickets)))
    assert await begun.claims.next_due() == NOW
    claimed = await begun.claims.tickets(NOW, lease=MINUTE, limit=10)
    assert claimed == (tickets[0],)
    assert await begun.claims.tickets(NOW, lease=MINUTE, limit=10) == ()
    assert await begun.claims.next_due() == NOW + MINUTE
    # After a crash it comes back; once its due is done, the next one counts.
    assert await begun.claims.tickets(NOW + MINUTE, lease=MINUTE, limit=10) == claimed

    def done(rows: WorkingSet) -> Changes:
        ticket = rows.tickets[desk.ticket_id(1)]
        return Changes(tickets=(replace(ticket, dues=dues[1:]),))

    await begun.writer.submit(Job("due", Locks(tickets=(desk.ticket_id(1),)), done))
    assert await begun.claims.tickets(NOW + 2 * MINUTE, lease=MINUTE, limit=10) == ()
    assert len(await begun.claims.tickets(NOW + 10 * MINUTE, lease=MINUTE, limit=10)) == 2
