"""An example of each type of webhook event: published with its schema, and sent as a test of it.

Requests, conversations and incidents of examples do not exist: the number of the request has a
wrong check character.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import EventKind, Sender
from privacydesk.domain.incidents import Audience, IncidentState
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.tasks import TaskResult, TaskState
from privacydesk.domain.ticket import FiledThrough, Outcome, TicketState
from privacydesk.domain.webhook_events import (
    ConversationFacts,
    DateRangeFacts,
    DeadlineFacts,
    EndpointFacts,
    Facts,
    IncidentFacts,
    ItemFacts,
    MessageFacts,
    OwnerFacts,
    TaskFacts,
    TicketFacts,
    WebhookEvent,
    WebhookEventKind,
)

_Kind = WebhookEventKind

_MESSAGE: Final = bytes.fromhex("019e0a4c7f3a7c0e9d0b6a1f2c3d4e5f")
_TICKET: Final = bytes.fromhex("019e0a4c7f397d12a1b2c3d4e5f60718")
_FIRST_TICKET: Final = "019dcb1c20407a55b1c2d3e4f5061728"
_CONVERSATION: Final = "019e0a4b00117a01b2c3d4e5f6071829"
_INCIDENT: Final = "019e0a4d10207b13c2d3e4f506172839"
_ENDPOINT: Final = "019e0a4a90107c24d3e4f50617283940"

_RECEIVED: Final = datetime(2026, 5, 4, 8, 29, 12, tzinfo=UTC)
_VERIFIED: Final = datetime(2026, 5, 4, 8, 30, tzinfo=UTC)
_LATER: Final = datetime(2026, 5, 6, 2, 15, tzinfo=UTC)
_ANSWERED: Final = datetime(2026, 5, 8, 3, 40, tzinfo=UTC)
_CLOSED: Final = datetime(2026, 5, 8, 3, 41, tzinfo=UTC)

_DUE: Final = DeadlineFacts(
    date=date(2026, 5, 13),
    at=datetime(2026, 5, 13, 16, tzinfo=UTC),
    zone="Asia/Shanghai",
    calendar="CN",
    amount=7,
    unit="working_days",
    started_at=_VERIFIED,
    provisional=False,
    first_date=date(2026, 5, 13),
)
_EXTENDED: Final = replace(
    _DUE, date=date(2026, 5, 22), at=datetime(2026, 5, 22, 16, tzinfo=UTC), amount=14
)
_COMPLETION: Final = replace(
    _DUE,
    date=date(2026, 5, 22),
    at=datetime(2026, 5, 22, 16, tzinfo=UTC),
    amount=15,
    unit="days",
    started_at=datetime(2026, 5, 7, 9, 5, tzinfo=UTC),
    first_date=date(2026, 5, 22),
)
_POSTS: Final = ItemFacts(
    name="posts",
    only=(DateRangeFacts(None, date(2025, 12, 31)),),
    narrowed=False,
    decision="",
    in_part=False,
    result="",
)
_GRANTED: Final = replace(_POSTS, decision="grant")
_ACCOUNT: Final = replace(_GRANTED, name="account", only=())
_TASK: Final = TaskFacts(
    number=1,
    team="community",
    items=("posts",),
    state=TaskState.WAITING,
    result=None,
    created_at=_LATER,
    due_date=date(2026, 5, 11),
    due_at=datetime(2026, 5, 11, 16, tzinfo=UTC),
    ended_at=None,
)

_FILED: Final = TicketFacts(
    id=_TICKET.hex(),
    number="PD-7KQ4-M29X-3HC",
    version=1,
    conversation=_CONVERSATION,
    kind=RequestKind.DELETION,
    state=TicketState.AWAITING_VERIFICATION,
    outcome=None,
    filed_through=FiledThrough.CHAT,
    received_at=_RECEIVED,
    verified_at=None,
    answered_at=None,
    closed_at=None,
    due=None,
    completion=None,
    on_hold=False,
    linked=None,
    items=(_POSTS,),
    tasks=(),
)
_HANDED_IN: Final = replace(_FILED, version=2)
_IN_REVIEW: Final = replace(
    _FILED, version=2, state=TicketState.IN_REVIEW, verified_at=_VERIFIED, due=_DUE
)
_WORKED_ON: Final = replace(_IN_REVIEW, version=3)
_DECIDED: Final = replace(
    _IN_REVIEW,
    version=5,
    state=TicketState.FULFILLING,
    answered_at=_ANSWERED,
    items=(_GRANTED,),
)


def _with_task(version: int, **changes: Any) -> TicketFacts:
    return replace(_IN_REVIEW, version=version, tasks=(replace(_TASK, **changes),))


def _owned_by(kind: OwnerKind, minute: int, offset: int) -> ConversationFacts:
    since = datetime(2026, 5, 4, 8, minute, tzinfo=UTC)
    return ConversationFacts(_CONVERSATION, OwnerFacts(kind, since, offset))


_DRAFT: Final = IncidentFacts(
    id=_INCIDENT,
    version=2,
    state=IncidentState.DRAFT,
    audience=Audience.LIST,
    urgent=True,
    prepared_at=_RECEIVED,
    released_at=None,
    sent_at=None,
)
_SENDING: Final = replace(_DRAFT, version=3, state=IncidentState.SENDING, released_at=_VERIFIED)

_FACTS: Final[Mapping[WebhookEventKind, Facts]] = MappingProxyType(
    {
        _Kind.TICKET_FILED: _FILED,
        _Kind.TICKET_VERIFIED: _IN_REVIEW,
        _Kind.TICKET_EVIDENCE_RECEIVED: _HANDED_IN,
        _Kind.TICKET_EXAMINED: replace(_HANDED_IN, version=3),
        _Kind.TICKET_EXAMINATION_LATE: _HANDED_IN,
        _Kind.TICKET_ASSIGNED: _WORKED_ON,
        _Kind.TICKET_ASKED: replace(_WORKED_ON, state=TicketState.AWAITING_REQUESTER),
        _Kind.TICKET_REQUESTER_ANSWERED: replace(_WORKED_ON, version=4),
        _Kind.TICKET_MATERIAL_ADDED: _WORKED_ON,
        _Kind.TICKET_DUE_SOON: _WORKED_ON,
        _Kind.TICKET_OVERDUE: replace(_WORKED_ON, version=4),
        _Kind.TICKET_DUE_CHANGED: replace(_WORKED_ON, due=_EXTENDED),
        _Kind.TICKET_DECIDED: _DECIDED,
        _Kind.TICKET_CONFIRMED: replace(
            _DECIDED,
            version=6,
            kind=RequestKind.DEREGISTRATION,
            completion=_COMPLETION,
            items=(_ACCOUNT,),
        ),
        _Kind.TICKET_RETURNED: replace(_WORKED_ON, version=6),
        _Kind.TICKET_PROPOSED: _WORKED_ON,
        _Kind.TICKET_CHANGED: _WORKED_ON,
        _Kind.TICKET_HOLD_CHANGED: replace(_WORKED_ON, on_hold=True),
        _Kind.TICKET_OBJECTED: replace(_IN_REVIEW, version=1, linked=_FIRST_TICKET),
        _Kind.TICKET_TASK_CREATED: _with_task(3),
        _Kind.TICKET_TASK_TAKEN: _with_task(4, state=TaskState.TAKEN),
        _Kind.TICKET_TASK_HANDED_BACK: _with_task(5),
        _Kind.TICKET_TASK_CHASED: _with_task(4),
        _Kind.TICKET_TASK_OVERDUE: _with_task(4),
        _Kind.TICKET_TASK_ANSWERED: _with_task(
            5, state=TaskState.ANSWERED, result=TaskResult.DONE, ended_at=_ANSWERED
        ),
        _Kind.TICKET_TASK_WITHDRAWN: _with_task(4, state=TaskState.WITHDRAWN, ended_at=_ANSWERED),
        _Kind.TICKET_CLOSED: replace(
            _DECIDED,
            version=6,
            state=TicketState.CLOSED,
            outcome=Outcome.FULFILLED,
            closed_at=_CLOSED,
            items=(replace(_GRANTED, result="done"),),
        ),
        _Kind.CONVERSATION_QUEUED: _owned_by(OwnerKind.QUEUE, 31, 12),
        _Kind.CONVERSATION_TAKEN: _owned_by(OwnerKind.AGENT, 32, 13),
        _Kind.CONVERSATION_RETURNED: _owned_by(OwnerKind.ASSISTANT, 45, 20),
        _Kind.CONVERSATION_MESSAGE: MessageFacts(
            _CONVERSATION,
            14,
            Sender.USER,
            EventKind.TEXT,
            datetime(2026, 5, 4, 8, 33, tzinfo=UTC),
        ),
        _Kind.INCIDENT_PREPARED: _DRAFT,
        _Kind.INCIDENT_RELEASED: _SENDING,
        _Kind.INCIDENT_PAUSED: replace(_SENDING, version=4, state=IncidentState.PAUSED),
        _Kind.INCIDENT_RESUMED: replace(_SENDING, version=5),
        _Kind.INCIDENT_SENT: replace(
            _SENDING, version=6, state=IncidentState.SENT, sent_at=_ANSWERED
        ),
        _Kind.INCIDENT_DISCARDED: replace(_DRAFT, version=3, state=IncidentState.DISCARDED),
        _Kind.ENDPOINT_TEST: EndpointFacts(_ENDPOINT),
    }
)


def example_facts(kind: WebhookEventKind) -> Facts:
    """Return the data of the example of an event type."""
    return _FACTS[kind]


def example_message(kind: WebhookEventKind) -> dict[str, Any]:
    """Return an example of the message of an event type, as JSON values."""
    is_test = kind is WebhookEventKind.ENDPOINT_TEST
    event = WebhookEvent(kind, _TICKET, 0, _FACTS[kind], is_test=is_test)
    message: dict[str, Any] = msgspec.json.decode(event.body(_MESSAGE, _VERIFIED))
    return message
