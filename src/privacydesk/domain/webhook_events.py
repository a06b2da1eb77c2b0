"""Webhook events: changes of tickets, conversations and incidents, as published to other systems.

Events are derived from a job's changes in the job's own transaction, so that none is missed. They
have IDs, kind, items, state and dates; never texts, codes, or anything that identifies a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Final, Generic, Self, TypeVar

import msgspec
from msgspec import Struct

from privacydesk.domain.clocks import Clock
from privacydesk.domain.conversation import Conversation, Owner, OwnerKind
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.incidents import Audience, Incident, IncidentState
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.scopes import is_qualified, part_of
from privacydesk.domain.tasks import Task, TaskMove, TaskResult, TaskState
from privacydesk.domain.ticket import (
    FiledThrough,
    MaterialKind,
    Outcome,
    ScheduledEventKind,
    ScopeItem,
    Ticket,
    TicketState,
)
from privacydesk.domain.ticket_moves import Move

VERSION: Final = 1
"""The version of the schemas. Adding fields does not change it."""


class WebhookEventKind(StrEnum):
    """The type of a webhook event.

    Attributes:
        when: when it is sent, in the words of the API's description.
    """

    when: str

    def __new__(cls, value: str, when: str = "") -> Self:
        """Return the member of a value."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.when = when
        return member

    TICKET_FILED = "ticket.filed", "A request was filed."
    TICKET_VERIFIED = (
        "ticket.verified",
        "The requester's identity, and guardianship, is verified: the clock starts.",
    )
    TICKET_EVIDENCE_RECEIVED = (
        "ticket.evidence_received",
        "Files came after the request was filed.",
    )
    TICKET_EXAMINED = "ticket.examined", "Staff recorded what the files show."
    TICKET_EXAMINATION_LATE = (
        "ticket.examination_late",
        "Files have been unexamined for a working day, while no clock runs.",
    )
    TICKET_ASSIGNED = "ticket.assigned", "The holder changed: another agent, or nobody."
    TICKET_ASKED = (
        "ticket.asked",
        "The requester was asked for more information; the clock keeps running.",
    )
    TICKET_REQUESTER_ANSWERED = "ticket.requester_answered", "The requester answered."
    TICKET_MATERIAL_ADDED = (
        "ticket.material_added",
        "The requester added words or files, or asked something, without being asked.",
    )
    TICKET_DUE_SOON = (
        "ticket.due_soon",
        "Two working days before the due date, and again one day before.",
    )
    TICKET_OVERDUE = "ticket.overdue", "The due date has passed without an answer; sent once."
    TICKET_DUE_CHANGED = (
        "ticket.due_changed",
        "The due date was extended, or a provisional one settled.",
    )
    TICKET_PROPOSED = "ticket.proposed", "A decision waits for a second person to confirm it."
    TICKET_DECIDED = "ticket.decided", "The requester got the decision: the clock stops."
    TICKET_CONFIRMED = (
        "ticket.confirmed",
        "The requester has confirmed the closing of the account.",
    )
    TICKET_RETURNED = (
        "ticket.returned",
        "The decision was reverted by the account service or the requester: the clock runs again.",
    )
    TICKET_HOLD_CHANGED = "ticket.hold_changed", "A legal hold began or ended."
    TICKET_OBJECTED = (
        "ticket.objected",
        "An objection was filed; `linked` is the ticket that it objects to.",
    )
    TICKET_TASK_CREATED = (
        "ticket.task_created",
        "A team is asked to do something; also with a decision that is carried out by hand.",
    )
    TICKET_TASK_TAKEN = "ticket.task_taken", "A member of the team took a task."
    TICKET_TASK_HANDED_BACK = "ticket.task_handed_back", "A member of the team gave a task back."
    TICKET_TASK_CHASED = "ticket.task_chased", "A team was reminded of a task."
    TICKET_TASK_OVERDUE = (
        "ticket.task_overdue",
        "A task has not been answered by its date; sent once.",
    )
    TICKET_TASK_ANSWERED = (
        "ticket.task_answered",
        "A team answered; the last answer that a granted request waits for closes it.",
    )
    TICKET_TASK_WITHDRAWN = (
        "ticket.task_withdrawn",
        "A task was withdrawn, or ended with its request.",
    )
    TICKET_CLOSED = "ticket.closed", "The request is closed; `outcome` says how."
    TICKET_CHANGED = (
        "ticket.changed",
        "Something else that the API shows of it changed, such as a flag.",
    )
    CONVERSATION_QUEUED = "conversation.queued", "A user waits for an agent."
    CONVERSATION_TAKEN = "conversation.taken", "An agent has the conversation."
    CONVERSATION_RETURNED = (
        "conversation.returned",
        "The conversation was handed back to the assistant.",
    )
    CONVERSATION_MESSAGE = (
        "conversation.message",
        "A user wrote, tapped a button or sent files to an agent, or while they wait for one.",
    )
    INCIDENT_PREPARED = (
        "incident.prepared",
        "An incident notice waits for a second person to release it.",
    )
    INCIDENT_RELEASED = "incident.released", "It was released: recipients are being told."
    INCIDENT_PAUSED = "incident.paused", "Sending stopped."
    INCIDENT_RESUMED = "incident.resumed", "Sending went on."
    INCIDENT_SENT = "incident.sent", "Each recipient was told, or could not be."
    INCIDENT_DISCARDED = "incident.discarded", "It was discarded before it was released."
    ENDPOINT_TEST = "endpoint.test", "Somebody requested a test; it goes to that endpoint alone."


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


