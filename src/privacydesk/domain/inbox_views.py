"""Inbox views: the lists of open tickets for staff, with their filter and pagination."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket


class InboxView(StrEnum):
    """A view of the inbox: a list of tickets. A ticket may be in several views.

    All but ``FINISHED_VIEWS`` list open tickets alone.
    """

    OPEN = "open"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    DUE_SOON = "due_soon"
    """Undecided, and the answer is due within the next working days."""
    OVERDUE = "overdue"
    WAITING = "waiting"
    """The requester was asked for information, or to confirm the closing of the account."""
    EXAMINE = "examine"
    """It has evidence that is not examined yet."""
    ESCALATED = "escalated"
    """An agent asked the supervisors, and none of them has answered yet."""
    OBJECTIONS = "objections"
    GUARDED = "guarded"
    """A minor or a guardian is involved."""
    CLOSED = "closed"
    """Closed within ``CLOSED_DAYS``."""
    DECIDED = "decided"
    """Decided by the viewing agent; some are still being carried out."""


FINISHED_VIEWS: Final = frozenset({InboxView.CLOSED, InboxView.DECIDED})
"""The views that show what was done, instead of what is to be done."""
CLOSED_DAYS: Final = 30
"""For how many days the view ``CLOSED`` lists a ticket."""


class InboxSort(StrEnum):
    """The order in which an inbox view lists its tickets."""

    DUE = "due"
    """The most urgent first; tickets without a due date come last."""
    RECEIVED = "received"
    """The newest first."""
    WAITING = "waiting"
    """Those received the longest ago first."""
    CLOSED = "closed"
    """Those closed last first; the order of the view ``CLOSED``."""
    DECIDED = "decided"
    """Those decided last first; the order of the view ``DECIDED``."""

    def time_of(self, ticket: Ticket) -> datetime | None:
        """Return the time by which a ticket is sorted; None if it has none."""
        match self:
            case InboxSort.DUE:
                return ticket.urgent_at
            case InboxSort.CLOSED:
                return ticket.closed_at
            case InboxSort.DECIDED:
                return ticket.answered_at
            case _:
                return ticket.received_at


def sorts_of(view: InboxView) -> tuple[InboxSort, ...]:
    """Return the orders that a view can be listed in, the usual one first."""
    match view:
        case InboxView.CLOSED:
            return (InboxSort.CLOSED,)
        case InboxView.DECIDED:
            return (InboxSort.DECIDED,)
        case _:
            return (InboxSort.DUE, InboxSort.RECEIVED, InboxSort.WAITING)


class PageCursor(Struct, frozen=True):
    """The end of a page of an inbox view, from which the next page continues.

    Attributes:
        at: the time by which the last ticket of the page is sorted; None if it has no due date.
        ticket: ID of the last ticket of the page.
    """

    at: datetime | None
    ticket: TicketId

    @classmethod
    def of(cls, ticket: Ticket, sort: InboxSort = InboxSort.DUE) -> PageCursor:
        """Return the cursor of a page that ends with a ticket."""
        return cls(sort.time_of(ticket), ticket.id)


class TaskFilter(StrEnum):
    """Which tasks a ticket of a filtered inbox view has."""

    OPEN = "open"
    """One whose answer is waited for."""
    OVERDUE = "overdue"
    """An open one whose day has passed."""


class InboxFilter(Struct, frozen=True):
    """A filter for the tickets of an inbox view.

    Attributes:
        kind: only tickets of this kind; None for any.
        locale: only tickets filed in this language; empty for any.
        holder: only tickets held by this agent, or unassigned ones if empty; None for any.
        incident: only tickets filed after its requester was told of this incident, by its id in
            hex; empty for any.
        task: only tickets that have such a task; None for any.
        team: with ``task``, only tasks of this team, or of the desk itself if empty; None for any.
    """

    kind: RequestKind | None = None
    locale: str = ""
    holder: str | None = None
    incident: str = ""
    task: TaskFilter | None = None
    team: str | None = None

    def __bool__(self) -> bool:
        """Whether it filters anything."""
        return self != NO_FILTER


NO_FILTER = InboxFilter()


class InboxListing(Struct, frozen=True):
    """Which tickets a page of the inbox lists, in which order."""

    view: InboxView
    inbox_filter: InboxFilter = NO_FILTER
    sort: InboxSort = InboxSort.DUE


class ViewerContext(Struct, frozen=True):
    """The viewer and the time, which several inbox views depend on.

    Attributes:
        agent: the viewing agent, whose tickets are in ``MINE``.
        now: tickets due by this time are overdue.
        soon: tickets due by this time are due soon.
    """

    agent: str
    now: datetime
    soon: datetime

    @property
    def closed_since(self) -> datetime:
        """The time since which tickets that were closed are in ``CLOSED``."""
        return self.now - timedelta(days=CLOSED_DAYS)


class TicketSummary(Struct, frozen=True):
    """An open ticket, as listed with its conversation."""

    number: str
    kind: RequestKind


class OpenWork(Struct, frozen=True):
    """The number of open tickets with the same holder and the same due time.

    Attributes:
        holder: name of the agent who holds them; empty if nobody does.
        urgent_at: when their answers become overdue; None if no answer is due.
    """

    holder: str
    urgent_at: datetime | None
    count: int


class TicketPage(Struct, frozen=True):
    """A page of tickets of an inbox view.

    Attributes:
        tickets: the readable tickets, in order.
        versions: the id and version of each row of the page, in order, unreadable ones included.
    """

    tickets: tuple[Ticket, ...]
    versions: tuple[tuple[TicketId, int], ...]


class InboxCounts(Struct, frozen=True):
    """The numbers of tickets and conversations shown beside the inbox views.

    Attributes:
        tickets: number of tickets by inbox view, without ``FINISHED_VIEWS``.
        queued: number of conversations that wait for an agent.
        assigned: number of conversations assigned to the viewer.
    """

    tickets: Mapping[InboxView, int]
    queued: int
    assigned: int = 0
