"""Read operations on tickets.

Personal data and evidence files need scopes of their own, and each access to them is audited before
anything is returned.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web
from pydantic import JsonValue

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import Ticket
from privacydesk.services.receipts import MEDIA_TYPE
from privacydesk.web.api.operations import (
    PICTURES,
    ApiResponse,
    ApiServices,
    Call,
    Group,
    Operation,
    read_operation,
)
from privacydesk.web.api.schemas import EmptyRequest
from privacydesk.web.api.ticket_schemas import (
    DayCountResponse,
    EvidenceFileResponse,
    EvidenceListResponse,
    ItemDetailsResponse,
    LogEntryResponse,
    LogResponse,
    TicketDetailsResponse,
    TicketPage,
    TicketQuery,
    TicketResponse,
    day_responses,
    deadline_response,
    item_fields,
    ticket_response,
)
from privacydesk.web.files import file_response
from privacydesk.web.receipts import receipt_response


async def _list_tickets(call: Call[TicketQuery, EmptyRequest]) -> ApiResponse:
    query = call.query
    tickets = await call.services.staff.tickets.list_tickets(
        states=query.state,
        kinds=query.kind,
        holder=query.holder,
        updated_since=query.updated_since,
        limit=query.limit + 1,
        after=None if query.cursor is None else TicketId(bytes.fromhex(query.cursor)),
    )
    page = tickets[: query.limit]
    return ApiResponse(
        TicketPage(
            tickets=tuple(_response(call.services, ticket) for ticket in page),
            next=page[-1].id.hex() if len(tickets) > query.limit else None,
            damaged=await call.services.staff.tickets.unreadable_numbers(),
        )
    )


async def _show_ticket(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    ticket = await call.services.staff.tickets.by_number(call.path["number"])
    return ApiResponse(_response(call.services, ticket), ticket.version)


def _response(services: ApiServices, ticket: Ticket) -> TicketResponse:
    internal_date = services.inbox.internal_date(ticket)
    return ticket_response(ticket, services.clock.now(), internal_date)


async def _count_days(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    ticket = await call.services.staff.tickets.by_number(call.path["number"])
    days = call.services.inbox.answer_days(ticket)
    return ApiResponse(
        DayCountResponse(
            due=deadline_response(ticket),
            days=day_responses(days),
        )
    )


async def _show_log(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    case = await call.services.staff.tickets.details(call.path["number"])
    with_words = call.has_scope(Scope.TICKETS_DETAILS)
    if with_words:
        await _audit(call, case.ticket, "api_log_read")
    return ApiResponse(
        LogResponse(
            entries=tuple(
                LogEntryResponse(
                    at=entry.at,
                    by=entry.by,
                    what=entry.what,
                    words=entry.why if with_words else None,
                )
                for entry in case.log
            )
        )
    )


async def _show_details(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    ticket = await call.services.staff.tickets.by_number(call.path["number"])
    await _audit(call, ticket, "api_details_read")
    return ApiResponse(
        TicketDetailsResponse(
            number=ticket.number,
            account=ticket.account,
            contact=ticket.contact,
            held_from=tuple(
                [
                    one.number
                    for one in await call.services.staff.account_requests.held_on(ticket.account)
                ]
            ),
            items=tuple(
                ItemDetailsResponse(
                    **item_fields(item),
                    detail=to_json(item.detail),
                    ground=item.ground,
                    reason=item.reason,
                    granted=item.granted,
                )
                for item in ticket.items
            ),
            answers=to_json(ticket.answers),
        )
    )


async def _show_receipt(call: Call[EmptyRequest, EmptyRequest]) -> web.Response:
    ticket = await call.services.staff.tickets.by_number(call.path["number"])
    file = await call.services.receipts.of(ticket)
    await _audit(call, ticket, "api_receipt_read")
    return receipt_response(file)


async def _list_evidence(call: Call[EmptyRequest, EmptyRequest]) -> ApiResponse:
    case = await call.services.staff.tickets.details(call.path["number"])
    # File names are personal data: they may contain names of persons.
    await _audit(call, case.ticket, "api_files_listed")
    return ApiResponse(
        EvidenceListResponse(
            files=tuple(
                EvidenceFileResponse(
                    id=file.id.hex(),
                    name=file.name,
                    media_type=file.media_type,
                    size=file.size,
                    handed_in_at=file.created_at,
                    removed_at=file.removed_at,
                )
                for file in case.evidence
            )
        )
    )


async def _open_evidence(call: Call[EmptyRequest, EmptyRequest]) -> web.Response:
    number, file = call.path["number"], call.path["file"]
    return file_response(await call.services.staff.evidence.open(number, file, call.actor))


async def _audit(call: Call[Any, Any], ticket: Ticket, action: str) -> None:
    await call.services.audit.record(
        call.actor, action, ticket=ticket.id, conversation=ticket.conversation_id
    )


def to_json(values: Any) -> dict[str, JsonValue]:
    """Return a mapping of a ticket as JSON."""
    converted: dict[str, JsonValue] = msgspec.to_builtins(dict(values), str_keys=True)
    return converted


TICKETS: Final[tuple[Operation[Any, Any], ...]] = (
    read_operation(
        "list_tickets",
        "/tickets",
        Group.TICKETS,
        "List tickets in order of their due dates.",
        scope=Scope.TICKETS_READ,
        handler=_list_tickets,
        query_model=TicketQuery,
        response_model=TicketPage,
    ),
    read_operation(
        "show_ticket",
        "/tickets/{number}",
        Group.TICKETS,
        "Show a ticket.",
        scope=Scope.TICKETS_READ,
        handler=_show_ticket,
        query_model=EmptyRequest,
        response_model=TicketResponse,
        has_etag=True,
    ),
    read_operation(
        "count_days",
        "/tickets/{number}/days",
        Group.TICKETS,
        "Show the deadline of a ticket, with its day count.",
        scope=Scope.TICKETS_READ,
        handler=_count_days,
        query_model=EmptyRequest,
        response_model=DayCountResponse,
    ),
    read_operation(
        "show_log",
        "/tickets/{number}/log",
        Group.TICKETS,
        "Show the log of a ticket.",
        scope=Scope.TICKETS_READ,
        handler=_show_log,
        query_model=EmptyRequest,
        response_model=LogResponse,
        details="`words` needs the scope `tickets:details`; then the access is audited.",
    ),
    read_operation(
        "show_details",
        "/tickets/{number}/details",
        Group.TICKETS,
        "Show the personal data of a ticket.",
        scope=Scope.TICKETS_DETAILS,
        handler=_show_details,
        query_model=EmptyRequest,
        response_model=TicketDetailsResponse,
        details="Each access is audited.",
    ),
    read_operation(
        "show_receipt",
        "/tickets/{number}/receipt",
        Group.TICKETS,
        "Get the receipt of a closed ticket.",
        scope=Scope.TICKETS_DETAILS,
        handler=_show_receipt,
        query_model=EmptyRequest,
        response_model=None,
        media_type=MEDIA_TYPE,
        details=(
            "The file that the requester gets: a SCITT transparent statement (RFC 9943) on how the"
            " ticket ended, with its items. Each access is audited."
        ),
    ),
    read_operation(
        "list_evidence",
        "/tickets/{number}/evidence",
        Group.TICKETS,
        "List the evidence files of a ticket.",
        scope=Scope.EVIDENCE_READ,
        handler=_list_evidence,
        query_model=EmptyRequest,
        response_model=EvidenceListResponse,
        details="Each access is audited.",
    ),
    read_operation(
        "open_evidence",
        "/tickets/{number}/evidence/{file}",
        Group.TICKETS,
        "Open an evidence file.",
        scope=Scope.EVIDENCE_READ,
        handler=_open_evidence,
        query_model=EmptyRequest,
        response_model=None,
        media_type=PICTURES,
        details=(
            "As in the console, only the holder of the ticket may open its files, and a child's"
            " files only if a supervisor has allowed it. Each access is recorded in the ticket's"
            " log."
        ),
    ),
)
