"""A purge gives the conversation another key: the present one opens nothing of an old copy."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.integration.storage.furnished import HOME, PACKAGE, PICTURE, furnish

from privacydesk.clock import MovableClock
from privacydesk.domain.deliveries import Channel, Pool
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.retention import Purge
from privacydesk.ports import Changes, FailedJobError, Job, Locks, WorkingSet
from privacydesk.storage import key_replacement, tables
from privacydesk.storage.engines import parse_url, writing_engine
from privacydesk.storage.key_replacement import SEALED_COLUMNS
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_tickets
from privacydesk.storage.sealing import Seal, SealError, WrappedKey
from privacydesk.storage.statements import TICKETS
from privacydesk.storage.store import SqlStore

OWN_KEYS = {
    "agent_credential.body",
    "agent_session.body",
    "access_log.body",
    "hashing_root.body",
    "incident_recipient.account",
    "webhook_endpoint.body",
    "webhook_try.answer",
}
"""Columns that are sealed with keys of the desk's own."""
UNSEALED = {
    "policy_text.tree",
    "policy_text.source",
    "policy_text.vectors",
    "data_key.wrapped",
    "event_log.body",
    "webhook_posting.body",
    "api_answer.body",
    "receipt_log.peaks",
    "receipt_log.head",
    "ticketing_link.known",
}


