"""Request and response models for tickets."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from pydantic import Field, JsonValue

from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import DayReason
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.scopes import is_qualified, part_of
from privacydesk.domain.ticket import Outcome, Requester, ScopeItem, Ticket, TicketState
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.web.api.values import (
    PAGE,
    Asked,
    Cursor,
    Instant,
    Limit,
    Told,
)

# -- requests --------------------------------------------------------------------------------------


class TicketQuery(Asked):
    """Which tickets."""

    state: tuple[TicketState, ...] = Field(
        default=(), max_length=len(TicketState), description="Only these; may be repeated."
    )
    kind: tuple[RequestKind, ...] = Field(
        default=(), max_length=len(RequestKind), description="Only these; may be repeated."
    )
    holder: Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x20]*$")] | None = Field(
        default=None, description="Only what this one holds; what nobody holds when empty."
    )
    limit: Limit = PAGE
    cursor: Cursor | None = Field(default=None, description="The `next` of the page before.")


# -- responses -------------------------------------------------------------------------------------


class DueTold(Told):
    """The clock that leads."""

    date: dt.date
    at: Instant = Field(description="The first instant that is late.")
    zone: str = Field(description="The zone of `date`.")
    calendar: str
    amount: int
    unit: str
    started_at: Instant
    provisional: bool = Field(
        description="The date may move: the holidays of its year are not published yet."
    )
    first_date: dt.date = Field(description="What was promised before more time was given.")


class SpanTold(Told):
    """Days of the operator's zone, both ends included; null where open."""

    since: dt.date | None = Field(serialization_alias="from")
    until: dt.date | None = Field(serialization_alias="to")


class ItemTold(Told):
    """One thing that is asked for."""

    name: str
    only: tuple[SpanTold, ...] = Field(description="The days it is limited to; empty for any.")
    narrowed: bool = Field(
        description="Whether words narrow it further; they stand in `detail` of its details."
    )
    decision: str = Field(description="`grant` or `refuse`; empty until it is decided.")
    result: str = Field(description="What the account service answered for it.")


class TicketTold(Told):
    """A ticket without a word of what people wrote or are called."""

    number: str
    version: int = Field(description="Also the entity tag.")
    conversation: str
    kind: RequestKind
    state: TicketState
    outcome: Outcome | None
    requester: Requester
    locale: str = Field(description="The language its requester is answered in.")
    received_at: Instant
    verified_at: Instant | None
    answered_at: Instant | None
    closed_at: Instant | None
    purged_at: Instant | None = Field(description="From then on this is all that is left of it.")
    due: DueTold | None = Field(description="Null while no clock runs.")
    late: bool = Field(description="Whether the answer is, or came, after the first date.")
    holder: str = Field(description="Empty while nobody holds it.")
    items: tuple[ItemTold, ...]
    flags: tuple[str, ...]
    proposed: bool = Field(description="A decision waits for a second pair of eyes.")


class TicketPage(Told):
    """Tickets by due date, those without one last."""

    tickets: tuple[TicketTold, ...]
    next: str | None = Field(description="Where the next page begins; null on the last one.")
    damaged: tuple[str, ...] = Field(
        description="Numbers of tickets that can't be read and are on no page; staff are told."
    )


class DayTold(Told):
    """One day of the count."""

    date: dt.date
    working: bool
    count: int | None = Field(description="0 on the first day; null on a day that is not counted.")
    reason: DayReason
    name: str | None = Field(description="The holiday, where there is one.")


class DaysTold(Told):
    """The leading clock, counted day by day."""

    due: DueTold | None
    days: tuple[DayTold, ...]


class EntryTold(Told):
    """One entry of a ticket's log."""

    at: Instant
    by: str
    what: str
    words: str | None = Field(description="Null without the scope `tickets:details`.")


class LogTold(Told):
    """What happened to a ticket, the oldest first."""

    entries: tuple[EntryTold, ...]


class ItemDetails(ItemTold):
    """One thing that is asked for, with what it says of a person."""

    detail: dict[str, JsonValue] = Field(
        description="What exactly. `only` and `but` hold what is asked for and what stays of it, as"
        " days (`from`, `to`) and the requester's words (`qualifier`); `words` were not understood."
    )
    ground: Ground | None
    reason: str


class DetailsTold(Told):
    """What a ticket says of a person."""

    number: str
    account: str
    contact: str
    items: tuple[ItemDetails, ...]
    answers: dict[str, JsonValue] = Field(
        description="What the requester was asked besides; `opening` is the message it began with."
    )


class FileTold(Told):
    """A file that was handed in."""

    id: str
    name: str
    media_type: str
    size: int
    handed_in_at: Instant
    removed_at: Instant | None = Field(description="When its content went; it can't be opened.")


class FilesTold(Told):
    """What was handed in for a ticket."""

    files: tuple[FileTold, ...]


def ticket_told(ticket: Ticket, *, late: bool) -> TicketTold:
    """Return a ticket as shown to all who may see tickets."""
    return TicketTold(
        number=ticket.number,
        version=ticket.version,
        conversation=ticket.conversation_id.hex(),
        kind=ticket.kind,
        state=ticket.state,
        outcome=ticket.outcome,
        requester=ticket.requester,
        locale=ticket.locale,
        received_at=ticket.received_at,
        verified_at=ticket.verified_at,
        answered_at=ticket.answered_at,
        closed_at=ticket.closed_at,
        purged_at=ticket.purged_at,
        due=due_told(ticket),
        late=late,
        holder=ticket.holder,
        items=tuple(ItemTold(**item_told(item)) for item in ticket.items),
        flags=tuple(sorted(ticket.flags)),
        proposed=proposal_of(ticket) is not None,
    )


def item_told(item: ScopeItem) -> dict[str, Any]:
    """Return an item as shown to all who may see tickets."""
    return {
        "name": item.name,
        "only": tuple(SpanTold(since=span.since, until=span.until) for span in part_of(item).days),
        "narrowed": is_qualified(item),
        "decision": item.decision,
        "result": item.result,
    }


def due_told(ticket: Ticket) -> DueTold | None:
    """Return the leading clock; None while none runs."""
    clock: Clock | None = ticket.clock
    if clock is None:
        return None
    return DueTold(
        date=clock.due_date,
        at=clock.due_at,
        zone=clock.zone,
        calendar=clock.calendar,
        amount=clock.amount,
        unit=clock.unit.value,
        started_at=clock.started_at,
        provisional=clock.provisional,
        first_date=ticket.work.first_due or clock.due_date,
    )
