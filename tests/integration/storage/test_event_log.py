"""The event log: each event once by cursor, whatever commits late, is restarted or is deleted."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from datetime import timedelta

import orjson
import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.integration.storage.desk import MINUTE, NOW

from privacydesk.clock import MovableClock
from privacydesk.domain.conversation import Owner, OwnerKind
from privacydesk.domain.event_log import CursorExpiredError, LogPosition
from privacydesk.domain.events import Sender
from privacydesk.domain.retention import Purge
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.storage import backups, tables
from privacydesk.storage.engines import parse_url, writing_engine
from privacydesk.storage.store import SqlStore

_WRITERS, _CHANGES, _CONSUMERS = 6, 36, 3
_PATIENCE = 60.0


@pytest.fixture
async def other(url: str, clock: MovableClock) -> AsyncIterator[SqlStore]:
    async with SqlStore(url, desk.RING, clock) as opened:
        yield opened


async def number(store: SqlStore) -> int:
    """Number all that is committed; return how many events that were."""
    count = 0
    while (await store.event_log.state())[0]:
        count += (await store.event_log.number_pending()).count
    return count


async def file(store: SqlStore, n: int) -> None:
    changes = Changes(tickets=(desk.ticket(n, version=1),), ticket_log=(desk.note(n, "filed"),))
    await store.writer.submit(desk.leave(changes, job_id=f"filed-{n}"))


async def hold(store: SqlStore, holder: str, n: int) -> None:
    def claim(rows: WorkingSet) -> Changes:
        before = rows.tickets[desk.ticket_id(n)]
        after = replace(before, holder=holder, version=before.version + 1)
        return Changes(tickets=(after,), ticket_log=(desk.note(n, "claim"),))

    await store.writer.submit(Job(f"hold-{n}-{holder}", Locks(tickets=(desk.ticket_id(n),)), claim))


async def read_all(
    store: SqlStore, position: LogPosition, limit: int = 7
) -> tuple[list[tuple[str, str]], LogPosition]:
    """Return types and numbers of tickets from a position on."""
    found = []
    while True:
        page = await store.event_log.page(position, None, limit)
        found += [orjson.loads(event.body) for event in page.events]
        position = page.next
        if not page.has_more:
            return [(one["type"], one["data"].get("number", "")) for one in found], position


async def test_events_are_in_the_log_without_any_endpoint(store: SqlStore) -> None:
    await desk.begin(store)
    start = await store.event_log.start(None)
    await file(store, 1)
    assert (await store.event_log.page(start, None, 9)).events == ()
    assert await number(store) == 1
    page = await store.event_log.page(start, None, 9)
    (event,) = page.events
    body = orjson.loads(event.body)
    assert (event.kind.value, body["type"]) == ("ticket.filed", "ticket.filed")
    assert body["id"] == f"evt_{event.id.hex()}"
    assert not page.has_more
    assert await store.event_log.event(event.id) == event


async def test_a_commit_that_becomes_visible_late_is_not_skipped(url: str, store: SqlStore) -> None:
    """Its row is older than what was numbered and read before it was committed."""
    if url.startswith("sqlite"):
        pytest.skip("SQLite has one transaction that writes at a time")
    await desk.begin(store)
    await file(store, 1)
    engine = writing_engine(parse_url(url))
    with engine.begin() as connection:
        row = dict(connection.execute(sa.select(tables.event_log)).mappings().one())
        connection.execute(sa.delete(tables.event_log))
    with engine.connect() as late:
        # Another process is between writing its event and its commit.
        late.execute(sa.insert(tables.event_log), row)
        await file(store, 2)
        start = await store.event_log.start(None)
        await store.event_log.number_pending()
        before, position = await read_all(store, start)
        assert before == [("ticket.filed", "PD-2")]
        late.commit()
    engine.dispose()
    await number(store)
    after, _ = await read_all(store, position)
    assert after == [("ticket.filed", "PD-1")]


async def test_while_one_process_numbers_another_does_not_wait(url: str, store: SqlStore) -> None:
    if url.startswith("sqlite"):
        pytest.skip("SQLite has one transaction that writes at a time")
    await desk.begin(store)
    await number(store)
    await file(store, 1)
    engine = writing_engine(parse_url(url))
    with engine.begin() as busy:
        busy.execute(sa.select(tables.event_log_head).with_for_update())
        numbered = await store.event_log.number_pending()
        assert (numbered.count, numbered.is_busy) == (0, True)
        # Nor does a turn.
        await file(store, 2)
    engine.dispose()
    assert await number(store) == 2


class Consumer:
    """A reader that may end at any moment and goes on from what it has kept."""

    def __init__(self, store: SqlStore, start: LogPosition, dice: random.Random) -> None:
        self.store, self.position, self.dice = store, start, dice
        self.came: list[bytes] = []
        self.restarts = 0

    async def run(self, enough: int) -> None:
        while len(self.came) < enough:
            reading = asyncio.ensure_future(self._read(enough))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(reading), self.dice.uniform(0.001, 0.05))
            if not reading.done():
                self.restarts += 1
                reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _read(self, enough: int) -> None:
        while len(self.came) < enough:
            page = await self.store.event_log.page(self.position, None, self.dice.randint(1, 40))
            await asyncio.sleep(0)
            # Kept together, as a consumer does in one transaction.
            self.came += [event.body for event in page.events]
            self.position = page.next


async def test_each_of_three_consumers_has_each_event_once_while_writers_commit(
    store: SqlStore, other: SqlStore
) -> None:
    dice = random.Random(67)  # noqa: S311 - a seed repeats a run
    await desk.begin(store)
    start = await store.event_log.start(None)
    for n in range(_WRITERS):
        await file(store, n)
    expected = _WRITERS * (_CHANGES + 1)
    consumers = [
        Consumer(
            dice.choice((store, other)),
            start,
            random.Random(n),  # noqa: S311 - as above
        )
        for n in range(_CONSUMERS)
    ]
    writing = True

    async def write(n: int) -> None:
        for change in range(_CHANGES):
            await hold(dice.choice((store, other)), f"agent-{change}", n)

    async def number_always(own: SqlStore) -> None:
        while writing or (await own.event_log.state())[0]:
            await own.event_log.number_pending()
            await asyncio.sleep(dice.uniform(0, 0.005))

    async with asyncio.timeout(_PATIENCE), asyncio.TaskGroup() as group:
        reading = [group.create_task(one.run(expected)) for one in consumers]
        numbering = [group.create_task(number_always(own)) for own in (store, other)]
        writers = [group.create_task(write(n)) for n in range(_WRITERS)]
        await asyncio.wait(writers)
        writing = False
        await asyncio.wait(reading + numbering)
    for consumer in consumers:
        bodies = [orjson.loads(body) for body in consumer.came]
        assert Counter(Counter(body["id"] for body in bodies).values()) == {1: expected}
        by_ticket = defaultdict(list)
        for body in bodies:
            by_ticket[body["data"]["number"]].append(body["data"]["version"])
        assert len(by_ticket) == _WRITERS
        assert all(versions == sorted(versions) for versions in by_ticket.values())
    assert consumers[0].came == consumers[1].came == consumers[2].came
    assert all(consumer.restarts for consumer in consumers)


async def test_reading_begins_at_a_time(store: SqlStore, clock: MovableClock) -> None:
    await desk.begin(store)
    await file(store, 1)
    await number(store)
    clock.move(2 * MINUTE)
    await file(store, 2)
    await number(store)
    for since, tickets in ((NOW, 2), (NOW + MINUTE, 1), (NOW + 3 * MINUTE, 0)):
        found, _ = await read_all(store, await store.event_log.start(since))
        assert len(found) == tickets


async def test_types_are_filtered_and_the_cursor_moves_over_the_others(store: SqlStore) -> None:
    await desk.begin(store)
    await file(store, 1)
    await hold(store, "mei", 1)
    await file(store, 2)
    await number(store)
    start = await store.event_log.start(None)
    filed = await store.event_log.page(start, {WebhookEventKind.TICKET_FILED}, 1)
    assert (len(filed.events), filed.has_more) == (1, True)
    assigned = await store.event_log.page(filed.next, {WebhookEventKind.TICKET_ASSIGNED}, 9)
    assert [event.kind for event in assigned.events] == [WebhookEventKind.TICKET_ASSIGNED]
    assert (assigned.next.number, assigned.has_more) == (3, False)
    assert (await store.event_log.page(assigned.next, None, 9)).events == ()
    newest = await store.event_log.newest({WebhookEventKind.TICKET_FILED}, None, 1)
    assert [event.number for event in newest] == [3]
    assert [e.number for e in await store.event_log.newest(None, 3, 9)] == [2, 1]


async def test_a_cursor_before_what_was_deleted_is_refused(
    store: SqlStore, clock: MovableClock
) -> None:
    await desk.begin(store)
    start = await store.event_log.start(None)
    await file(store, 1)
    await number(store)
    (first,) = (await store.event_log.page(start, None, 9)).events
    clock.move(timedelta(days=2))
    await file(store, 2)
    await number(store)
    assert await store.event_log.sweep(NOW + timedelta(days=1), limit=500) == 1
    with pytest.raises(CursorExpiredError) as caught:
        await store.event_log.page(start, None, 9)
    assert caught.value.data["reason"] == "events_expired"
    with pytest.raises(CursorExpiredError):
        await store.event_log.start(NOW)
    # Whoever had read that far misses nothing.
    seen, _ = await read_all(store, LogPosition(start.log, first.number))
    assert seen == [("ticket.filed", "PD-2")]
    assert (await read_all(store, await store.event_log.start(None)))[0] == seen
    assert await store.event_log.event(first.id) is None


async def test_a_cursor_of_another_log_is_refused(store: SqlStore, url: str) -> None:
    await desk.begin(store)
    await file(store, 1)
    await number(store)
    start = await store.event_log.start(None)
    with pytest.raises(CursorExpiredError):
        await store.event_log.page(LogPosition(start.log, 2), None, 9)
    # After a backup was restored, numbers are given out again.
    backups.renew_epochs(url, desk.RING)
    with pytest.raises(CursorExpiredError) as caught:
        await store.event_log.page(start, None, 9)
    assert caught.value.data["reason"] == "events_other_log"
    assert len((await read_all(store, await store.event_log.start(None)))[0]) == 1


async def test_messages_to_an_agent_are_events_and_those_to_the_assistant_are_not(
    store: SqlStore,
) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.say("to the assistant", "hidden-1"))
    taken = Owner(OwnerKind.AGENT, "mei", 2, NOW)
    await store.writer.submit(desk.say("taken", "hidden-2", owner=taken))
    await store.writer.submit(desk.hear(Sender.AGENT))
    await store.writer.submit(desk.say("to the agent", "hidden-3"))
    await number(store)
    events = (await store.event_log.page(await store.event_log.start(None), None, 9)).events
    assert [event.kind.value for event in events] == [
        "conversation.taken", "conversation.message", "conversation.message",
    ]  # fmt: skip
    assert orjson.loads(events[1].body)["data"] == {
        "conversation": desk.conversation_id().hex(),
        "offset": 6,
        "sender": "user",
        "kind": "text",
        "at": "2026-05-04T08:30:00Z",
    }
    assert b"hidden" not in b"".join(event.body for event in events)
    purge = Purge(blanks=((6, 6),))

    def forget(rows: WorkingSet) -> Changes:
        before = rows.conversation
        assert before is not None
        offset = before.version + 1
        blank = desk.said(offset, "", "purge")
        after = replace(before, version=offset, owner=Owner(), epoch="purged")
        return Changes(conversation=after, events=(blank,), purge=purge)

    await store.writer.submit(Job("purge", Locks(desk.conversation_id()), forget))
    kept = (await store.event_log.page(await store.event_log.start(None), None, 9)).events
    assert [event.number for event in kept] == [1, 3]


async def test_the_events_of_a_purged_ticket_are_deleted(store: SqlStore) -> None:
    await desk.begin(store)
    for n in (1, 2):
        await file(store, n)
    await number(store)

    def forget(rows: WorkingSet) -> Changes:
        before = rows.conversation
        assert before is not None
        blank = desk.said(1, "", "purge")
        purge = Purge(tickets=(desk.ticket_id(1),))
        after = replace(before, version=1, epoch="purged")
        return Changes(conversation=after, events=(blank,), purge=purge)

    await store.writer.submit(Job("purge", Locks(desk.conversation_id()), forget))
    found, _ = await read_all(store, await store.event_log.start(None))
    assert found == [("ticket.filed", "PD-2")]
