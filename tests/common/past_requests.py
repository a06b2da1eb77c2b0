"""Requests of some weeks, put straight into a store: what reports and lists are looked at with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from privacydesk.app import Services
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.counters import CounterIncrement, CounterKind
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.grounds import Ground
from privacydesk.domain.help_visits import (
    VisitAnswered,
    VisitBegan,
    VisitEnded,
    VisitHandled,
    VisitOutcome,
    VisitReplied,
    VisitStep,
)
from privacydesk.domain.ids import ConversationId, IncidentId, TicketId
from privacydesk.domain.incidents import (
    Audience,
    Incident,
    IncidentState,
    Recipient,
    RecipientState,
)
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.tasks import Task, TaskMove, TaskResult, move_task
from privacydesk.domain.ticket import LogEntry, Satisfaction, ScopeItem, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.ports import Changes, Job, Locks

_REACHED = {"send_code": 40, "code": 38, "next": 9, "evidence": 6, "door": 12, "contact": 7}
_PASSED = {"send_code": 38, "code": 27, "next": 6, "evidence": 4, "door": 5, "contact": 6}


async def add_past_requests(services: Services, count: int, *, holder: str = "mei") -> list[str]:
    """Add requests of the last weeks, some late, some refused, some open; return their numbers."""
    now, minter = services.clock.now(), services.console.minter
    home = ConversationId(minter.id(now))
    fresh = Conversation(home, minter.token(), now, version=1)
    opened = Event(1, now, Sender.SYSTEM, EventKind.TEXT, key="desk.menu", job_id="past")
    tickets = tuple(
        _with_task(_request(services, home, place, holder), place, now) for place in range(count)
    )
    today = services.deadlines.today(now)
    counted = [
        CounterIncrement(today, what, detail)
        for what, by in ((CounterKind.REACHED, _REACHED), (CounterKind.PASSED, _PASSED))
        for detail, number in by.items()
        for _ in range(number)
    ]
    counted += [
        CounterIncrement(today, CounterKind.HEARD, one) for one in ("zh_Hans", "zh_Hant", "en") * 9
    ]
    counted += [CounterIncrement(today, CounterKind.UNSURE, one) for one in ("zh_Hans", "en")]
    changes = Changes(
        conversation=fresh,
        events=(opened,),
        tickets=tickets,
        ticket_log=tuple(LogEntry(one.id, now, holder, "claim") for one in tickets),
        counter_increments=tuple(counted),
        visit_steps=tuple(_visits(home, now)),
    )
    await services.store.writer.submit(Job("past", Locks(home), lambda _rows: changes))
    await _add_notice(services, now)
    return [one.number for one in tickets]


def _visits(home: ConversationId, now: datetime) -> Iterator[VisitStep]:
    """Yield help visits of the last weeks; what became of each goes round by its place."""
    for place in range(60):
        began = now - timedelta(days=28 - place % 28, hours=place % 9)
        waited = timedelta(seconds=40 + 37 * place % 900)
        locale = ("zh_Hans", "zh_Hant", "en", "zh_Hans")[place % 4]
        yield VisitBegan(home, place + 1, began, locale, queued=True)
        outcome = VisitOutcome.LEFT
        if place % 7:
            handled = timedelta(seconds=100 + 91 * place % 1200)
            yield VisitAnswered(home, began + waited, waited)
            yield VisitReplied(home, waited + timedelta(seconds=30))
            yield VisitHandled(home, handled)
            waited, outcome = waited + handled, VisitOutcome.HANDED_BACK
        yield VisitEnded(home, began + waited, outcome)


def _request(services: Services, home: ConversationId, place: int, holder: str) -> Ticket:
    """Return one request; what became of it goes round by its place."""
    now, minter, deadlines = services.clock.now(), services.console.minter, services.deadlines
    received = now - timedelta(days=1 + place % 29)
    ticket = Ticket(
        id=TicketId(minter.id(now)),
        number=minter.ticket_number(),
        conversation_id=home,
        kind=list(RequestKind)[place % 7],
        state=TicketState.IN_REVIEW,
        received_at=received,
        locale="zh_Hans",
        items=(ScopeItem("posts"),),
        holder=holder,
        version=1,
    )
    if place % 11 == 10:
        return replace(ticket, state=TicketState.AWAITING_VERIFICATION)
    ticket = deadlines.start_deadlines(ticket, received, received)
    answered = min(now, received + timedelta(days=place % 13, hours=2))
    if place % 5 == 0 and place % 29 < 10:
        return ticket
    if place % 6 == 1:
        refused = replace(
            ticket.items[0], decision="refuse", ground=list(Ground)[place % 7], reason="不合"
        )
        return _rated(move(replace(ticket, items=(refused,)), Move.REFUSE, answered), place)
    return _rated(move(ticket, Move.RESOLVE, answered), place)


def _with_task(ticket: Ticket, place: int, now: datetime) -> Ticket:
    """Return a ticket with a task, now and then: an open one, or one that was answered."""
    if place % 4 or (not ticket.is_open and place % 8 == 0):
        return ticket
    given = ticket.received_at + timedelta(hours=3)
    task = Task(
        number=1,
        team=("content", "payments", "")[place % 3],
        by=ticket.holder,
        created_at=given,
        due_date=(given + timedelta(days=4)).date(),
        due_at=given + timedelta(days=4),
        items=(0,),
    )
    if not ticket.is_open:
        ended = min(now, given + timedelta(days=place % 7, hours=1))
        task = move_task(task, TaskMove.ANSWER, "li-na", ended, result=TaskResult.DONE)
    return replace(ticket, tasks=(task,))


async def _add_notice(services: Services, now: datetime) -> None:
    """Add an incident notice of last week, of whose recipients two are still to be told."""
    store, at = services.store.incidents, now - timedelta(days=6)
    notice = Incident(
        IncidentId(services.console.minter.id(now)),
        "Leak of nicknames",
        Audience.LIST,
        {},
        "lao-zhou",
        at,
        state=IncidentState.SENDING,
        released_by="xiao-chen",
        released_at=at,
    )
    await store.save(notice, AuditEntry(at, "xiao-chen", "incident_released"))
    keys = [bytes([number]) * 32 for number in range(4)]
    await store.add_accounts(notice.id, [Recipient(key, None, "u") for key in keys])
    for key, state in zip(keys, (RecipientState.TOLD, RecipientState.FAILED), strict=False):
        await store.settle(notice.id, key, state)


def _rated(ticket: Ticket, place: int) -> Ticket:
    said = (None, Satisfaction.SATISFIED, Satisfaction.SATISFIED, Satisfaction.NOT_SATISFIED)
    return replace(ticket, version=1, satisfaction=said[place % 4])
