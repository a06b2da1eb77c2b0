"""News for other systems: what happened to a ticket or a conversation, without content.

Derived from what a job changed, in the job's own transaction, so that no move can be missed. A
message names ids, kind, items, state and dates; never what anybody said, a code, or who somebody
is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from privacydesk.domain.conversation import Conversation, Owner, OwnerKind
from privacydesk.domain.scopes import is_qualified, part_of
from privacydesk.domain.ticket import DueKind, ScopeItem, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move

VERSION: Final = 1
"""The version of both schemas. Fields may be added under it; nothing else changes."""


class NewsKind(StrEnum):
    """What an endpoint may subscribe to."""

    TICKET_FILED = "ticket.filed"
    TICKET_VERIFIED = "ticket.verified"
    """Identity (and guardianship) is shown: the clock runs."""
    TICKET_EVIDENCE_RECEIVED = "ticket.evidence_received"
    TICKET_EXAMINED = "ticket.examined"
    TICKET_EXAMINATION_LATE = "ticket.examination_late"
    """Evidence has lain unexamined for a working day, while no clock runs."""
    TICKET_ASSIGNED = "ticket.assigned"
    """Another agent holds it, or nobody does."""
    TICKET_ASKED = "ticket.asked"
    """The requester was asked for more; the clock runs on."""
    TICKET_REQUESTER_ANSWERED = "ticket.requester_answered"
    TICKET_DUE_SOON = "ticket.due_soon"
    """Two working days ahead, and one."""
    TICKET_OVERDUE = "ticket.overdue"
    TICKET_DUE_CHANGED = "ticket.due_changed"
    TICKET_DECIDED = "ticket.decided"
    """The answer is committed to the requester: the clock stops."""
    TICKET_CONFIRMED = "ticket.confirmed"
    """The requester has confirmed the closing of the account."""
    TICKET_RETURNED = "ticket.returned"
    """A decision was taken back, by the account service or the requester: the clock runs again."""
    TICKET_HOLD_CHANGED = "ticket.hold_changed"
    TICKET_OBJECTED = "ticket.objected"
    """Somebody objects; ``linked`` is the ticket objected to."""
    TICKET_CLOSED = "ticket.closed"
    CONVERSATION_QUEUED = "conversation.queued"
    """Somebody waits for a person."""
    CONVERSATION_TAKEN = "conversation.taken"
    CONVERSATION_RETURNED = "conversation.returned"
    """The assistant speaks again."""
    ENDPOINT_TEST = "endpoint.test"
    """Sent when somebody asks for it; every endpoint gets its own."""


SUBSCRIBABLE: Final = tuple(kind for kind in NewsKind if kind is not NewsKind.ENDPOINT_TEST)

_PLACES: Final = 32
"""More messages than one change of a ticket can cause."""
_OWNERS: Final = {
    OwnerKind.QUEUE: NewsKind.CONVERSATION_QUEUED,
    OwnerKind.AGENT: NewsKind.CONVERSATION_TAKEN,
    OwnerKind.ASSISTANT: NewsKind.CONVERSATION_RETURNED,
}
_CAME_DUE: Final = {
    DueKind.REMIND_TWO.value: NewsKind.TICKET_DUE_SOON,
    DueKind.REMIND_ONE.value: NewsKind.TICKET_DUE_SOON,
    DueKind.OVERDUE.value: NewsKind.TICKET_OVERDUE,
    DueKind.EVIDENCE_WAITING.value: NewsKind.TICKET_EXAMINATION_LATE,
}
_SAID: Final = _CAME_DUE | {
    Move.ASK_REQUESTER.value: NewsKind.TICKET_ASKED,
    Move.HAND_IN.value: NewsKind.TICKET_EVIDENCE_RECEIVED,
    "examine": NewsKind.TICKET_EXAMINED,
}
"""Entries of a ticket's log that are news even where its state did not change."""


class DayFacts(Struct, frozen=True, rename={"since": "from", "until": "to"}):
    """Days of the operator's zone, both ends included; None where open."""

    since: date | None
    until: date | None


class ItemFacts(Struct, frozen=True):
    """The published facts of one requested item.

    Attributes:
        only: the days it is limited to; empty without a limit.
        narrowed: whether words narrow it further; only the API's details show them.
    """

    name: str
    only: tuple[DayFacts, ...]
    narrowed: bool


