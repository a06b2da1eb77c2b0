"""Webhook events: changes of tickets, conversations and incidents, as published to other systems.

Events are derived from a job's changes in the job's own transaction, so that none is missed. They
have IDs, kind, items, state and dates; never texts, codes, or anything that identifies a person.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from privacydesk.domain.conversation import Conversation, Owner, OwnerKind
from privacydesk.domain.incidents import Incident, IncidentState
from privacydesk.domain.scopes import is_qualified, part_of
from privacydesk.domain.tasks import Task, TaskMove, TaskState
from privacydesk.domain.ticket import (
    MaterialKind,
    ScheduledEventKind,
    ScopeItem,
    Ticket,
    TicketState,
)
from privacydesk.domain.ticket_moves import Move

VERSION: Final = 1
"""The version of the schemas. Adding fields does not change it."""


class WebhookEventKind(StrEnum):
    """The type of a webhook event."""

    TICKET_FILED = "ticket.filed"
    TICKET_VERIFIED = "ticket.verified"
    """Identity (and guardianship) is verified, which starts the clock."""
    TICKET_EVIDENCE_RECEIVED = "ticket.evidence_received"
    TICKET_EXAMINED = "ticket.examined"
    TICKET_EXAMINATION_LATE = "ticket.examination_late"
    """Evidence has been unexamined for a working day, while no clock runs."""
    TICKET_ASSIGNED = "ticket.assigned"
    """The holder changed: another agent, or nobody."""
    TICKET_ASKED = "ticket.asked"
    """The requester was asked for more information; the clock keeps running."""
    TICKET_REQUESTER_ANSWERED = "ticket.requester_answered"
    TICKET_MATERIAL_ADDED = "ticket.material_added"
    """The requester added words or files, or asked something, without being asked."""
    TICKET_DUE_SOON = "ticket.due_soon"
    """Sent two working days before the due date, and again one day before."""
    TICKET_OVERDUE = "ticket.overdue"
    TICKET_DUE_CHANGED = "ticket.due_changed"
    TICKET_DECIDED = "ticket.decided"
    """The requester got the decision, which stops the clock."""
    TICKET_CONFIRMED = "ticket.confirmed"
    """The requester has confirmed the closing of the account."""
    TICKET_RETURNED = "ticket.returned"
    """The decision was reverted by the account service or the requester; the clock runs again."""
    TICKET_HOLD_CHANGED = "ticket.hold_changed"
    TICKET_OBJECTED = "ticket.objected"
    """An objection was filed; ``linked`` is the ticket that it objects to."""
    TICKET_TASK_CREATED = "ticket.task_created"
    """A team is asked to do something for the ticket."""
    TICKET_TASK_TAKEN = "ticket.task_taken"
    TICKET_TASK_HANDED_BACK = "ticket.task_handed_back"
    TICKET_TASK_CHASED = "ticket.task_chased"
    """A team was reminded of a task."""
    TICKET_TASK_OVERDUE = "ticket.task_overdue"
    TICKET_TASK_ANSWERED = "ticket.task_answered"
    TICKET_TASK_WITHDRAWN = "ticket.task_withdrawn"
    TICKET_CLOSED = "ticket.closed"
    CONVERSATION_QUEUED = "conversation.queued"
    """A user waits for an agent."""
    CONVERSATION_TAKEN = "conversation.taken"
    CONVERSATION_RETURNED = "conversation.returned"
    """The conversation was handed back to the assistant."""
    INCIDENT_PREPARED = "incident.prepared"
    """An incident notice waits for a second person."""
    INCIDENT_RELEASED = "incident.released"
    INCIDENT_PAUSED = "incident.paused"
    INCIDENT_RESUMED = "incident.resumed"
    INCIDENT_SENT = "incident.sent"
    """Each recipient was told, or could not be."""
    INCIDENT_DISCARDED = "incident.discarded"
    ENDPOINT_TEST = "endpoint.test"
    """A test event, sent to one endpoint on request."""


SUBSCRIBABLE: Final = tuple(
    kind for kind in WebhookEventKind if kind is not WebhookEventKind.ENDPOINT_TEST
)

_POSITIONS_PER_VERSION: Final = 32
"""An upper bound for the number of events of one change of a ticket."""
_OWNER_EVENTS: Final = {
    OwnerKind.QUEUE: WebhookEventKind.CONVERSATION_QUEUED,
    OwnerKind.AGENT: WebhookEventKind.CONVERSATION_TAKEN,
    OwnerKind.ASSISTANT: WebhookEventKind.CONVERSATION_RETURNED,
}
_INCIDENT_EVENTS: Final = {
    (IncidentState.COLLECTING, IncidentState.DRAFT): WebhookEventKind.INCIDENT_PREPARED,
    (IncidentState.DRAFT, IncidentState.SENDING): WebhookEventKind.INCIDENT_RELEASED,
    (IncidentState.DRAFT, IncidentState.DISCARDED): WebhookEventKind.INCIDENT_DISCARDED,
    (IncidentState.SENDING, IncidentState.PAUSED): WebhookEventKind.INCIDENT_PAUSED,
    (IncidentState.PAUSED, IncidentState.SENDING): WebhookEventKind.INCIDENT_RESUMED,
    (IncidentState.SENDING, IncidentState.SENT): WebhookEventKind.INCIDENT_SENT,
}
"""By the state before and after, the event of an incident; a list that is refused causes none."""
_SCHEDULED_EVENT_KINDS: Final = {
    ScheduledEventKind.REMIND_TWO.value: WebhookEventKind.TICKET_DUE_SOON,
    ScheduledEventKind.REMIND_ONE.value: WebhookEventKind.TICKET_DUE_SOON,
    ScheduledEventKind.OVERDUE.value: WebhookEventKind.TICKET_OVERDUE,
    ScheduledEventKind.EVIDENCE_WAITING.value: WebhookEventKind.TICKET_EXAMINATION_LATE,
    ScheduledEventKind.TASK_OVERDUE.value: WebhookEventKind.TICKET_TASK_OVERDUE,
}
_LOG_ENTRY_EVENTS: Final = _SCHEDULED_EVENT_KINDS | {
    Move.ASK_REQUESTER.value: WebhookEventKind.TICKET_ASKED,
    Move.HAND_IN.value: WebhookEventKind.TICKET_EVIDENCE_RECEIVED,
    MaterialKind.MATERIAL.value: WebhookEventKind.TICKET_MATERIAL_ADDED,
    MaterialKind.QUESTION.value: WebhookEventKind.TICKET_MATERIAL_ADDED,
    "examine": WebhookEventKind.TICKET_EXAMINED,
    TaskMove.TAKE.value: WebhookEventKind.TICKET_TASK_TAKEN,
    TaskMove.HAND_BACK.value: WebhookEventKind.TICKET_TASK_HANDED_BACK,
    TaskMove.CHASE.value: WebhookEventKind.TICKET_TASK_CHASED,
}
"""By log entry of a ticket, the event to send even if the ticket's state did not change."""


