"""Request and response models for tickets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any

from msgspec.structs import asdict
from pydantic import Field, JsonValue

from privacydesk.domain.deadlines import Day, DayReason
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import (
    FiledThrough,
    Outcome,
    Requester,
    ScopeItem,
    Ticket,
    TicketState,
)
from privacydesk.domain.webhook_events import deadline_facts, item_facts, ticket_facts
from privacydesk.services.staff.decisions import proposal_of
from privacydesk.web.api.schemas import (
    DEFAULT_PAGE_SIZE,
    Cursor,
    PageSize,
    RequestModel,
    ResponseModel,
    Timestamp,
    TimestampInput,
)

# -- requests --------------------------------------------------------------------------------------


class TicketQuery(RequestModel):
    """The filters of a list of tickets."""

    state: tuple[TicketState, ...] = Field(
        default=(), max_length=len(TicketState), description="Only these states; may be repeated."
    )
    kind: tuple[RequestKind, ...] = Field(
        default=(), max_length=len(RequestKind), description="Only these kinds; may be repeated."
    )
    holder: Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x20]*$")] | None = Field(
        default=None, description="Only tickets of this holder; if empty, only unassigned tickets."
    )
    updated_since: TimestampInput | None = Field(
        default=None,
        description="Only tickets with an entry in their log from this time on: a change, a note or"
        " a reply. Entries may be made a few seconds before they can be read, so let the times of"
        " two requests overlap.",
    )
    limit: PageSize = DEFAULT_PAGE_SIZE
    cursor: Cursor | None = Field(default=None, description="The `next` of the previous page.")


# -- responses -------------------------------------------------------------------------------------


class DeadlineResponse(ResponseModel):
    """The deadline of a ticket; if several apply, the decisive one."""

    date: dt.date
    at: Timestamp = Field(description="The end of the deadline: answers from then on are late.")
    zone: str = Field(description="The time zone of `date`.")
    calendar: str
    amount: int
    unit: str
    started_at: Timestamp
    provisional: bool = Field(
        description="Whether the date may change: the holidays of its year aren't published yet."
    )
    first_date: dt.date = Field(description="The due date before any extension.")


class DateRangeResponse(ResponseModel):
    """A range of days in the operator's time zone, both ends included; null for an open end."""

    since: dt.date | None = Field(serialization_alias="from")
    until: dt.date | None = Field(serialization_alias="to")


class ItemResponse(ResponseModel):
    """An item of a request."""

    name: str
    only: tuple[DateRangeResponse, ...] = Field(
        description="The days that it is limited to; empty for no limit."
    )
    narrowed: bool = Field(
        description="Whether the requester's words limit it further; `detail` has these words."
    )
    decision: str = Field(description="`grant` or `refuse`; empty before the decision.")
    in_part: bool = Field(description="Whether only a part of it is granted and the rest refused.")
    result: str = Field(description="The result that the account service reported for it.")


class TicketResponse(ResponseModel):
    """A ticket without texts and names of persons."""

    id: str
    number: str
    version: int = Field(description="The version; also the entity tag.")
    conversation: str
    kind: RequestKind
    state: TicketState
    outcome: Outcome | None
    requester: Requester
    filed_through: FiledThrough = Field(
        description="By the user in the chat or by mail, by a program of the app for its user, or"
        " for somebody whose identity a person had checked (`attested`)."
    )
    locale: str = Field(description="The locale in which the requester is answered.")
    received_at: Timestamp = Field(
        description="When the user began to ask for it; the number is given at its filing."
    )
    verified_at: Timestamp | None
    answered_at: Timestamp | None
    closed_at: Timestamp | None
    purged_at: Timestamp | None = Field(
        description="When its content was deleted; only these fields remain."
    )
    due: DeadlineResponse | None = Field(description="Null while no deadline runs.")
    late: bool = Field(
        description="Whether the ticket is overdue or was answered late, by `first_date`."
    )
    internal_date: dt.date | None = Field(
        description="The operator's own date ahead of the running deadline, for staff alone.",
    )
    completion: DeadlineResponse | None = Field(
        description="Of an approved closing: the deadline of carrying it out."
    )
    completed_late: bool = Field(
        description="Whether that closing is overdue or was carried out late."
    )
    holder: str = Field(description="Empty while the ticket is unassigned.")
    items: tuple[ItemResponse, ...]
    flags: tuple[str, ...] = Field(
        description="Whom it concerns: `guardian`, `minor`, `under_14`, `exactly_14`,"
        " `teen`, `adult`. What it is: `objection`, `document` (files are attached), `escalated`,"
        " `hold`, `disowned` (its user never asked for it). How it came in: `by_mail`, `by_app`,"
        " `attested`. Others may be added."
    )
    on_hold: bool = Field(description="Whether a legal hold is on the account.")
    linked: str | None = Field(
        description="The id of the ticket that it objects to, or duplicates."
    )
    proposed: bool = Field(description="Whether a decision awaits confirmation by a second person.")


