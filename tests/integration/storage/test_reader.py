from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from tests.integration.storage import desk
from tests.integration.storage.desk import MINUTE, NOW, query_plan

from privacydesk.domain.agents import Agent, Role
from privacydesk.domain.clocks import Clock
from privacydesk.domain.conversation import Owner, OwnerKind
from privacydesk.domain.deadlines import Unit
from privacydesk.domain.duty import DutyState
from privacydesk.domain.events import Sender
from privacydesk.domain.ids import TicketId
from privacydesk.domain.inbox_views import (
    InboxFilter,
    InboxSort,
    InboxView,
    PageCursor,
    TaskFilter,
    TicketSummary,
    ViewerContext,
    sorts_of,
)
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.tasks import Task, TaskState
from privacydesk.domain.ticket import TicketState
from privacydesk.errors import DeskError, ErrorCode, UnavailableError
from privacydesk.ports import Changes, Job, Locks, WorkingSet
from privacydesk.storage import inbox_queries, queries, reports, tables
from privacydesk.storage.duties import SqlDutyStore
from privacydesk.storage.store import SqlStore

IN_QUEUE = Owner(OwnerKind.QUEUE)


def _clock(day: int, *, provisional: bool = False) -> Clock:
    zone = ZoneInfo("Asia/Shanghai")
    due_at = NOW.astimezone(zone).replace(day=day, hour=0, minute=0)
    return Clock(
        "operator", NOW, Unit.WORKING_DAYS, 7, "CN", zone.key, due_at.date(), due_at, provisional
    )


async def _file(store: SqlStore, *tickets: object) -> None:
    await store.writer.submit(desk.leave(Changes(tickets=tickets)))  # type: ignore[arg-type]


async def test_events_are_read_in_pages(store: SqlStore) -> None:
    await desk.begin(store)
    for n in range(3):
        await store.writer.submit(desk.say(f"j{n}"))
    page = await store.reader.events(desk.conversation_id(), after=2, limit=3)
    assert [event.offset for event in page] == [3, 4, 5]
    assert await store.reader.events(desk.conversation_id(9), after=0, limit=3) == ()


async def test_the_queue_is_in_the_order_of_waiting(store: SqlStore) -> None:
    for n, minutes in ((1, 3), (2, 1), (3, 2)):
        await desk.begin(store, n, owner=IN_QUEUE, queued_at=NOW + minutes * MINUTE)
    await desk.begin(store, 4)
    await desk.begin(store, 5, owner=IN_QUEUE, queued_at=NOW + 3 * MINUTE)
    queue = await store.reader.queue(limit=10)
    assert [c.id for c in queue] == [desk.conversation_id(n) for n in (2, 3, 1, 5)]
    assert await store.reader.queue(limit=2) == queue[:2]
    assert await store.reader.queue(limit=2, after=queue[1]) == queue[2:]
    assert await store.reader.queue(limit=2, after=queue[2]) == queue[3:]
    assert await store.reader.queue(limit=2, after=queue[3]) == ()
    places = [await store.reader.queue_place(desk.conversation_id(n)) for n in (2, 3, 1, 5, 4, 9)]
    assert places == [1, 2, 3, 4, 0, 0]
    assert await store.reader.queue_length() == 4


async def test_those_in_danger_come_first_in_the_queue(store: SqlStore) -> None:
    told = {1: None, 2: NOW + 5 * MINUTE, 3: None, 4: NOW}
    for n, danger_at in told.items():
        waits = NOW + n * MINUTE
        await desk.begin(store, n, owner=IN_QUEUE, queued_at=waits, danger_at=danger_at)
    await desk.begin(store, 5, danger_at=NOW)
    queue = await store.reader.queue(limit=10)
    assert [c.id for c in queue] == [desk.conversation_id(n) for n in (2, 4, 1, 3)]
    assert await store.reader.queue(limit=2, after=queue[0]) == queue[1:3]
    assert await store.reader.queue(limit=2, after=queue[2]) == queue[3:]
    places = [await store.reader.queue_place(desk.conversation_id(n)) for n in (2, 4, 1, 3, 5)]
    assert places == [1, 2, 3, 4, 0]
    endangered = await store.reader.in_danger(limit=10)
    assert [c.id for c in endangered] == [desk.conversation_id(n) for n in (5, 4, 2)]