@pytest.fixture
async def other(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    """Return a second process."""
    async with SqlStore(url, desk.RING, clock) as opened:
        yield opened


@pytest.fixture
def hand(url: str) -> Iterator[sa.Engine]:
    engine = writing_engine(parse_url(url))
    yield engine
    engine.dispose()


def purge(name: str = "purge", first: int = 1, last: int = 1) -> Job:
    """Blank events of the conversation, which goes on."""

    def decide(rows: WorkingSet) -> Changes:
        before = rows.conversation
        assert before is not None
        offset = before.version + 1
        blank = Event(offset, desk.NOW, Sender.SYSTEM, EventKind.BLANK, job_id=name)
        after = replace(before, version=offset, epoch=f"after-{name}")
        went = Purge(blanks=((first, last),))
        return Changes(conversation=after, events=(blank,), purge=went)

    return Job(name, Locks(HOME, tickets=(desk.ticket_id(),)), decide)


def note(job_id: str) -> Job:
    """Write an entry of a ticket's log, with a lock on the ticket alone."""
    ticket = desk.ticket_id()

    def decide(rows: WorkingSet) -> Changes:
        return Changes(
            tickets=(replace(rows.tickets[ticket], holder=job_id),),
            ticket_log=(desk.note(why=job_id),),
            evidence=(desk.evidence(int.from_bytes(job_id.encode()), name=job_id),),
        )

    return Job(job_id, Locks(tickets=(ticket,)), decide, once_per_ticket=ticket)


class Copy:
    """All sealed values of the conversation, as an old copy of the database has them."""

    def __init__(self, hand: sa.Engine) -> None:
        self.values: list[tuple[str, bytes, bytes]] = []
        with hand.begin() as connection:
            for sealed in SEALED_COLUMNS:
                params = {"owner": HOME}
                query = sa.select(sealed.column.table).where(sealed.belongs)
                for row in connection.execute(query, params):
                    value = getattr(row, sealed.column.name)
                    self.values.append((str(sealed.column), sealed.associated_data(row), value))

    def opened_with(self, hand: sa.Engine) -> set[str]:
        """Return the columns of which the database's present key opens a value."""
        with hand.begin() as connection:
            row = connection.execute(
                sa.select(tables.data_key).where(tables.data_key.c.conversation_id == HOME)
            ).one()
        seal = Seal(desk.RING.unwrap(HOME, WrappedKey(row.ring_key, row.wrapped)))
        return {column for column, bound, value in self.values if _opens(seal, bound, value)}


def _opens(seal: Seal, bound: bytes, value: bytes) -> bool:
    try:
        seal.open(bound, value)
    except SealError:
        return False
    return True


async def told(store: SqlStore) -> list[Any]:
    """Return all that is kept of the furnished conversation, as a process reads it."""
    reader, ticket = store.reader, desk.ticket_id()
    return [
        await reader.conversation(HOME),
        await desk.texts(store),
        await reader.ticket(ticket),
        await reader.ticket_log(ticket),
        await reader.open_actions_of(ticket),
        await reader.evidence(desk.evidence_id()),
        await reader.attachment(PICTURE),
        await store.package_files.part(PACKAGE, 1),
    ]


async def faults(store: SqlStore) -> list[Any]:
    return [fault async for checked in store.integrity.verify() for fault in checked.faults]


def test_every_sealed_column_is_known() -> None:
    sealed = {
        str(column)
        for table in tables.metadata.tables.values()
        for column in table.c
        if isinstance(column.type, tables.Blob) and not column.type.length and column.name != "mac"
    }
    assert {str(one.column) for one in SEALED_COLUMNS} == sealed - OWN_KEYS - UNSEALED
    assert sealed >= OWN_KEYS | UNSEALED


async def test_the_present_key_opens_no_value_of_before_and_all_that_is_kept_is_read(
    store: SqlStore, other: SqlStore, hand: sa.Engine, url: str, clock: MovableClock
) -> None:
    await furnish(store)
    before = await told(store)
    assert await told(other) == before
    copy = Copy(hand)
    assert copy.opened_with(hand) == {str(one.column) for one in SEALED_COLUMNS}
    await store.writer.submit(purge())
    assert not copy.opened_with(hand)
    conversation = replace(before[0], version=4, epoch="after-purge")
    kept = [conversation, ["", *before[1][1:], ""], *before[2:]]
    for reader in (store, other):
        assert await told(reader) == kept
        assert not reader.reader._seals.refused.all()
    async with SqlStore(url, desk.RING, clock) as later:
        assert await told(later) == kept
        assert not await faults(later)


async def test_who_has_the_old_key_cached_writes_with_the_new_one(
    store: SqlStore, other: SqlStore, clock: MovableClock
) -> None:
    await furnish(store)
    await other.writer.submit(desk.say("first"))
    await other.writer.submit(note("n-1"))
    await told(other)
    await store.writer.submit(purge("one"))
    await other.writer.submit(note("n-2"))
    await store.writer.submit(purge("two"))
    await other.writer.submit(desk.say("second", "still here"))
    await store.writer.submit(purge("three"))
    places = {Pool.ACTION: 5, Pool.READING: 5}
    lease = desk.MINUTE
    claimed = await other.claims.deliveries(clock.now(), lease=lease, places=places)
    assert [one.channel for one in claimed] == [Channel.ACCOUNT]
    await store.writer.submit(purge("four"))
    await other.receipt_log.append("https://example.com", lambda _ticket: [])
    for reader in (store, other):
        assert "still here" in await desk.texts(reader)
        assert [entry.why for entry in await reader.reader.ticket_log(desk.ticket_id())][-2:] == [
            "n-1",
            "n-2",
        ]
        assert not await faults(reader)


async def test_purges_and_writes_of_two_processes_at_once_lose_nothing(
    store: SqlStore, other: SqlStore, clock: MovableClock
) -> None:
    await furnish(store)

    async def write(process: SqlStore, name: str) -> None:
        for number in range(8):
            await process.writer.submit(desk.say(f"{name}{number}", f"{name}{number}"))
            await process.writer.submit(note(f"{name}-{number}"))
            places = {Pool.ACTION: 5, Pool.READING: 5}
            await process.claims.deliveries(clock.now(), lease=0 * desk.MINUTE, places=places)

    async def forget(process: SqlStore, name: str) -> None:
        for number in range(8):
            await process.writer.submit(purge(f"purge-{name}{number}"))
            await told(other)

    await asyncio.gather(
        *(write(process, name) for process, name in ((store, "a"), (other, "b"), (other, "c"))),
        forget(store, "x"),
        forget(other, "y"),
    )
    for reader in (store, other):
        texts = await desk.texts(reader)
        assert {f"{name}{number}" for name in "abc" for number in range(8)} <= set(texts)
        log = await reader.reader.ticket_log(desk.ticket_id())
        assert sum(entry.why.startswith(("a-", "b-", "c-")) for entry in log) == 24
        assert not reader.reader._seals.refused.all()
        assert not await faults(reader)


async def test_a_key_that_is_replaced_between_rows_and_key_of_a_read_is_read_again(
    store: SqlStore, other: SqlStore
) -> None:
    await furnish(store)
    loop, reader = asyncio.get_running_loop(), store.reader
    assert isinstance(reader, SqlReader)
    tries = 0

    def fetch(connection: sa.Connection) -> list[Any]:
        nonlocal tries
        tries += 1
        rows = connection.execute(TICKETS.where(tables.ticket.c.conversation_id == HOME)).all()
        if tries == 1:
            reader._seals.forget(HOME)
            asyncio.run_coroutine_threadsafe(other.writer.submit(purge()), loop).result(30)
        opened, unreadable = open_tickets(connection, reader._seals, rows)
        assert not unreadable
        return opened

    assert len(await reader.read(fetch)) == 1
    assert not reader._seals.refused.all()
    assert await told(store) == await told(other)


async def test_what_was_purged_before_is_not_sealed_again(store: SqlStore, hand: sa.Engine) -> None:
    await furnish(store)
    await store.writer.submit(purge("one", 1, 2))
    query = sa.select(tables.event.c.body).order_by(tables.event.c.offset)
    with hand.begin() as connection:
        before = connection.execute(query.where(tables.event.c.conversation_id == HOME)).all()
    await store.writer.submit(purge("two"))
    with hand.begin() as connection:
        after = connection.execute(query.where(tables.event.c.conversation_id == HOME)).all()
    same = [old == new for old, new in zip(before, after, strict=False)]
    assert same == [True, True, False, False]


async def test_a_value_that_can_not_be_opened_keeps_its_key_and_all_else(
    store: SqlStore, hand: sa.Engine
) -> None:
    await furnish(store)
    spoil = sa.update(tables.evidence).where(tables.evidence.c.id == desk.evidence_id())
    with hand.begin() as connection:
        connection.execute(spoil.values(size=7))
    before = await desk.texts(store)
    copy = Copy(hand)
    with pytest.raises(FailedJobError):
        await store.writer.submit(purge())
    assert await desk.texts(store) == before
    with hand.begin() as connection:
        connection.execute(spoil.values(size=5))
    assert copy.opened_with(hand)
    await store.writer.submit(purge("again"))
    assert not copy.opened_with(hand)
    assert not await faults(store)


async def test_a_purge_waits_for_a_process_that_uses_the_key(
    store: SqlStore, hand: sa.Engine, backend: str
) -> None:
    if backend == "sqlite":
        pytest.skip("SQLite has one transaction that writes at a time")
    await furnish(store)
    keys = tables.data_key
    use = sa.select(keys).where(keys.c.conversation_id == HOME).with_for_update(read=True)
    with hand.begin() as connection:
        connection.execute(use)
        waiting = asyncio.create_task(store.writer.submit(purge()))
        for _ in range(20):
            await store.writer.run(lambda c: c.execute(sa.text("SELECT 1")).all())
        assert not waiting.done()
    await waiting
    assert not await faults(store)


def die(url: str, column: str) -> None:
    """Purge in this process, which is killed once a column is sealed again."""
    plain = key_replacement._Resealing.run

    def run(
        self: key_replacement._Resealing,
        connection: sa.Connection,
        owner: ConversationId,
        old: Seal,
        new: Seal,
    ) -> None:
        plain(self, connection, owner, old, new)
        if str(self._sealed.column) == column:
            os.kill(os.getpid(), signal.SIGKILL)

    key_replacement._Resealing.run = run  # type: ignore[method-assign]

    async def forget() -> None:
        async with SqlStore(url, desk.RING, MovableClock(desk.NOW, frozen=True)) as store:
            await store.writer.submit(purge())

    asyncio.run(forget())


async def test_a_process_that_is_killed_while_it_purges_loses_nothing(
    store: SqlStore, hand: sa.Engine, url: str
) -> None:
    await furnish(store)
    before, copy = await told(store), Copy(hand)
    script = f"from {__name__} import die; die({url!r}, 'receipt.body')"
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], check=False, timeout=120
    )
    assert killed.returncode == -signal.SIGKILL
    assert await told(store) == before
    assert not await faults(store)
    await store.writer.submit(purge())
    assert not copy.opened_with(hand)
    assert not await faults(store)