def _described(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class DateRangeFacts(Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """A range of days in the operator's time zone, both ends included; null for an open end."""

    since: date | None
    until: date | None


class ItemFacts(Struct, frozen=True):
    """An item of a request, as the API shows it."""

    name: str
    only: tuple[DateRangeFacts, ...]
    narrowed: bool
    decision: str
    in_part: bool
    result: str


class DeadlineFacts(Struct, frozen=True):
    """The deadline of a ticket, as the API shows it."""

    date: dt.date
    at: Instant
    zone: str
    calendar: str
    amount: int
    unit: str
    started_at: Instant
    provisional: bool
    first_date: dt.date


class TaskFacts(Struct, frozen=True):
    """A task of a ticket; neither what is asked nor the answer's words."""

    number: Annotated[int, _described("The task's number within the ticket, from 1.")]
    team: Annotated[str, _described("Empty for the desk itself.")]
    items: Annotated[
        tuple[str, ...],
        _described("The names of the items that it concerns; empty for the request as a whole."),
    ]
    state: TaskState
    result: TaskResult | None
    created_at: Instant
    due_date: date
    due_at: Annotated[
        Instant, _described("The first instant at which the answer is late; `due_date` ends then.")
    ]
    ended_at: Instant | None


class TicketFacts(Struct, frozen=True):
    """A ticket as it stood at the event: fields of the API's ticket, and its tasks."""

    id: str
    number: str
    version: Annotated[
        int,
        _described(
            "The version: of two messages about one ticket, the higher one has the newer state."
        ),
    ]
    conversation: str
    kind: RequestKind
    state: TicketState
    outcome: Outcome | None
    filed_through: Annotated[
        FiledThrough,
        _described(
            "By the user in the chat or by mail, by a program of the app for its user, or for"
            " somebody whose identity a person had checked (`attested`)."
        ),
    ]
    received_at: Annotated[
        Instant, _described("When the user began to ask for it; the number is given at its filing.")
    ]
    verified_at: Instant | None
    answered_at: Instant | None
    closed_at: Instant | None
    due: Annotated[DeadlineFacts | None, _described("Null while no deadline runs.")]
    completion: Annotated[
        DeadlineFacts | None,
        _described("Of an approved closing: the deadline of carrying it out."),
    ]
    on_hold: Annotated[bool, _described("Whether a legal hold is on the account.")]
    linked: Annotated[
        str | None, _described("The id of the ticket that it objects to, or duplicates.")
    ]
    items: tuple[ItemFacts, ...]
    tasks: Annotated[
        tuple[TaskFacts, ...], _described("What teams are, or were, asked to do for it.")
    ]


class OwnerFacts(Struct, frozen=True):
    """The owner of a conversation, who may write in it besides the user; no name."""

    kind: OwnerKind
    since: Instant | None
    offset: Annotated[int, _described("The offset at which the owner last changed.")]


class ConversationFacts(Struct, frozen=True):
    """A conversation: fields of the API's conversation."""

    id: str
    owner: OwnerFacts


class MessageFacts(Struct, frozen=True):
    """A message of a user: fields of the API's event; nothing of what it says."""

    conversation: str
    offset: Annotated[int, _described("The offset of the message in its conversation.")]
    sender: Sender
    kind: EventKind
    at: Instant


class IncidentFacts(Struct, frozen=True):
    """An incident notice; neither its name nor its texts nor its recipients."""

    id: str
    version: Annotated[
        int,
        _described(
            "The version: of two messages about one incident, the higher one has the newer state."
        ),
    ]
    state: IncidentState
    audience: Audience
    urgent: bool
    prepared_at: Instant
    released_at: Instant | None
    sent_at: Instant | None


class EndpointFacts(Struct, frozen=True):
    """The endpoint that a test is sent to."""

    id: str


F = TypeVar("F")

Facts = TicketFacts | ConversationFacts | MessageFacts | IncidentFacts | EndpointFacts
SCHEMAS: Final[Mapping[type[Facts], str]] = {
    TicketFacts: "privacydesk.ticket",
    ConversationFacts: "privacydesk.conversation",
    MessageFacts: "privacydesk.message",
    IncidentFacts: "privacydesk.incident",
    EndpointFacts: "privacydesk.endpoint",
}
"""The name of the schema of each kind of facts."""

_FACTS_OF_SUBJECT: Final[Mapping[str, type[Facts]]] = {
    "ticket": TicketFacts,
    "conversation": ConversationFacts,
    "incident": IncidentFacts,
    "endpoint": EndpointFacts,
}
FACTS: Final[Mapping[WebhookEventKind, type[Facts]]] = {
    kind: _FACTS_OF_SUBJECT[kind.value.partition(".")[0]] for kind in WebhookEventKind
} | {WebhookEventKind.CONVERSATION_MESSAGE: MessageFacts}
"""The facts that the messages of each type contain."""


class EventMessage(Struct, Generic[F], frozen=True, kw_only=True, omit_defaults=True):
    """The body of a webhook request; the JSON has the fields in this order."""

    schema: str
    version: int
    id: Annotated[str, msgspec.Meta(pattern="^evt_[0-9a-f]{32}$")]
    type: WebhookEventKind
    timestamp: Annotated[Instant, _described("The time of the change.")]
    test: Annotated[
        bool,
        _described(
            "True in a test that somebody requested: nothing has happened, and `data` is an"
            " example. Absent from all other messages."
        ),
    ] = False
    data: F


class WebhookEvent(Struct, frozen=True):
    """A change of a ticket, a conversation or an incident, to be published.

    Attributes:
        subject_id: ID of the ticket, conversation or incident. An endpoint gets the events of the
            same subject in order.
        position: the event's position in that order.
        is_test: whether it is an example that somebody has sent to an endpoint.
    """

    kind: WebhookEventKind
    subject_id: bytes
    position: int
    facts: Facts
    is_test: bool = False

    def body(self, event_id: bytes, at: datetime) -> bytes:
        """Return the body of the webhook request, the bytes that are signed and sent."""
        return msgspec.json.encode(
            EventMessage(
                schema=SCHEMAS[type(self.facts)],
                version=VERSION,
                id=message_id(event_id),
                type=self.kind,
                timestamp=at.astimezone(UTC),
                test=self.is_test,
                data=self.facts,
            )
        )


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
    if not kinds and before is not None and _shown(before) != _shown(after):
        kinds = (WebhookEventKind.TICKET_CHANGED,)
    if not kinds:
        return ()
    facts = ticket_facts(after)
    return tuple(
        WebhookEvent(kind, after.id, after.version * _POSITIONS_PER_VERSION + index, facts)
        for index, kind in enumerate(kinds)
    )


def webhook_event_of_owner(before: Conversation | None, after: Conversation) -> WebhookEvent | None:
    """Return the event for a conversation's new owner; None if the owner did not change."""
    old_owner, owner = Owner() if before is None else before.owner, after.owner
    if (old_owner.kind, old_owner.agent) == (owner.kind, owner.agent):
        return None
    facts = ConversationFacts(
        after.id.hex(), OwnerFacts(owner.kind, _utc(owner.since), owner.offset)
    )
    return WebhookEvent(_OWNER_EVENTS[owner.kind], after.id, owner.offset, facts)


def webhook_events_of_messages(
    before: Conversation, appended: Collection[Event]
) -> tuple[WebhookEvent, ...]:
    """Return the events for what a user sent to the agent who has the conversation, or who will.

    Args:
        before: the conversation before the job.
        appended: the entries that the job added to its log.
    """
    if before.owner.kind is OwnerKind.ASSISTANT:
        return ()
    name = before.id.hex()
    return tuple(
        WebhookEvent(
            WebhookEventKind.CONVERSATION_MESSAGE,
            before.id,
            event.offset,
            MessageFacts(name, event.offset, event.sender, event.kind, event.at.astimezone(UTC)),
        )
        for event in appended
        if event.sender is Sender.USER
    )


def webhook_event_of_incident(before: Incident | None, after: Incident) -> WebhookEvent | None:
    """Return the event for an incident's new state; None if it is of no concern outside."""
    kind = None if before is None else _INCIDENT_EVENTS.get((before.state, after.state))
    if kind is None:
        return None
    facts = IncidentFacts(
        id=after.id.hex(),
        version=after.version,
        state=after.state,
        audience=after.audience,
        urgent=after.urgent,
        prepared_at=after.prepared_at.astimezone(UTC),
        released_at=_utc(after.released_at),
        sent_at=_utc(after.sent_at),
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
        WebhookEventKind.TICKET_PROPOSED: after.work.proposal is not None
        and after.work.proposal != before.work.proposal,
        WebhookEventKind.TICKET_HOLD_CHANGED: ("hold" in before.flags) != ("hold" in after.flags),
        WebhookEventKind.TICKET_DECIDED: before.answered_at is None
        and after.answered_at is not None,
        WebhookEventKind.TICKET_CONFIRMED: old_state is TicketState.AWAITING_CONFIRMATION
        and state is TicketState.FULFILLING,
        WebhookEventKind.TICKET_RETURNED: state is TicketState.IN_REVIEW
        and old_state in {TicketState.FULFILLING, TicketState.AWAITING_CONFIRMATION},
    }
    return [kind for kind, holds in conditions.items() if holds]


def _shown(ticket: Ticket) -> tuple[object, ...]:
    """Return what the API shows of a ticket, except its version and what depends on the time."""
    facts = msgspec.structs.replace(ticket_facts(ticket), version=0)
    has_proposal = ticket.work.proposal is not None
    return facts, ticket.requester, ticket.locale, ticket.purged_at, ticket.flags, has_proposal


def _due(ticket: Ticket) -> tuple[datetime | None, bool]:
    clock = ticket.clock
    return (None, False) if clock is None else (clock.due_at, clock.provisional)


def ticket_facts(ticket: Ticket) -> TicketFacts:
    """Return the facts of a ticket."""
    return TicketFacts(
        id=ticket.id.hex(),
        number=ticket.number,
        version=ticket.version,
        conversation=ticket.conversation_id.hex(),
        kind=ticket.kind,
        state=ticket.state,
        outcome=ticket.outcome,
        filed_through=ticket.filed_through,
        received_at=ticket.received_at.astimezone(UTC),
        verified_at=_utc(ticket.verified_at),
        answered_at=_utc(ticket.answered_at),
        closed_at=_utc(ticket.closed_at),
        due=deadline_facts(ticket.clock, ticket.work.first_due),
        completion=deadline_facts(ticket.completion),
        on_hold="hold" in ticket.flags,
        linked=None if ticket.linked is None else ticket.linked.hex(),
        items=tuple(item_facts(item) for item in ticket.items),
        tasks=tuple(_task_facts(task, ticket) for task in ticket.tasks),
    )


def deadline_facts(clock: Clock | None, first_date: date | None = None) -> DeadlineFacts | None:
    """Return the facts of a deadline; None if there is none.

    Args:
        clock: the running clock.
        first_date: the due date before any extension; None if it was not extended.
    """
    if clock is None:
        return None
    return DeadlineFacts(
        date=clock.due_date,
        at=clock.due_at.astimezone(UTC),
        zone=clock.zone,
        calendar=clock.calendar,
        amount=clock.amount,
        unit=clock.unit.value,
        started_at=clock.started_at.astimezone(UTC),
        provisional=clock.provisional,
        first_date=first_date or clock.due_date,
    )


def item_facts(item: ScopeItem) -> ItemFacts:
    """Return the facts of an item."""
    return ItemFacts(
        name=item.name,
        only=tuple(DateRangeFacts(span.since, span.until) for span in part_of(item).days),
        narrowed=is_qualified(item),
        decision=item.decision,
        in_part=item.is_granted_in_part,
        result=item.result,
    )


def _task_facts(task: Task, ticket: Ticket) -> TaskFacts:
    return TaskFacts(
        number=task.number,
        team=task.team,
        items=tuple(ticket.items[index].name for index in task.items),
        state=task.state,
        result=task.result,
        created_at=task.created_at.astimezone(UTC),
        due_date=task.due_date,
        due_at=task.due_at.astimezone(UTC),
        ended_at=_utc(task.ended_at),
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