@pytest.mark.parametrize("query", [queries.QUEUE, queries.QUEUE_AFTER])
def test_a_page_of_the_queue_reads_its_index_and_sorts_nothing(
    url: str, path: Path, query: sa.Select[object]
) -> None:
    del url
    plan = query_plan(path, query)
    assert "ix_conversation_queue" in plan
    assert "SCAN" not in plan or "USING INDEX ix_conversation_queue" in plan
    assert "TEMP B-TREE" not in plan


def test_a_page_of_requests_in_order_of_receipt_reads_its_index_and_sorts_nothing(
    url: str, path: Path
) -> None:
    del url
    plan = query_plan(path, reports._TICKETS_BY_RECEIPT)
    assert "ix_ticket_report" in plan
    assert "TEMP B-TREE" not in plan


async def test_an_agent_finds_the_conversations_they_own(store: SqlStore) -> None:
    await desk.begin(store, 1, owner=Owner(OwnerKind.AGENT, "alice"))
    await desk.begin(store, 2, owner=Owner(OwnerKind.AGENT, "bob"))
    assert [c.id for c in await store.reader.conversations_with("alice")] == [
        desk.conversation_id(1)
    ]
    assert await store.reader.conversations_with("carol") == ()


async def test_whoever_spoke_last_with_an_agent_tells_who_waits_for_an_answer(
    store: SqlStore,
) -> None:
    for n, agent in ((1, "alice"), (2, "alice"), (3, "alice"), (4, "bob")):
        await desk.begin(store, n, owner=Owner(OwnerKind.AGENT, agent))
    for n in (1, 2, 4):
        await store.writer.submit(desk.say(f"j{n}", n=n))
    await store.writer.submit(desk.hear(Sender.SYSTEM, n=1))
    await store.writer.submit(desk.hear(Sender.AGENT, n=2))
    assert await store.reader.unanswered("alice") == {desk.conversation_id(1): NOW}
    board = await SqlDutyStore(store.writer, store.reader).board()
    assert board.unanswered == {"alice": 1, "bob": 1}
    assert board.conversations == {"alice": 3, "bob": 1}


async def test_nobody_keeps_a_conversation_until_a_clock_that_was_ahead_comes_true(
    store: SqlStore,
) -> None:
    await desk.begin(store, 1, owner=Owner(OwnerKind.AGENT, "alice"))
    ahead, grace = NOW + timedelta(days=2), timedelta(seconds=45)
    await store.duties.change(
        ("alice",), lambda duty: duty.with_state(DutyState.AWAY, ahead, grace)
    )
    assert await store.duties.abandoned_conversations(ahead) == ()
    (deserted,) = await store.duties.abandoned_conversations(NOW)
    assert (deserted.conversation, deserted.agent) == (desk.conversation_id(1), "alice")


def test_who_waits_for_an_answer_is_found_without_reading_what_others_said(
    url: str, path: Path
) -> None:
    del url
    plan = query_plan(path, queries.UNANSWERED)
    assert "ix_conversation_agent" in plan
    assert "SCAN event" not in plan
    assert "SCAN spoken" not in plan