class TicketPage(ResponseModel):
    """Tickets in order of their due dates; those without one come last."""

    tickets: tuple[TicketResponse, ...]
    next: str | None = Field(description="The `cursor` of the next page; null on the last page.")
    damaged: tuple[str, ...] = Field(
        description="Numbers of tickets that can't be read and are on no page; staff are alerted."
    )


class DayResponse(ResponseModel):
    """A day of the day count."""

    date: dt.date
    working: bool
    count: int | None = Field(description="0 on the first day; null for a day that does not count.")
    reason: DayReason
    name: str | None = Field(description="The name of the holiday; null if it is none.")


class DayCountResponse(ResponseModel):
    """The deadline of a ticket, with its day count."""

    due: DeadlineResponse | None
    days: tuple[DayResponse, ...]


class LogEntryResponse(ResponseModel):
    """An entry of a ticket's log."""

    at: Timestamp
    by: str
    what: str = Field(
        description="Such as `filed`, `verify`, `claim`, `assign`, `note`, `reply`,"
        " `ask_requester`, `requester_answered`, `hand_in`, `examine`, `extend`, `proposed`,"
        " `grant`, `refuse`, `notice`, `minor_found`; a detail may follow a colon. Others may come."
    )
    words: str | None = Field(description="Null without the scope `tickets:details`.")


class LogResponse(ResponseModel):
    """The log of a ticket, oldest entry first."""

    entries: tuple[LogEntryResponse, ...]


class ItemDetailsResponse(ItemResponse):
    """An item of a request, with its personal data."""

    detail: dict[str, JsonValue] = Field(
        description="What is requested. `only` and `but` are what is included and excluded, as"
        " days (`from`, `to`) and the requester's words (`qualifier`); `words` could not be parsed."
    )
    ground: Ground | None
    reason: str
    granted: str = Field(default="", description="Which part is granted, if only a part is.")


class TicketDetailsResponse(ResponseModel):
    """The personal data of a ticket."""

    number: str
    account: str
    contact: str
    held_from: tuple[str, ...] = Field(
        default=(),
        description="Numbers of the requests from which a legal hold on the account was set. While"
        " there is one, nothing of the account can be deleted, closed or unbound.",
    )
    items: tuple[ItemDetailsResponse, ...]
    answers: dict[str, JsonValue] = Field(
        description="Further answers of the requester; `opening` is their first message."
    )


class EvidenceFileResponse(ResponseModel):
    """A file that the requester submitted as evidence."""

    id: str
    name: str
    media_type: str
    size: int
    handed_in_at: Timestamp
    removed_at: Timestamp | None = Field(
        description="When its content was removed; it can't be opened any more."
    )


class EvidenceListResponse(ResponseModel):
    """The evidence files of a ticket."""

    files: tuple[EvidenceFileResponse, ...]


def ticket_response(
    ticket: Ticket, now: dt.datetime, internal_date: dt.date | None
) -> TicketResponse:
    """Return the response model of a ticket.

    Args:
        ticket: the ticket.
        now: the current time.
        internal_date: the operator's own date ahead of the running deadline.
    """
    return TicketResponse(
        **asdict(ticket_facts(ticket)),
        requester=ticket.requester,
        locale=ticket.locale,
        purged_at=ticket.purged_at,
        late=ticket.is_late(now),
        internal_date=internal_date,
        completed_late=ticket.is_completed_late(now),
        holder=ticket.holder,
        flags=tuple(sorted(ticket.flags)),
        proposed=proposal_of(ticket) is not None,
    )


def item_fields(item: ScopeItem) -> dict[str, Any]:
    """Return the fields of ``ItemResponse`` for an item."""
    return asdict(item_facts(item))


def day_responses(days: Iterable[Day]) -> tuple[DayResponse, ...]:
    """Return the response models of a day count."""
    return tuple(
        DayResponse(
            date=day.date,
            working=day.working,
            count=day.count,
            reason=day.reason,
            name=day.name,
        )
        for day in days
    )


def deadline_response(ticket: Ticket) -> DeadlineResponse | None:
    """Return the deadline of a ticket; None while none runs."""
    facts = deadline_facts(ticket.clock, ticket.work.first_due)
    return None if facts is None else DeadlineResponse.model_validate(facts)
