"""Piles: staff's inbox views of open tickets, and their order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket


class InboxView(StrEnum):
    """An inbox view: a list of open tickets. A ticket may be in several."""

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    DUE_SOON = "due_soon"
    """The answer is due within the next working days, and there is none yet."""
    OVERDUE = "overdue"
    WAITING = "waiting"
    """The requester was asked for something: more facts, or the last word on closing."""
    EXAMINE = "examine"
    """Evidence was handed in and is not examined yet."""
    ESCALATED = "escalated"
    """An agent asked the supervisors to look, and none has answered yet."""
    OBJECTIONS = "objections"
    GUARDED = "guarded"
    """A child or a guardian is concerned."""


class Place(Struct, frozen=True):
    """Where a page of a pile ended and the next one begins.

    Attributes:
        urgent_at: of the last ticket; None if nothing is due on it.
    """

    urgent_at: datetime | None
    ticket: TicketId

    @classmethod
    def of(cls, ticket: Ticket) -> Place:
        """Return a ticket's place."""
        return cls(ticket.urgent_at, ticket.id)


class Sieve(Struct, frozen=True):
    """A filter of a pile.

    Attributes:
        kind: only requests of this kind; None for any.
        locale: only those made in this language; empty for any.
        holder: only those held by this agent, or by nobody if empty; None for any.
    """

    kind: RequestKind | None = None
    locale: str = ""
    holder: str | None = None

    def __bool__(self) -> bool:
        """Whether it filters anything."""
        return self != ALL


ALL = Sieve()


class Watch(Struct, frozen=True):
    """The viewer of the piles and the time, which several of them depend on.

    Attributes:
        agent: whose own tickets ``MINE`` holds.
        now: what is due by now is overdue.
        soon: what is due by then is due soon.
    """

    agent: str
    now: datetime
    soon: datetime


class Filed(Struct, frozen=True):
    """An open ticket, as shown with the conversation it was filed in."""

    number: str
    kind: RequestKind


class Counts(Struct, frozen=True):
    """The numbers of tickets and conversations in each place.

    Attributes:
        tickets: by pile.
        queued: conversations that wait for a person.
        held: conversations that the viewer has.
    """

    tickets: Mapping[InboxView, int]
    queued: int
    held: int = 0