async def test_a_pile_tells_its_versions_without_being_read(store: SqlStore) -> None:
    await desk.begin(store)
    await _file(store, *(desk.ticket(n, clocks=(_clock(n),)) for n in (3, 1, 2)), desk.ticket(4))
    viewer = ViewerContext("alice", NOW, NOW)
    page = await store.reader.inbox_tickets(InboxView.OPEN, viewer, limit=3)
    shown = await store.reader.inbox_ticket_versions(InboxView.OPEN, viewer, limit=3)
    assert shown == page.versions == tuple((one.id, one.version) for one in page.tickets)
    rest = await store.reader.inbox_ticket_versions(
        InboxView.OPEN, viewer, after=PageCursor.of(page.tickets[-1]), limit=3
    )
    assert [one for one, _ in rest] == [desk.ticket_id(4)]


async def test_a_pile_is_sifted_by_kind_language_and_holder_together(store: SqlStore) -> None:
    await desk.begin(store)
    wanted = {"kind": RequestKind.DELETION, "locale": "en", "holder": "alice"}
    other = {"kind": RequestKind.ACCESS, "locale": "zh_Hant", "holder": ""}
    await _file(
        store,
        *(desk.ticket(n, **{**wanted, name: other[name]}) for n, name in enumerate(other, 1)),
        *(desk.ticket(n, clocks=(_clock(n),), **wanted) for n in (6, 4, 5)),
    )
    viewer = ViewerContext("bob", NOW, NOW)

    async def filtered(inbox_filter: InboxFilter, **page: Any) -> list[TicketId]:
        found = await store.reader.inbox_tickets(
            InboxView.OPEN, viewer, inbox_filter=inbox_filter, **page
        )
        versions = await store.reader.inbox_ticket_versions(
            InboxView.OPEN, viewer, inbox_filter=inbox_filter, **page
        )
        tickets = found.tickets
        assert versions == found.versions == tuple((one.id, one.version) for one in tickets)
        return [one.id for one in tickets]

    def ids(*numbers: int) -> list[TicketId]:
        return [desk.ticket_id(n) for n in numbers]

    assert await filtered(InboxFilter()) == ids(4, 5, 6, 1, 2, 3)
    assert await filtered(InboxFilter(kind=RequestKind.DELETION)) == ids(4, 5, 6, 2, 3)
    assert await filtered(InboxFilter(locale="en")) == ids(4, 5, 6, 1, 3)
    assert await filtered(InboxFilter(holder="alice")) == ids(4, 5, 6, 1, 2)
    assert await filtered(InboxFilter(holder="")) == ids(3)
    all_three = InboxFilter(RequestKind.DELETION, "en", "alice")
    assert await filtered(all_three, limit=2) == ids(4, 5)
    fifth = await store.reader.ticket(desk.ticket_id(5))
    assert fifth is not None
    assert await filtered(all_three, after=PageCursor.of(fifth)) == ids(6)


async def test_a_view_is_filtered_by_conditions_that_one_task_has_to_meet(store: SqlStore) -> None:
    """Of the third ticket, one team's task is open and another's is overdue."""

    def task(number: int, team: str, *, due: timedelta, ended: bool = False) -> Task:
        state = TaskState.ANSWERED if ended else TaskState.TAKEN
        return Task(
            number, team, "mei", NOW, (NOW + due).date(), NOW + due, state=state,
            ended_at=NOW if ended else None,
        )  # fmt: skip

    await desk.begin(store)
    later, past = MINUTE, -MINUTE
    await _file(
        store,
        desk.ticket(1),
        desk.ticket(2, tasks=(task(1, "payments", due=past, ended=True),)),
        desk.ticket(3, tasks=(task(1, "payments", due=later), task(2, "", due=past))),
        desk.ticket(4, tasks=(task(1, "payments", due=past),)),
    )
    viewer = ViewerContext("bob", NOW, NOW)

    async def filtered(**filters: Any) -> list[int]:
        chosen = InboxFilter(**filters)
        found = await store.reader.inbox_tickets(InboxView.OPEN, viewer, inbox_filter=chosen)
        tickets = found.tickets
        assert await store.reader.inbox_count(InboxView.OPEN, viewer, chosen) == len(tickets)
        return sorted(int(one.number.removeprefix("PD-")) for one in tickets)

    assert await filtered(task=TaskFilter.OPEN) == [3, 4]
    assert await filtered(task=TaskFilter.OPEN, team="payments") == [3, 4]
    assert await filtered(task=TaskFilter.OPEN, team="") == [3]
    assert await filtered(task=TaskFilter.OVERDUE) == [3, 4]
    assert await filtered(task=TaskFilter.OVERDUE, team="payments") == [4]
    assert await filtered(task=TaskFilter.OVERDUE, team="moderation") == []
    counted = await store.cases.tasks(NOW, NOW + MINUTE)
    assert sorted((one.team, one.ended_at is None) for one in counted) == [
        ("", True), ("payments", False), ("payments", True), ("payments", True),
    ]  # fmt: skip
    assert await store.cases.tasks(NOW - MINUTE, NOW) == ()


