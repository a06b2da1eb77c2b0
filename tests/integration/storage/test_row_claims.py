from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from structlog.testing import capture_logs
from tests.integration.storage import desk
from tests.integration.storage.desk import MINUTE, NOW

from privacydesk.clock import MovableClock
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState, Pool
from privacydesk.domain.ticket import ScheduledEvent, ScheduledEventKind
from privacydesk.errors import StaleError
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.storage import due_time_repair, row_claims, tables
from privacydesk.storage.store import SqlStore


@pytest.fixture
async def begun(store: SqlStore) -> SqlStore:
    await desk.begin(store)
    return store


@pytest.fixture
async def other(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with SqlStore(url, desk.RING, clock) as opened:
        yield opened


FREE = dict.fromkeys(Pool, 10)


async def _put(store: SqlStore, *rows: Delivery) -> None:
    await store.writer.submit(desk.leave(Changes(deliveries=rows)))


async def _claim(store: SqlStore, now: timedelta = timedelta(0)) -> list[int]:
    claimed = await store.claims.deliveries(NOW + now, lease=MINUTE, places=FREE)
    return [int(row.id[1:]) for row in claimed]


async def _due(store: SqlStore) -> tuple[Delivery, ...]:
    return await store.claims.deliveries(NOW, lease=MINUTE, places=FREE)


async def _change(store: SqlStore, n: int, **changed: object) -> None:
    def decide(rows: WorkingSet) -> Changes:
        row = rows.deliveries[desk.delivery_id(n)]
        return Changes(deliveries=(replace(row, **changed),))

    await store.writer.submit(Job(f"x{n}", Locks(deliveries=(desk.delivery_id(n),)), decide))


async def test_a_claim_moves_the_row_ahead_by_the_lease(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    (claimed,) = await begun.claims.deliveries(NOW, lease=MINUTE, places=FREE)
    assert claimed == desk.delivery(due_at=NOW + MINUTE, attempts=1, version=1)
    assert await _claim(begun) == []


async def test_after_a_crash_the_row_comes_back_when_the_lease_ends(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    assert await _claim(begun) == [1]
    assert await _claim(begun, MINUTE - timedelta(microseconds=1)) == []
    (again,) = await begun.claims.deliveries(NOW + MINUTE, lease=MINUTE, places=FREE)
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
    assert await begun.claims.next_delivery(FREE) == NOW + 60 * MINUTE
    await _change(begun, 1, state=DeliveryState.FAILED)
    assert await _claim(begun, 59 * MINUTE) == [2]


async def test_two_claimers_never_get_one_row(begun: SqlStore, other: SqlStore) -> None:
    await _put(begun, *(desk.delivery(n) for n in range(1, 41)))
    got_by = [
        one.claims.deliveries(NOW, lease=MINUTE, places={Pool.ACTION: 3})
        for _ in range(10)
        for one in (begun, other)
    ]
    got = [row.id for claimed in await asyncio.gather(*got_by) for row in claimed]
    assert sorted(got) == [desk.delivery_id(n) for n in range(1, 41)]


async def test_finishing_sees_the_attempts_and_can_refuse_a_late_worker(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    (first,) = await begun.claims.deliveries(NOW, lease=MINUTE, places=FREE)
    await begun.claims.deliveries(NOW + MINUTE, lease=MINUTE, places=FREE)

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
        begun.claims.deliveries(NOW, lease=MINUTE, places=FREE),
        begun.writer.submit(desk.say("b")),
    )
    assert (told.offset, len(claimed), again.offset) == (1, 1, 3)


async def test_open_rows_are_counted_and_looked_ahead_to(begun: SqlStore) -> None:
    assert await begun.claims.next_delivery(FREE) is None
    assert await begun.reader.open_deliveries() == 0
    await _put(begun, desk.delivery(1, due_at=NOW + MINUTE), desk.delivery(2, due_at=NOW))
    assert await begun.claims.next_delivery(FREE) == NOW
    assert await begun.reader.open_deliveries() == 2


async def test_each_pool_gives_as_many_rows_as_it_has_places(begun: SqlStore) -> None:
    kinds: dict[Pool, dict[str, object]] = {
        Pool.CODE: {"channel": Channel.CODE, "action": "send_code", "ref": "w"},
        Pool.READING: {"action": "bindings", "ref": "w"},
        Pool.ACTION: {"action": "delete"},
        Pool.EXPORT: {"action": "export"},
        Pool.NOTICE: {"channel": Channel.NOTICE, "action": "answered"},
        Pool.MAIL_REPLY: {"channel": Channel.MAIL_REPLY, "action": "letter"},
        Pool.STAFF: {"channel": Channel.STAFF, "action": "overdue"},
    }
    rows = [
        desk.delivery(10 * n + m, **kinds[pool]) for n, pool in enumerate(Pool) for m in range(4)
    ]
    await _put(begun, *rows)
    places = dict(zip(Pool, (0, 1, 2, 3, 4, 5, 1), strict=True))
    claimed = await begun.claims.deliveries(NOW, lease=MINUTE, places=places)
    counted = Counter(row.pool for row in claimed)
    assert [counted[pool] for pool in Pool] == [0, 1, 2, 3, 4, 4, 1]
    # What is full is passed over, however long it has been due.
    assert await begun.claims.next_delivery({Pool.NOTICE, Pool.MAIL_REPLY}) == NOW + MINUTE
    assert await begun.claims.next_delivery({Pool.CODE, Pool.MAIL_REPLY}) == NOW
    (one,) = await begun.claims.deliveries(NOW, lease=MINUTE, places={Pool.CODE: 1})
    assert one.pool is Pool.CODE


async def test_a_row_that_is_worked_on_is_left_alone_though_it_is_due(begun: SqlStore) -> None:
    await _put(begun, *(desk.delivery(n) for n in (1, 2, 3)))
    busy = {desk.delivery_id(1), desk.delivery_id(2)}
    claimed = await begun.claims.deliveries(
        NOW, lease=MINUTE, places={Pool.ACTION: 1}, without=busy
    )
    assert [row.id for row in claimed] == [desk.delivery_id(3)]
    assert await begun.claims.next_delivery(FREE, without=busy) == NOW + MINUTE


async def test_a_claim_is_kept_for_as_long_as_work_goes_on(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    (row,) = await begun.claims.deliveries(NOW, lease=MINUTE, places=FREE)
    assert await begun.claims.extend(row, until=NOW + 3 * MINUTE)
    row = replace(row, due_at=NOW + 3 * MINUTE)
    assert await _claim(begun, 2 * MINUTE) == []
    await _change(begun, 1, delay_announced=True, version=2)
    assert await begun.claims.extend(row, until=NOW + 4 * MINUTE)
    assert await _claim(begun, 3 * MINUTE) == []
    (again,) = await begun.claims.deliveries(NOW + 4 * MINUTE, lease=MINUTE, places=FREE)
    assert (again.attempts, again.delay_announced) == (2, True)


async def test_a_claim_that_another_worker_took_over_can_not_be_kept(begun: SqlStore) -> None:
    await _put(begun, desk.delivery())
    (late,) = await begun.claims.deliveries(NOW, lease=MINUTE, places=FREE)
    await begun.claims.deliveries(NOW + MINUTE, lease=MINUTE, places=FREE)
    assert not await begun.claims.extend(late, until=NOW + 9 * MINUTE)
    assert await begun.claims.next_delivery(FREE) == NOW + 2 * MINUTE


async def test_keeping_undoes_nothing_that_was_decided_meanwhile(begun: SqlStore) -> None:
    await _put(begun, desk.delivery(1), desk.delivery(2))
    called_back, done = await begun.claims.deliveries(NOW, lease=MINUTE, places=FREE)
    await _change(begun, 1, due_at=NOW, version=2)
    assert await begun.claims.extend(called_back, until=NOW + 9 * MINUTE)
    assert await begun.claims.next_delivery(FREE) == NOW
    await _change(begun, 2, state=DeliveryState.DONE, version=2)
    assert await begun.claims.extend(done, until=NOW + 9 * MINUTE)
    assert await begun.reader.open_deliveries() == 1


async def _damage(store: SqlStore, table: sa.Table, column: str, row: bytes) -> None:
    await store.writer.run(
        lambda connection: connection.execute(
            sa.update(table).where(table.c.id == row).values({column: b"not sealed by anybody"})
        )
    )


@pytest.mark.parametrize("damaged", ["the row", "its key"])
async def test_a_row_that_can_not_be_read_keeps_no_other_from_being_claimed(
    store: SqlStore, other: SqlStore, damaged: str
) -> None:
    await desk.begin(store, 1)
    await desk.begin(store, 2)
    dues = (ScheduledEvent(ScheduledEventKind.REMIND_ONE, NOW),)
    rows = [desk.delivery(n, conversation_id=desk.conversation_id(n)) for n in (1, 2)]
    tickets = [
        desk.ticket(n, conversation_id=desk.conversation_id(n), scheduled_events=dues)
        for n in (1, 2)
    ]
    await store.writer.submit(desk.leave(Changes(deliveries=tuple(rows), tickets=tuple(tickets))))
    if damaged == "the row":
        await _damage(store, tables.outbox, "payload", rows[0].id)
        await _damage(store, tables.ticket, "body", tickets[0].id)
    else:
        await store.writer.run(
            lambda connection: connection.execute(
                sa.update(tables.data_key)
                .where(tables.data_key.c.conversation_id == desk.conversation_id(1))
                .values(ring_key="gone")
            )
        )
    # Another process, which has no key at hand yet.
    with capture_logs() as logs:
        assert [row.id for row in await _due(other)] == [rows[1].id]
        claimed = await other.claims.tickets(NOW, lease=MINUTE, limit=10)
    assert [ticket.id for ticket in claimed] == [tickets[1].id]
    assert [one["event"] for one in logs] == ["row_refused"] * 2
    # It is not looked at again and again, but it is looked at again.
    assert await other.claims.next_delivery(FREE) == NOW + MINUTE
    with capture_logs() as logs:
        await other.claims.deliveries(NOW + 60 * MINUTE, lease=MINUTE, places=FREE)
    # The log has heard of it.
    assert logs == []


def test_due_rows_are_found_by_the_index_of_their_channel(url: str, path: Path) -> None:
    for statement in (row_claims._DUE_DELIVERIES, row_claims._NEXT_DELIVERIES):
        plan = desk.query_plan(path, statement).splitlines()
        looks = [line for line in plan if "ix_outbox_due_at" in line]
        assert len(looks) == len(Pool)
        assert all("channel=?" in line for line in looks)
        assert not [line for line in plan if line.startswith("SCAN outbox")]
        assert not [line for line in plan if "TEMP B-TREE" in line]


async def test_rows_claimed_by_a_clock_that_was_ahead_are_made_due(begun: SqlStore) -> None:
    ahead = NOW + timedelta(days=2)
    dues = (ScheduledEvent(ScheduledEventKind.OVERDUE, NOW),)
    later = desk.ticket(
        2, scheduled_events=(ScheduledEvent(ScheduledEventKind.OVERDUE, NOW + timedelta(days=5)),)
    )
    rows = (desk.delivery(1), desk.delivery(2, due_at=NOW + 30 * MINUTE, lane=b"other"))
    changes = Changes(tickets=(desk.ticket(1, scheduled_events=dues), later), deliveries=rows)
    await begun.writer.submit(desk.leave(changes))
    assert len(await begun.claims.tickets(ahead, lease=MINUTE, limit=10)) == 1
    assert len(await begun.claims.deliveries(ahead, lease=MINUTE, places=FREE)) == 2
    await _change(begun, 2, due_at=NOW + 30 * MINUTE)
    assert await begun.claims.tickets(NOW, lease=MINUTE, limit=10) == ()
    assert await _claim(begun) == []
    assert await begun.claims.reset_excessive_delays(NOW) == 2
    assert await _claim(begun) == [1]
    assert len(await begun.claims.tickets(NOW, lease=MINUTE, limit=10)) == 1
    # What is put off as it may be, and what comes up by itself later, stays where it is.
    assert await begun.claims.reset_excessive_delays(NOW) == 0
    assert await begun.claims.next_delivery(FREE) == NOW + MINUTE


def test_overlooked_rows_are_found_by_an_index(url: str, path: Path) -> None:
    # Not that of all tickets: there may be millions that are due later.
    assert "ix_ticket_leased_due" in desk.query_plan(path, due_time_repair._LATE_TICKETS)
    for statement, _ in due_time_repair._MAKE_DUE:
        plan = desk.query_plan(path, statement)
        assert "_due" in plan, plan


async def test_tickets_are_claimed_when_they_come_up(begun: SqlStore) -> None:
    dues = (
        ScheduledEvent(ScheduledEventKind.REMIND_ONE, NOW),
        ScheduledEvent(ScheduledEventKind.OVERDUE, NOW + 10 * MINUTE),
    )
    tickets = (
        desk.ticket(1, scheduled_events=dues),
        desk.ticket(2, scheduled_events=dues[1:]),
        desk.ticket(3),
    )
    await begun.writer.submit(desk.leave(Changes(tickets=tickets)))
    assert await begun.claims.next_ticket() == NOW
    claimed = await begun.claims.tickets(NOW, lease=MINUTE, limit=10)
    assert claimed == (tickets[0],)
    assert await begun.claims.tickets(NOW, lease=MINUTE, limit=10) == ()
    assert await begun.claims.next_ticket() == NOW + MINUTE
    # After a crash it comes back; once its due is done, the next one counts.
    assert await begun.claims.tickets(NOW + MINUTE, lease=MINUTE, limit=10) == claimed

    def done(rows: WorkingSet) -> Changes:
        ticket = rows.tickets[desk.ticket_id(1)]
        return Changes(tickets=(replace(ticket, scheduled_events=dues[1:]),))

    await begun.writer.submit(Job("due", Locks(tickets=(desk.ticket_id(1),)), done))
    assert await begun.claims.tickets(NOW + 2 * MINUTE, lease=MINUTE, limit=10) == ()
    assert len(await begun.claims.tickets(NOW + 10 * MINUTE, lease=MINUTE, limit=10)) == 2
