"""The logs of receipts: each outcome once and in order, by several processes; changes are seen."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.integration.storage import desk

from privacydesk.clock import MovableClock
from privacydesk.domain.receipts import ReceiptFault, Standing
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.ports import Changes, Locks
from privacydesk.receipts.cose import read_key_set
from privacydesk.receipts.receipt import Receipt, verify
from privacydesk.storage.receipts import end_logs
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

TWO = KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32})


@pytest.fixture
async def other(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with SqlStore(url, desk.RING, clock) as opened:
        yield opened


def closed(n: int, version: int = 2, **changed: Any) -> Ticket:
    """Return a request that was closed ``n`` seconds after the start."""
    return desk.ticket(
        n,
        **{
            "state": TicketState.CLOSED,
            "outcome": Outcome.REFUSED,
            "closed_at": desk.NOW + timedelta(seconds=n),
            "version": version,
            **changed,
        },
    )


async def put(store: SqlStore, *tickets: Ticket) -> None:
    locks = Locks(desk.conversation_id(), tickets=tuple(one.id for one in tickets))
    name = f"put-{'-'.join(f'{one.number}.{one.version}' for one in tickets)}"
    await store.writer.submit(desk.leave(Changes(tickets=tickets), locks, name))


async def file_and_close(store: SqlStore, *numbers: int) -> None:
    await put(store, *(desk.ticket(n, version=1) for n in numbers))
    await put(store, *(closed(n) for n in numbers))


async def append(store: SqlStore) -> int:
    return await store.receipt_log.append("MoChat", lambda ticket: [{"label": ticket.number}])


async def receipt(store: SqlStore, n: int) -> Receipt:
    file = await store.receipt_log.receipt(desk.ticket(n))
    assert file is not None
    return verify(file, read_key_set(await store.receipt_log.keys()))


async def test_what_is_closed_gets_a_place_in_the_order_of_its_closing(store: SqlStore) -> None:
    await desk.begin(store)
    await file_and_close(store, 3, 1)
    await file_and_close(store, 2)
    assert await store.receipt_log.receipt(desk.ticket(1)) is None
    assert (await append(store), await append(store)) == (3, 0)
    await file_and_close(store, 4, 5)
    assert await append(store) == 2
    found = [await receipt(store, n) for n in range(1, 6)]
    assert [one.statement.entry for one in found] == [0, 1, 2, 3, 4]
    assert [one.tree_size for one in found] == [3, 3, 3, 5, 5]
    assert [one.statement.number for one in found] == [f"PD-{n}" for n in range(1, 6)]
    assert len({one.statement.log for one in found}) == 1
    report = await store.receipt_log.check()
    assert (report.faults, report.pending, report.logs[0].size) == ((), 0, 5)


async def test_each_outcome_of_a_request_that_was_opened_again_has_a_receipt(
    store: SqlStore,
) -> None:
    await desk.begin(store)
    await file_and_close(store, 1)
    await append(store)
    first = await receipt(store, 1)
    await put(store, desk.ticket(1, version=3))
    later = desk.NOW + timedelta(days=1)
    await put(store, closed(1, version=4, outcome=Outcome.FULFILLED, closed_at=later))
    assert await append(store) == 1
    second = await receipt(store, 1)
    assert (first.statement.outcome, second.statement.outcome) == (
        Outcome.REFUSED,
        Outcome.FULFILLED,
    )
    assert (first.statement.entry, second.statement.entry) == (0, 1)


async def test_an_outcome_that_was_taken_back_at_once_has_none(store: SqlStore) -> None:
    await desk.begin(store)
    await file_and_close(store, 1, 2)
    await put(store, desk.ticket(1, version=3))
    assert await append(store) == 1
    assert await store.receipt_log.receipt(desk.ticket(1)) is None
    assert (await receipt(store, 2)).statement.entry == 0
    assert (await store.receipt_log.check()).pending == 0


async def test_changes_of_a_closed_request_give_no_second_receipt(store: SqlStore) -> None:
    await desk.begin(store)
    await file_and_close(store, 1)
    await put(store, closed(1, version=3, holder="mei"))
    assert (await append(store), await append(store)) == (1, 0)


async def test_two_processes_share_one_log(store: SqlStore, other: SqlStore) -> None:
    await desk.begin(store)
    await file_and_close(store, 1)
    assert await append(store) == 1  # the log is begun
    for n in range(2, 42):
        await file_and_close(store, n)
    while (await store.receipt_log.check()).pending:
        await asyncio.gather(append(store), append(other))
    found = [await receipt(other, n) for n in range(1, 42)]
    assert sorted(one.statement.entry for one in found) == list(range(41))
    report = await store.receipt_log.check()
    assert (report.faults, len(report.logs)) == ((), 1)


async def test_another_ring_key_begins_another_log_and_both_are_verified(
    store: SqlStore, url: str, clock: MovableClock
) -> None:
    await desk.begin(store)
    await file_and_close(store, 1)
    await append(store)
    async with SqlStore(url, TWO, clock) as rotated:
        await file_and_close(rotated, 2)
        assert await append(rotated) == 1
        first, second = [await receipt(rotated, n) for n in (1, 2)]
        assert first.key_id != second.key_id
        assert (await rotated.receipt_log.check()).faults == ()
    # A process that still has the key of before goes on with its own log.
    await file_and_close(store, 3)
    await append(store)
    assert (await receipt(store, 3)).statement.log == first.statement.log


async def test_after_a_restore_no_place_is_given_out_twice(store: SqlStore, url: str) -> None:
    await desk.begin(store)
    await file_and_close(store, 1)
    await append(store)
    assert (end_logs(url, desk.RING), end_logs(url, desk.RING)) == (1, 0)
    await file_and_close(store, 2)
    await append(store)
    first, second = [await receipt(store, n) for n in (1, 2)]
    assert first.key_id == second.key_id
    assert first.statement.log != second.statement.log
    assert (first.statement.entry, second.statement.entry) == (0, 0)
    report = await store.receipt_log.check()
    assert sorted(log.ended for log in report.logs) == [False, True]
    assert report.faults == ()


async def test_a_receipt_is_compared_with_the_log(store: SqlStore) -> None:
    await desk.begin(store)
    await file_and_close(store, 1, 2)
    await append(store)
    await file_and_close(store, 3)
    await append(store)
    found = await receipt(store, 2)
    log, leaf, root = found.statement.log, found.leaf, found.root

    async def standing(entry: int, leaf: bytes, size: int, root: bytes) -> Standing:
        return await store.receipt_log.standing(log, entry, leaf, size=size, root=root)

    assert await standing(1, leaf, 2, root) is Standing.RECORDED
    assert await standing(1, leaf, 3, root) is Standing.CONTRADICTED
    assert await standing(1, bytes(32), 2, root) is Standing.CONTRADICTED
    assert await standing(1, bytes(32), 9, root) is Standing.CONTRADICTED
    assert await standing(1, leaf, 9, root) is Standing.LOST
    assert await standing(7, leaf, 9, root) is Standing.LOST
    lost = await store.receipt_log.standing(bytes(16), 1, leaf, size=2, root=root)
    assert lost is Standing.LOST


@pytest.mark.parametrize(
    ("statement", "faults"),
    [
        ("DELETE FROM receipt WHERE entry = 1", [(1, "missing"), (None, "changed")]),
        ("DELETE FROM receipt WHERE entry = 2", [(2, "missing")]),
        ("DELETE FROM receipt", [(0, "missing"), (1, "missing"), (2, "missing")]),
        (
            "UPDATE receipt SET leaf = zeroblob(32) WHERE entry = 0",
            [(0, "changed"), (None, "changed")],
        ),
        ("UPDATE receipt SET closed_at = 7 WHERE entry = 2", [(2, "changed")]),
        ("UPDATE receipt SET body = zeroblob(99) WHERE entry = 1", [(1, "changed")]),
        ("UPDATE receipt_log SET size = 2", [(None, "changed")]),
        ("UPDATE receipt_log SET public_key = zeroblob(64)", [(None, "changed")]),
        ("UPDATE receipt_log SET mac = NULL", [(None, "changed")]),
    ],
)
async def test_what_was_done_to_a_log_is_found(
    store: SqlStore, path: Path, statement: str, faults: list[tuple[int | None, str]]
) -> None:
    await desk.begin(store)
    await file_and_close(store, 1, 2, 3)
    await append(store)
    assert (await store.receipt_log.check()).faults == ()
    with closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute(statement).rowcount
    found = (await store.receipt_log.check()).faults
    assert [(one.entry, one.what) for one in found] == faults
    assert all(isinstance(one, ReceiptFault) for one in found)


async def test_a_log_that_was_changed_is_not_continued(store: SqlStore, path: Path) -> None:
    await desk.begin(store)
    await file_and_close(store, 1)
    await append(store)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE receipt_log SET size = 0, peaks = x''")
    await file_and_close(store, 2)
    with pytest.raises(Exception, match="nothing of it was stored"):
        await append(store)
    assert await store.receipt_log.receipt(desk.ticket(2)) is None