@pytest.mark.parametrize("view", InboxView)
@pytest.mark.parametrize("after", [None, PageCursor(NOW, desk.ticket_id())], ids=["first", "later"])
@pytest.mark.parametrize(
    "inbox_filter",
    [
        InboxFilter(),
        InboxFilter(RequestKind.GUARDIAN),
        InboxFilter(locale="en"),
        InboxFilter(holder="bob"),
        InboxFilter(task=TaskFilter.OVERDUE, team="payments"),
        InboxFilter(RequestKind.GUARDIAN, "en", "bob"),
    ],
)
def test_a_page_of_a_pile_reads_its_index_and_sorts_nothing(
    url: str, path: Path, view: InboxView, after: PageCursor | None, inbox_filter: InboxFilter
) -> None:
    del url
    viewer = ViewerContext("alice", NOW, NOW)
    page = inbox_queries.select_page(view, viewer, inbox_filter, after, 50, sort=sorts_of(view)[0])
    plan = query_plan(path, page[0])
    assert "INDEX ix_ticket_" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize("view", InboxView)
def test_what_a_sieve_leaves_out_of_a_pile_is_told_by_the_index_alone(
    url: str, path: Path, view: InboxView
) -> None:
    del url
    (sort, *_), columns = sorts_of(view), tables.ticket.c
    query, _ = inbox_queries.select_page(
        view,
        ViewerContext("alice", NOW, NOW),
        InboxFilter(RequestKind.GUARDIAN, "en"),
        None,
        9,
        sort=sort,
    )
    times = {InboxSort.CLOSED: columns.closed_at, InboxSort.DECIDED: columns.answered_at}
    places = query.with_only_columns(times.get(sort, columns.urgent_at), columns.id)
    assert "COVERING INDEX ix_ticket_" in query_plan(path, places)


async def test_what_is_open_in_conversations_is_told_by_each(store: SqlStore) -> None:
    for n in (1, 2, 3):
        await desk.begin(store, n)
    theirs = {"conversation_id": desk.conversation_id(2), "kind": RequestKind.DELETION}
    await _file(store, desk.ticket(1), desk.ticket(2, state=TicketState.CLOSED), desk.ticket(3))
    await _file(store, desk.ticket(4, **theirs))
    found = await store.reader.open_tickets_in([desk.conversation_id(n) for n in (1, 2, 3)])
    assert found == {
        desk.conversation_id(1): (
            TicketSummary("PD-1", RequestKind.ACCESS),
            TicketSummary("PD-3", RequestKind.ACCESS),
        ),
        desk.conversation_id(2): (TicketSummary("PD-4", RequestKind.DELETION),),
    }
    assert await store.reader.open_tickets_in([]) == {}


