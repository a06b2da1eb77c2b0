"""Reading tickets. Personal details and submitted files have scopes of their own.

Each access to those is audited before anything is returned.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from aiohttp import web
from pydantic import JsonValue

from privacydesk.domain.api_tokens import Scope
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import Ticket
from privacydesk.web.api.operations import Call, Group, Operation, Reply, look
from privacydesk.web.api.ticket_values import (
    DaysTold,
    DayTold,
    DetailsTold,
    EntryTold,
    FilesTold,
    FileTold,
    ItemDetails,
    LogTold,
    TicketPage,
    TicketQuery,
    TicketTold,
    due_told,
    item_told,
    ticket_told,
)
from privacydesk.web.api.values import Nothing
from privacydesk.web.files import file_answer


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
            damaged=await call.works.staff.cases.damaged(),
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
            due=due_told(ticket),
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
    return Reply(
        DetailsTold(
            number=ticket.number,
            account=ticket.account,
            contact=ticket.contact,
            items=tuple(
                ItemDetails(
                    **item_told(item),
                    detail=_plain(item.detail),
                    ground=item.ground,
                    reason=item.reason,
                )
                for item in ticket.items
            ),
            answers=_plain(ticket.answers),
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
    return file_answer(await call.works.staff.evidence.open(number, file, call.by))


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
