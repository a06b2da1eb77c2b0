"""Looking at tickets. What they say of a person, and what was handed in, have scopes of their own.

Each look at those is audited before anything is told.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from pydantic import Field, JsonValue

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.clocks import Clock, DayReason
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import OWN_FACTS, Outcome, Requester, Ticket, TicketState
from privacydesk.services.staff.deciding import proposal_of
from privacydesk.web.api.operations import Call, Group, Operation, Reply, look
from privacydesk.web.api.values import IN_ADDRESS, Asked, Cursor, Instant, Nothing, Told
from privacydesk.web.files import file_answer

MOST: Final = 200
_PAGE: Final = 50
Limit = Annotated[int, Field(ge=1, le=MOST, description="How many at most."), IN_ADDRESS]


# -- what is asked ---------------------------------------------------------------------------------


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
    limit: Limit = _PAGE
    cursor: Cursor | None = Field(default=None, description="The `next` of the page before.")


# -- what is told ----------------------------------------------------------------------------------


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


class ItemTold(Told):
    """One thing that is asked for."""

    name: str
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

    detail: dict[str, JsonValue]
    ground: Ground | None
    reason: str


class DetailsTold(Told):
    """What a ticket says of a person."""

    number: str
    account: str
    contact: str
    items: tuple[ItemDetails, ...]
    answers: dict[str, JsonValue] = Field(description="What the requester was asked besides.")


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
    """Return what is told of a ticket to whoever may see tickets."""
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
        due=_due(ticket),
        late=late,
        holder=ticket.holder,
        items=tuple(
            ItemTold(name=item.name, decision=item.decision, result=item.result)
            for item in ticket.items
        ),
        flags=tuple(sorted(ticket.flags)),
        proposed=proposal_of(ticket) is not None,
    )


def _due(ticket: Ticket) -> DueTold | None:
    clock: Clock | None = ticket.clock
    if clock is None:
        return None
    first = ticket.facts.get("first_due")
    return DueTold(
        date=clock.due_date,
        at=clock.due_at,
        zone=clock.zone,
        calendar=clock.calendar,
        amount=clock.amount,
        unit=clock.unit.value,
        started_at=clock.started_at,
        provisional=clock.provisional,
        first_date=dt.date.fromisoformat(first) if first else clock.due_date,
    )


# -- looking ---------------------------------------------------------------------------------------


async def _list(call: Call[TicketQuery, Nothing]) -> Reply:
    query = call.query
    found = await call.works.staff.cases.list(
        states=query.state,
        kinds=query.kind,
        holder=query.holder,
        limit=query.limit + 1,
        after=None if query.cursor is None else TicketId(bytes.fromhex(query.cursor)),
    )
    shown, now = found[: query.limit], call.works.clock.now()
    return Reply(
        TicketPage(
            tickets=tuple(ticket_told(one, late=one.is_late(now)) for one in shown),
            next=shown[-1].id.hex() if len(found) > query.limit else None,
        )
    )


async def _show(call: Call[Nothing, Nothing]) -> Reply:
    ticket = await call.works.staff.cases.ticket(call.path["number"])
    told = ticket_told(ticket, late=ticket.is_late(call.works.clock.now()))
    return Reply(told, ticket.version)


async def _days(call: Call[Nothing, Nothing]) -> Reply:
    ticket = await call.works.staff.cases.ticket(call.path["number"])
    days = call.works.inbox.count(ticket).days
    return Reply(
        DaysTold(
            due=_due(ticket),
            days=tuple(
                DayTold(
                    date=day.date,
                    working=day.working,
                    count=day.count,
                    reason=day.reason,
                    name=day.name,
                )
                for day in days
            ),
        )
    )


async def _log(call: Call[Nothing, Nothing]) -> Reply:
    case = await call.works.staff.cases.case(call.path["number"])
    in_words = call.has(Scope.TICKETS_DETAILS)
    if in_words:
        await _audit(call, case.ticket, "api_log_read")
    return Reply(
        LogTold(
            entries=tuple(
                EntryTold(
                    at=entry.at,
                    by=entry.by,
                    what=entry.what,
                    words=entry.why if in_words else None,
                )
                for entry in case.log
            )
        )
    )


async def _details(call: Call[Nothing, Nothing]) -> Reply:
    ticket = await call.works.staff.cases.ticket(call.path["number"])
    await _audit(call, ticket, "api_details_read")
    facts = {name: value for name, value in ticket.facts.items() if name not in OWN_FACTS}
    return Reply(
        DetailsTold(
            number=ticket.number,
            account=ticket.account,
            contact=ticket.contact,
            items=tuple(
                ItemDetails(
                    name=item.name,
                    decision=item.decision,
                    result=item.result,
                    detail=_plain(item.detail),
                    ground=item.ground,
                    reason=item.reason,
                )
                for item in ticket.items
            ),
            answers=_plain(facts),
        )
    )


async def _files(call: Call[Nothing, Nothing]) -> Reply:
    case = await call.works.staff.cases.case(call.path["number"])
    # People name files after themselves.
    await _audit(call, case.ticket, "api_files_listed")
    return Reply(
        FilesTold(
            files=tuple(
                FileTold(
                    id=one.id.hex(),
                    name=one.name,
                    media_type=one.media_type,
                    size=one.size,
                    handed_in_at=one.created_at,
                    removed_at=one.removed_at,
                )
                for one in case.evidence
            )
        )
    )


async def _file(call: Call[Nothing, Nothing]) -> web.Response:
    number, file = call.path["number"], call.path["file"]
    return file_answer(await call.works.staff.cases.open_evidence(number, file, call.by))


async def _audit(call: Call[Any, Any], ticket: Ticket, what: str) -> None:
    await call.works.audit.note(
        call.by, what, ticket=ticket.id, conversation=ticket.conversation_id
    )


def _plain(values: Any) -> dict[str, JsonValue]:
    plain: dict[str, JsonValue] = msgspec.to_builtins(dict(values), str_keys=True)
    return plain


TICKETS: Final[tuple[Operation[Any, Any], ...]] = (
    look(
        "list_tickets",
        "/tickets",
        Group.TICKETS,
        "List tickets by due date.",
        scope=Scope.TICKETS_READ,
        work=_list,
        query=TicketQuery,
        answer=TicketPage,
    ),
    look(
        "show_ticket",
        "/tickets/{number}",
        Group.TICKETS,
        "Show a ticket.",
        scope=Scope.TICKETS_READ,
        work=_show,
        query=Nothing,
        answer=TicketTold,
        tagged=True,
    ),
    look(
        "count_days",
        "/tickets/{number}/days",
        Group.TICKETS,
        "Show the due date with its count, day by day.",
        scope=Scope.TICKETS_READ,
        work=_days,
        query=Nothing,
        answer=DaysTold,
    ),
    look(
        "show_log",
        "/tickets/{number}/log",
        Group.TICKETS,
        "Show what happened to a ticket.",
        scope=Scope.TICKETS_READ,
        work=_log,
        query=Nothing,
        answer=LogTold,
        more="Words of the log are told with `tickets:details` alone; that look is audited.",
    ),
    look(
        "show_details",
        "/tickets/{number}/details",
        Group.TICKETS,
        "Show what a ticket says of a person.",
        scope=Scope.TICKETS_DETAILS,
        work=_details,
        query=Nothing,
        answer=DetailsTold,
        more="Each look is audited.",
    ),
    look(
        "list_evidence",
        "/tickets/{number}/evidence",
        Group.TICKETS,
        "List what was handed in for a ticket.",
        scope=Scope.EVIDENCE_READ,
        work=_files,
        query=Nothing,
        answer=FilesTold,
        more="Each look is audited.",
    ),
    look(
        "open_evidence",
        "/tickets/{number}/evidence/{file}",
        Group.TICKETS,
        "Open a file that was handed in.",
        scope=Scope.EVIDENCE_READ,
        work=_file,
        query=Nothing,
        answer=None,
        more=(
            "As in the console: only who holds the ticket opens its files; where a child is"
            " concerned a supervisor allows it first. Each opening stands in the ticket's log."
        ),
    ),
)