async def test_tickets_are_found_by_number_person_and_conversation(store: SqlStore) -> None:
    await desk.begin(store)
    mine = {"account_hash": desk.key(1), "contact_hash": desk.key(2)}
    closed = desk.ticket(3, state=TicketState.CLOSED, **mine)
    first, second, stranger = desk.ticket(1, **mine), desk.ticket(2, **mine), desk.ticket(4)
    await _file(store, first, second, closed, stranger)
    reader = store.reader
    assert await reader.ticket(first.id) == first
    assert await reader.ticket_by_number("PD-2") == second
    assert await reader.ticket_by_number("PD-9") is None
    for key in (desk.key(1), desk.key(2)):
        assert await reader.tickets_of(key, only_open=True) == (second, first)
        assert await reader.tickets_of(key, only_open=False) == (second, first, closed)
        assert await reader.tickets_of(key, only_open=False, limit=1) == (second,)
    assert await reader.tickets_of(desk.key(3), only_open=False) == ()
    found = await reader.tickets_in(desk.conversation_id())
    assert found == (stranger, closed, second, first)


async def test_a_ticket_follows_its_person(store: SqlStore) -> None:
    await desk.begin(store)
    await _file(store, desk.ticket(account_hash=desk.key(1)))

    def decide(rows: WorkingSet) -> Changes:
        ticket = rows.tickets[desk.ticket_id()]
        return Changes(tickets=(replace(ticket, account_hash=desk.key(2)),))

    await store.writer.submit(Job("j", Locks(tickets=(desk.ticket_id(),)), decide))
    assert await store.reader.tickets_of(desk.key(1), only_open=False) == ()
    assert len(await store.reader.tickets_of(desk.key(2), only_open=False)) == 1


async def test_tickets_are_listed_by_due_date_undated_last_in_pages(store: SqlStore) -> None:
    await desk.begin(store)
    days = {1: None, 2: 20, 3: 12, 4: 20, 5: None, 6: 15}
    made = {
        n: desk.ticket(n, clocks=() if day is None else (_clock(day),)) for n, day in days.items()
    }
    await _file(store, *made.values())
    seen: list[int] = []
    last = None
    while page := await store.reader.list_tickets(limit=2, after=last):
        last = page[-1].id
        seen += [int(t.id[1:]) for t in page]
    assert seen == [3, 6, 2, 4, 1, 5]
    assert await store.reader.list_tickets(after=desk.ticket_id(99)) == ()


async def test_tickets_are_listed_by_state_and_holder(store: SqlStore) -> None:
    await desk.begin(store)
    held = desk.ticket(1, holder="alice")
    waiting = desk.ticket(2, state=TicketState.AWAITING_REQUESTER, holder="alice")
    free = desk.ticket(3)
    await _file(store, held, waiting, free)
    listed = store.reader.list_tickets
    assert await listed(holder="alice") == (held, waiting)
    assert await listed(holder="") == (free,)
    assert await listed(states=["in_review"]) == (held, free)
    assert await listed(states=["in_review"], holder="alice") == (held,)


async def test_open_tickets_with_a_provisional_date_are_found(store: SqlStore) -> None:
    await desk.begin(store)
    guessed = (_clock(12), _clock(20, provisional=True))
    found = desk.ticket(1, clocks=guessed)
    closed = desk.ticket(2, clocks=guessed, state=TicketState.CLOSED)
    await _file(store, found, closed, desk.ticket(3, clocks=(_clock(12),)))
    assert await store.reader.provisional_tickets() == (found,)


async def test_the_due_date_stands_in_a_column_as_a_date(store: SqlStore) -> None:
    await desk.begin(store)
    await _file(store, desk.ticket(clocks=(_clock(12), _clock(20))))
    columns = sa.select(tables.ticket.c.due_date, tables.ticket.c.due_at)
    found = await store.reader.read(lambda c: c.execute(columns).one())
    expected = _clock(12).due_at.astimezone(UTC).timestamp() * 1_000_000
    assert tuple(found) == (date(2026, 5, 12), expected)
    assert _clock(12).due_date == date(2026, 5, 12)