class TicketFacts(Struct, frozen=True):
    """The published facts of a ticket: what its record keeps for good, and the days of its items.

    Attributes:
        sequence: the ticket's version; of two messages the higher one is the newer state.
        due_at: the instant at which an answer is late; ``due_date`` is the day before it.
        linked: the ticket objected to, or repeated.
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


class ConversationFacts(Struct, frozen=True):
    """The published facts of a conversation.

    Attributes:
        owner: who may speak besides the user: ``assistant``, ``queue`` or ``agent``.
        sequence: the offset at which that changed.
    """

    conversation_id: str
    sequence: int
    owner: str
    since: datetime | None


class EndpointFacts(Struct, frozen=True):
    """The published fact of a test: which endpoint it was meant for."""

    endpoint_id: str


Facts = TicketFacts | ConversationFacts | EndpointFacts
_SCHEMAS: Final[dict[type[Facts], str]] = {
    TicketFacts: "privacydesk.ticket",
    ConversationFacts: "privacydesk.conversation",
    EndpointFacts: "privacydesk.endpoint",
}


class _Message(Struct, frozen=True):
    """A message as it is posted; the order of its fields is that of the JSON."""

    schema: str
    version: int
    id: str
    type: str
    timestamp: datetime
    data: Facts


class News(Struct, frozen=True):
    """One thing that happened.

    Attributes:
        about: the ticket or conversation: messages about one reach an endpoint in order.
        place: its place in that order.
    """

    kind: NewsKind
    about: bytes
    place: int
    facts: Facts

    def body(self, event_id: bytes, at: datetime) -> bytes:
        """Return the message: the bytes that are signed and posted, the same at each try."""
        schema = _SCHEMAS[type(self.facts)]
        name = message_id(event_id)
        return msgspec.json.encode(_Message(schema, VERSION, name, self.kind.value, at, self.facts))


def message_id(event_id: bytes) -> str:
    """Return an event's id as receivers see it, in the header and in the message."""
    return f"evt_{event_id.hex()}"


def news_of_ticket(
    before: Ticket | None, after: Ticket, entries: Collection[str]
) -> tuple[News, ...]:
    """Return the news in a job's change of a ticket, in order of sending.

    Args:
        before: the ticket before the job; None for a new one.
        after: as the job left it.
        entries: the names of the job's entries in the ticket's log.
    """
    kinds = tuple(dict.fromkeys((*_filed(before, after), *_noted(entries), *_moved(before, after))))
    if not kinds:
        return ()
    facts = _facts(after)
    return tuple(
        News(kind, after.id, after.version * _PLACES + place, facts)
        for place, kind in enumerate(kinds)
    )


def news_of_owner(before: Conversation | None, after: Conversation) -> News | None:
    """Return the news of a conversation's new owner; None when the owner did not change."""
    was, owner = Owner() if before is None else before.owner, after.owner
    if (was.kind, was.agent) == (owner.kind, owner.agent):
        return None
    facts = ConversationFacts(after.id.hex(), owner.offset, owner.kind.value, owner.since)
    return News(_OWNERS[owner.kind], after.id, owner.offset, facts)


def _filed(before: Ticket | None, after: Ticket) -> list[NewsKind]:
    if before is not None:
        return []
    objected = [NewsKind.TICKET_OBJECTED] if "objection" in after.flags else []
    return [NewsKind.TICKET_FILED, *objected]


def _noted(entries: Collection[str]) -> list[NewsKind]:
    return [_SAID[what] for what in entries if what in _SAID]


def _moved(before: Ticket | None, after: Ticket) -> list[NewsKind]:
    """Return the news in a ticket's new state; of a new ticket, in its first one."""
    kinds = []
    if after.verified_at is not None and (before is None or before.verified_at is None):
        kinds.append(NewsKind.TICKET_VERIFIED)
    if before is not None:
        kinds += _changed(before, after)
    if not after.is_open and (before is None or before.is_open):
        kinds.append(NewsKind.TICKET_CLOSED)
    return kinds


def _changed(before: Ticket, after: Ticket) -> list[NewsKind]:
    was, now = before.state, after.state
    happened = {
        NewsKind.TICKET_REQUESTER_ANSWERED: was is TicketState.AWAITING_REQUESTER
        and now is TicketState.IN_REVIEW,
        NewsKind.TICKET_ASSIGNED: before.holder != after.holder,
        NewsKind.TICKET_DUE_CHANGED: before.clock is not None and _due(before) != _due(after),
        NewsKind.TICKET_HOLD_CHANGED: ("hold" in before.flags) != ("hold" in after.flags),
        NewsKind.TICKET_DECIDED: before.answered_at is None and after.answered_at is not None,
        NewsKind.TICKET_CONFIRMED: was is TicketState.AWAITING_CONFIRMATION
        and now is TicketState.FULFILLING,
        NewsKind.TICKET_RETURNED: now is TicketState.IN_REVIEW
        and was in {TicketState.FULFILLING, TicketState.AWAITING_CONFIRMATION},
    }
    return [kind for kind, true in happened.items() if true]


def _due(ticket: Ticket) -> tuple[datetime | None, bool]:
    clock = ticket.clock
    return (None, False) if clock is None else (clock.due_at, clock.provisional)


def _facts(ticket: Ticket) -> TicketFacts:
    clock = ticket.clock
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
        items=tuple(_item(one) for one in ticket.items),
    )


def _item(item: ScopeItem) -> ItemFacts:
    return ItemFacts(
        name=item.name,
        only=tuple(DayFacts(span.since, span.until) for span in part_of(item).days),
        narrowed=is_qualified(item),
    )
