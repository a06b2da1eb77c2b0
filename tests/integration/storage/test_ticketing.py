"""Links between tickets and their counterparts in a ticketing system."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.integration.storage.desk import MINUTE

from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.ticketing_links import GONE, SyncBase, TicketingLink
from privacydesk.errors import StaleError
from privacydesk.ports import Changes, Locks
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.store import SqlStore

SYSTEM = "twin"


async def filed(store: SqlStore, at: datetime, **changed: Any) -> Ticket:
    """Store a ticket whose id is of its time, as all are."""
    # A minter of its own: ids of one never go back in time.
    minter = SecureIdGenerator()
    number = minter.ticket_number()
    values: dict[str, Any] = {
        "id": TicketId(minter.id(at)),
        "number": number,
        "version": 1,
        **changed,
    }
    ticket = desk.ticket(**values)
    await changed_to(store, ticket)
    return ticket


async def changed_to(store: SqlStore, ticket: Ticket) -> None:
    locks = Locks(desk.conversation_id(), (ticket.id,))
    await store.writer.submit(desk.leave(Changes(tickets=(ticket,)), locks))


async def due(store: SqlStore, at: datetime) -> tuple[TicketingLink, ...]:
    return await store.ticketing_link_store.due(SYSTEM, at, limit=50)


async def in_step(store: SqlStore, link: TicketingLink, at: datetime) -> TicketingLink:
    """Keep a link as both sides being alike."""
    ticket = await store.reader.ticket(link.ticket_id)
    assert ticket is not None
    log = await store.reader.ticket_log(link.ticket_id)
    return await store.ticketing_link_store.save(
        replace(
            link,
            remote=link.remote or link.ticket_id.hex(),
            version=ticket.version,
            log_head=len(log) or -1,
            due_at=at + 10 * MINUTE,
            synced_at=at,
            base=SyncBase("mei", "u-mei", "open", at),
            imported=frozenset({"7", "8"}),
            exported=frozenset({"0123456789abcdef"}),
            attempts=0,
            fault="",
        )
    )


async def test_open_tickets_are_linked_at_first_and_then_all_that_come(store: SqlStore) -> None:
    book, now = store.ticketing_link_store, desk.NOW
    await desk.begin(store)
    open_one = await filed(store, now - timedelta(days=30))
    await filed(store, now - timedelta(days=30), state=TicketState.CLOSED, closed_at=now)
    joined = await book.join(SYSTEM, now)
    assert joined == await book.join(SYSTEM, now + MINUTE)
    assert await book.discover(SYSTEM, now) == 1
    later = await filed(store, now + MINUTE, state=TicketState.CLOSED, closed_at=now)
    assert await book.discover(SYSTEM, now + 2 * MINUTE) == 1
    assert await book.discover(SYSTEM, now + 3 * MINUTE) == 0
    found = {link.ticket_id for link in await due(store, now + 3 * MINUTE)}
    assert found == {open_one.id, later.id}


async def test_a_link_is_due_once_its_ticket_or_its_log_has_changed(store: SqlStore) -> None:
    book, now = store.ticketing_link_store, desk.NOW
    await desk.begin(store)
    ticket = await filed(store, now)
    await book.join(SYSTEM, now)
    await book.discover(SYSTEM, now)
    (link,) = await due(store, now)
    kept = await in_step(store, link, now)
    assert kept == await book.link(SYSTEM, ticket.id)
    assert await due(store, now) == ()
    await changed_to(store, replace(ticket, holder="mei", version=2))
    (link,) = await due(store, now)
    kept = await in_step(store, link, now)
    note = replace(desk.note(), ticket_id=ticket.id)
    locks = Locks(desk.conversation_id(), (ticket.id,))
    await store.writer.submit(desk.leave(Changes(ticket_log=(note,)), locks, "noting"))
    (link,) = await due(store, now)
    kept = await in_step(store, link, now)
    assert await due(store, now) == ()
    assert await due(store, now + 10 * MINUTE) == (kept,)
    await book.record_changes(SYSTEM, [kept.remote, "unknown"], "cursor")
    assert await due(store, now) != ()
    system = await book.system(SYSTEM)
    assert system is not None
    assert system.cursor == "cursor"


async def test_of_two_who_keep_a_link_the_second_is_told(store: SqlStore) -> None:
    now = desk.NOW
    await desk.begin(store)
    await filed(store, now)
    await store.ticketing_link_store.join(SYSTEM, now)
    await store.ticketing_link_store.discover(SYSTEM, now)
    (link,) = await due(store, now)
    await in_step(store, link, now)
    with pytest.raises(StaleError):
        await in_step(store, link, now)


async def test_one_that_failed_waits_whatever_changes_and_is_tried_when_told_so(
    store: SqlStore,
) -> None:
    book, now = store.ticketing_link_store, desk.NOW
    await desk.begin(store)
    ticket = await filed(store, now)
    await book.join(SYSTEM, now)
    await book.discover(SYSTEM, now)
    (link,) = await due(store, now)
    failed = await book.save(replace(link, remote="1").after_failure("refused", now))
    await changed_to(store, replace(ticket, version=2))
    assert await due(store, now) == ()
    assert await book.links(SYSTEM, failing=True, limit=5) == (failed,)
    assert await book.retry(SYSTEM, now) == 1
    (link,) = await due(store, now)
    assert link.remote == "1"
    await book.save(link.after_failure(GONE, now))
    assert (await book.counts(SYSTEM)).gone == 1
    assert await book.retry(SYSTEM, now) == 0, "what is gone is made anew only on purpose"
    assert await book.retry(SYSTEM, now, ticket=ticket.id, anew=True) == 1
    (link,) = await due(store, now)
    assert (link.remote, link.fault) == ("", "")


def test_pauses_grow_and_end_where_the_other_side_says_so() -> None:
    now = desk.NOW
    link = TicketingLink(SYSTEM, desk.ticket_id(), desk.conversation_id(), now)
    pauses = []
    for _ in range(12):
        link = link.after_failure("timeout", now)
        pauses.append((link.due_at - now).total_seconds())
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (5, 600)
    assert (
        link.after_failure("rate_limited", now, wait=1_000).due_at - now
    ).total_seconds() == 1_000