async def test_a_ticket_log_keeps_its_order(store: SqlStore) -> None:
    await desk.begin(store)
    await store.writer.submit(
        desk.leave(Changes(tickets=(desk.ticket(),), ticket_log=(desk.note(what="a"),)))
    )

    def job(what: str) -> Job:
        entries = (desk.note(what=what, why="why", data={"x": 1}, job_id="j"), desk.note(what="z"))
        return Job(what, Locks(tickets=(desk.ticket_id(),)), lambda _: Changes(ticket_log=entries))

    await asyncio.gather(*(store.writer.submit(job(what)) for what in "bc"))
    log = await store.reader.ticket_log(desk.ticket_id())
    assert [entry.what for entry in log] == ["a", "b", "z", "c", "z"]
    assert log[1] == desk.note(what="b", why="why", data={"x": 1}, job_id="j")


async def test_agents_are_added_once(store: SqlStore) -> None:
    alice = Agent("alice", "小艾", Role.SUPERVISOR, NOW)
    bob = Agent("bob", "Bob", Role.AGENT, NOW + timedelta(days=1), active=False)
    await store.agent_store.add(bob)
    await store.agent_store.add(alice)
    assert await store.reader.agents() == (alice, bob)
    with pytest.raises(DeskError) as caught:
        await store.agent_store.add(replace(bob, active=True))
    assert caught.value.code is ErrorCode.CONFLICT
    assert await store.reader.agents() == (alice, bob)


async def test_what_does_not_exist_is_none_or_empty(store: SqlStore) -> None:
    reader = store.reader
    assert await reader.conversation(desk.conversation_id()) is None
    assert await reader.ticket(desk.ticket_id()) is None
    assert await reader.evidence(desk.evidence_id()) is None
    assert await reader.ticket_log(desk.ticket_id()) == ()
    assert await reader.versions([]) == {}


async def test_readers_can_not_write(store: SqlStore) -> None:
    with pytest.raises(UnavailableError):
        await store.reader.read(lambda c: c.execute(sa.text("DELETE FROM agent")))


async def test_a_dead_pooled_connection_is_replaced_unnoticed(store: SqlStore) -> None:
    deaths = iter([True])

    def look(_connection: sa.Connection) -> str:
        if next(deaths, False):
            cause = sqlite3.OperationalError("gone")
            raise sa.exc.OperationalError(None, None, cause, connection_invalidated=True)
        return "read"

    assert await store.reader.read(look) == "read"


async def test_a_faulty_query_is_told_without_the_drivers_words(store: SqlStore) -> None:
    with pytest.raises(DeskError) as caught:
        await store.reader.read(lambda c: c.execute(sa.text("SELECT secret FROM agent")))
    assert caught.value.code is ErrorCode.INTERNAL
    assert caught.value.__cause__ is None
    assert "secret" not in str(caught.value)


async def test_files_that_no_ticket_took_are_found_by_age_and_in_pages(store: SqlStore) -> None:
    await desk.begin(store)
    files = [desk.evidence(n) for n in range(5)]
    await store.writer.submit(
        desk.leave(Changes(evidence=tuple(files)), Locks(desk.conversation_id()))
    )
    await store.writer.submit(
        desk.leave(
            Changes(
                evidence_moved={files[0].id: desk.ticket_id()}, evidence_removed=(files[1].id,)
            ),
            Locks(desk.conversation_id()),
        )
    )
    staged = await store.reader.staged_in(desk.conversation_id())
    assert [one.id for one in staged] == [one.id for one in files[2:]]
    assert not any(one.body for one in staged)
    assert await store.reader.staged_in(desk.conversation_id(2)) == ()
    assert await store.reader.staged_before(NOW, after=None, limit=9) == ()
    first = await store.reader.staged_before(NOW + MINUTE, after=None, limit=2)
    rest = await store.reader.staged_before(NOW + MINUTE, after=first[-1].id, limit=2)
    assert [one.id for one in (*first, *rest)] == [one.id for one in files[2:]]