class DayFacts(Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """A range of days in the operator's time zone, both ends included; None if open."""

    since: date | None
    until: date | None


class ItemFacts(Struct, frozen=True):
    """The published facts of one requested item.

    Attributes:
        only: the days that it is limited to; empty for no limit.
        narrowed: whether words restrict it further; the words are only in the API's details.
    """

    name: str
    only: tuple[DayFacts, ...]
    narrowed: bool


class TaskFacts(Struct, frozen=True):
    """The published facts of a task of a ticket; neither what is asked nor the answer's words.

    Attributes:
        number: its place among the ticket's tasks, from 1.
        team: the team's name; empty for the desk itself.
        items: indexes of the ticket's items that it concerns; empty for the whole ticket.
        state: ``waiting``, ``taken``, ``answered`` or ``withdrawn``.
        result: ``done``, ``nothing_held`` or ``not_possible``; None until it is answered.
        due_at: the first instant at which the answer is late; ``due_date`` ends then.
    """

    number: int
    team: str
    items: tuple[int, ...]
    state: str
    result: str | None
    created_at: datetime
    due_date: date
    due_at: datetime
    ended_at: datetime | None


class TicketFacts(Struct, frozen=True):
    """The published facts of a ticket: those kept in its record, and the days of its items.

    Attributes:
        sequence: the ticket's version; the event with the higher one has the newer state.
        due_at: the first instant at which an answer is late; ``due_date`` ends then.
        linked: the ticket that it objects to, or duplicates.
        completion_date: the last day for carrying out an approved closing; None for other tickets.
        completion_due_at: the first instant at which that is late.
        tasks: what teams are, or were, asked to do for it.
    """

    ticket_id: str
    number: str
    conversation_id: str
    sequence: int
    kind: str
    state: str
    outcome: str | None
    received_at: datetime
    verified_at: datetime | None
    due_date: date | None
    due_at: datetime | None
    provisional: bool
    answered_at: datetime | None
    closed_at: datetime | None
    on_hold: bool
    linked: str | None
    items: tuple[ItemFacts, ...]
    completion_date: date | None = None
    completion_due_at: datetime | None = None
    tasks: tuple[TaskFacts, ...] = ()


class ConversationFacts(Struct, frozen=True):
    """The published facts of a conversation.

    Attributes:
        owner: who answers the user: ``assistant``, ``queue`` or ``agent``.
        sequence: the offset at which the owner changed.
    """

    conversation_id: str
    sequence: int
    owner: str
    since: datetime | None


class IncidentFacts(Struct, frozen=True):
    """The published facts of an incident notice; neither its name nor its texts.

    Attributes:
        sequence: the incident's version; the event with the higher one has the newer state.
        state: ``draft``, ``sending``, ``paused``, ``sent`` or ``discarded``.
        audience: ``list``, ``requesters`` or ``everyone``.
    """

    incident_id: str
    sequence: int
    state: str
    audience: str
    urgent: bool
    prepared_at: datetime
    released_at: datetime | None
    sent_at: datetime | None


class EndpointFacts(Struct, frozen=True):
    """The facts of a test event: the endpoint that it is sent to."""

    endpoint_id: str


Facts = TicketFacts | ConversationFacts | IncidentFacts | EndpointFacts
_SCHEMAS: Final[dict[type[Facts], str]] = {
    TicketFacts: "privacydesk.ticket",
    ConversationFacts: "privacydesk.conversation",
    IncidentFacts: "privacydesk.incident",
    EndpointFacts: "privacydesk.endpoint",
}


class _Message(Struct, frozen=True):
    """The body of a webhook request; the JSON has the fields in this order."""

    schema: str
    version: int
    id: str
    type: str
    timestamp: datetime
    data: Facts


class WebhookEvent(Struct, frozen=True):
    """A change of a ticket, a conversation or an incident, to be published.

    Attributes:
        subject_id: ID of the ticket, conversation or incident. An endpoint gets the events of the
            same subject in order.
        position: the event's position in that order.
    """

    kind: WebhookEventKind
    subject_id: bytes
    position: int
    facts: Facts

    def body(self, event_id: bytes, at: datetime) -> bytes:
        """Return the body of the webhook request, the bytes that are signed and sent."""
        schema = _SCHEMAS[type(self.facts)]
        name = message_id(event_id)
        return msgspec.json.encode(_Message(schema, VERSION, name, self.kind.value, at, self.facts))


def message_id(event_id: bytes) -> str:
    """Return an event's ID as receivers see it, in the header and in the body."""
    return f"evt_{event_id.hex()}"


def webhook_events_of_ticket(
    before: Ticket | None, after: Ticket, entries: Collection[str]
) -> tuple[WebhookEvent, ...]:
    """Return the events for a job's change of a ticket, in the order of sending.

    Args:
        before: the ticket before the job; None for a new one.
        after: the ticket after the job.
        entries: names of the entries that the job added to the ticket's log.
    """
    kinds = tuple(
        dict.fromkeys(
            (
                *_filing_events(before, after),
                *_log_entry_events(entries),
                *_state_events(before, after),
            )
        )
    )
    if not kinds:
        return ()
    facts = _ticket_facts(after)
    return tuple(
        WebhookEvent(kind, after.id, after.version * _POSITIONS_PER_VERSION + index, facts)
        for index, kind in enumerate(kinds)
    )


def webhook_event_of_owner(before: Conversation | None, after: Conversation) -> WebhookEvent | None:
    """Return the event for a conversation's new owner; None if the owner did not change."""
    old_owner, owner = Owner() if before is None else before.owner, after.owner
    if (old_owner.kind, old_owner.agent) == (owner.kind, owner.agent):
        return None
    facts = ConversationFacts(after.id.hex(), owner.offset, owner.kind.value, owner.since)
    return WebhookEvent(_OWNER_EVENTS[owner.kind], after.id, owner.offset, facts)


def webhook_event_of_incident(before: Incident | None, after: Incident) -> WebhookEvent | None:
    """Return the event for an incident's new state; None if it is of no concern outside."""
    kind = None if before is None else _INCIDENT_EVENTS.get((before.state, after.state))
    if kind is None:
        return None
    facts = IncidentFacts(
        incident_id=after.id.hex(),
        sequence=after.version,
        state=after.state.value,
        audience=after.audience.value,
        urgent=after.urgent,
        prepared_at=after.prepared_at,
        released_at=after.released_at,
        sent_at=after.sent_at,
    )
    return WebhookEvent(kind, after.id, after.version, facts)


def _filing_events(before: Ticket | None, after: Ticket) -> list[WebhookEventKind]:
    if before is not None:
        return []
    objection = [WebhookEventKind.TICKET_OBJECTED] if "objection" in after.flags else []
    return [WebhookEventKind.TICKET_FILED, *objection]


def _log_entry_events(entries: Collection[str]) -> list[WebhookEventKind]:
    return [_LOG_ENTRY_EVENTS[name] for name in entries if name in _LOG_ENTRY_EVENTS]


def _state_events(before: Ticket | None, after: Ticket) -> list[WebhookEventKind]:
    """Return the events for a ticket's new state, or for the first state of a new ticket."""
    kinds = []
    if after.verified_at is not None and (before is None or before.verified_at is None):
        kinds.append(WebhookEventKind.TICKET_VERIFIED)
    if before is not None:
        kinds += _task_events(before, after)
        kinds += _change_events(before, after)
    if not after.is_open and (before is None or before.is_open):
        kinds.append(WebhookEventKind.TICKET_CLOSED)
    return kinds


def _task_events(before: Ticket, after: Ticket) -> list[WebhookEventKind]:
    """Return the events for new and ended tasks, which may come with a decision."""
    new = after.tasks[len(before.tasks) :]
    states = {
        task.state
        for earlier, task in zip(before.tasks, after.tasks, strict=False)
        if earlier.is_open and not task.is_open
    }
    return [
        *([WebhookEventKind.TICKET_TASK_CREATED] if new else []),
        *(kind for state, kind in _ENDED_TASK_EVENTS.items() if state in states),
    ]


_ENDED_TASK_EVENTS: Final = {
    TaskState.ANSWERED: WebhookEventKind.TICKET_TASK_ANSWERED,
    TaskState.WITHDRAWN: WebhookEventKind.TICKET_TASK_WITHDRAWN,
}


def _change_events(before: Ticket, after: Ticket) -> list[WebhookEventKind]:
    old_state, state = before.state, after.state
    conditions = {
        WebhookEventKind.TICKET_REQUESTER_ANSWERED: old_state is TicketState.AWAITING_REQUESTER
        and state is TicketState.IN_REVIEW,
        WebhookEventKind.TICKET_ASSIGNED: before.holder != after.holder,
        WebhookEventKind.TICKET_DUE_CHANGED: before.clock is not None
        and _due(before) != _due(after),
        WebhookEventKind.TICKET_HOLD_CHANGED: ("hold" in before.flags) != ("hold" in after.flags),
        WebhookEventKind.TICKET_DECIDED: before.answered_at is None
        and after.answered_at is not None,
        WebhookEventKind.TICKET_CONFIRMED: old_state is TicketState.AWAITING_CONFIRMATION
        and state is TicketState.FULFILLING,
        WebhookEventKind.TICKET_RETURNED: state is TicketState.IN_REVIEW
        and old_state in {TicketState.FULFILLING, TicketState.AWAITING_CONFIRMATION},
    }
    return [kind for kind, holds in conditions.items() if holds]


def _due(ticket: Ticket) -> tuple[datetime | None, bool]:
    clock = ticket.clock
    return (None, False) if clock is None else (clock.due_at, clock.provisional)


def _ticket_facts(ticket: Ticket) -> TicketFacts:
    clock = ticket.clock
    completion = ticket.completion
    return TicketFacts(
        ticket_id=ticket.id.hex(),
        number=ticket.number,
        conversation_id=ticket.conversation_id.hex(),
        sequence=ticket.version,
        kind=ticket.kind.value,
        state=ticket.state.value,
        outcome=None if ticket.outcome is None else ticket.outcome.value,
        received_at=ticket.received_at,
        verified_at=ticket.verified_at,
        due_date=None if clock is None else clock.due_date,
        due_at=None if clock is None else clock.due_at,
        provisional=clock is not None and clock.provisional,
        answered_at=ticket.answered_at,
        closed_at=ticket.closed_at,
        on_hold="hold" in ticket.flags,
        linked=None if ticket.linked is None else ticket.linked.hex(),
        items=tuple(_item_facts(item) for item in ticket.items),
        completion_date=None if completion is None else completion.due_date,
        completion_due_at=None if completion is None else completion.due_at,
        tasks=tuple(task_facts(task) for task in ticket.tasks),
    )


def task_facts(task: Task) -> TaskFacts:
    """Return the published facts of a task."""
    return TaskFacts(
        number=task.number,
        team=task.team,
        items=task.items,
        state=task.state.value,
        result=None if task.result is None else task.result.value,
        created_at=task.created_at,
        due_date=task.due_date,
        due_at=task.due_at,
        ended_at=task.ended_at,
    )


def _item_facts(item: ScopeItem) -> ItemFacts:
    return ItemFacts(
        name=item.name,
        only=tuple(DayFacts(span.since, span.until) for span in part_of(item).days),
        narrowed=is_qualified(item),
    )
