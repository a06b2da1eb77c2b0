"""CSV exports of lists: inbox views, requests of a period, the audit, the access log.

Each export is audited twice: before the first row is sent, and at the end with the number of rows.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final

from aiohttp import web
from msgspec import Struct
from yarl import URL

from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import AccessEntryId
from privacydesk.domain.inbox_views import InboxFilter, InboxSort, InboxView, PageCursor
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.tasks import Task, open_tasks
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotFoundError
from privacydesk.services.audit import MAX_EXPORT_ROWS
from privacydesk.services.audit_reader import NumberedEntry
from privacydesk.services.inbox import Inbox
from privacydesk.services.signin.access_log import AccessLog
from privacydesk.services.spreadsheets import Cell
from privacydesk.web.console import people
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.audit import READERS, parse_audit_filter
from privacydesk.web.console.audit_localizer import INBOX_LISTING, AuditLocalizer
from privacydesk.web.console.confirmation import recently_authenticated
from privacydesk.web.console.inbox_filters import (
    describe_filter,
    filter_query,
    parse_filter,
    parse_sort,
)
from privacydesk.web.console.keys import OVERSIGHT, SERVICES, SIGNIN
from privacydesk.web.console.localizer import Localizer, localizer_of
from privacydesk.web.console.reports import OVERSEERS, PeriodQuery
from privacydesk.web.csv_files import send_csv

_PAGE_SIZE: Final = 200
"""Number of entries of the access log that are read at once."""

Rows = Sequence[tuple[Cell, ...]]


class _Listing(Struct, frozen=True):
    """A list to export.

    Attributes:
        name: the name of the list in the audit.
        title: the name of the file without its suffix, in the agent's language.
        columns: the keys of the column headings, below ``web.export``.
    """

    name: str
    title: str
    columns: tuple[str, ...]


@staff(*OVERSEERS)
@recently_authenticated
async def export_inbox(request: web.Request) -> web.StreamResponse:
    """Export a view of the inbox, with its filter."""
    try:
        view = InboxView(request.query.get("view", InboxView.OPEN.value))
    except ValueError:
        raise NotFoundError("there is no such view") from None
    localizer = localizer_of(request)
    services = request.config_dict[SERVICES]
    teams = services.staff.tasks.teams
    inbox_filter = parse_filter(request.query, services.agents, teams, view.value)
    sort, me = parse_sort(request.query, view), agent_session(request).agent
    tickets = _read_inbox(services.inbox, view, inbox_filter, sort, me)
    query = filter_query(inbox_filter)
    listing = _Listing(
        name=str(URL(f"{INBOX_LISTING}{view.value}").with_query(query)),
        title=" ".join((localizer.inbox_view(view.value), *describe_filter(query, localizer))),
        columns=_TICKET_COLUMNS,
    )
    return await _send(request, listing, _ticket_rows(request, localizer, tickets))


@staff(*OVERSEERS)
@recently_authenticated
async def export_requests(request: web.Request) -> web.StreamResponse:
    """Export the requests made in a period, including closed ones and records."""
    oversight, localizer = request.config_dict[OVERSIGHT], localizer_of(request)
    period = PeriodQuery.from_request(request).period(request)
    tickets = oversight.reports.requests(period)
    pages = _ticket_rows(request, localizer, tickets)
    title = f"{localizer.sentence('web.audit.listing.requests')} {period.first} {period.last}"
    return await _send(request, _Listing("requests", title, _TICKET_COLUMNS), pages)


@staff(*READERS)
@recently_authenticated
async def export_audit(request: web.Request) -> web.StreamResponse:
    """Export the audit entries that match the filter in the query."""
    localizer = localizer_of(request)
    audit_localizer = AuditLocalizer(localizer)
    entry_pages = request.config_dict[OVERSIGHT].book.pages(parse_audit_filter(request))

    async def row_pages() -> AsyncGenerator[Rows]:
        async with aclosing(entry_pages) as pages:
            async for page in pages:
                yield [_audit_row(entry, localizer, audit_localizer) for entry in page]

    columns = ("place", "when", "who", "act", "request", "detail")
    listing = _Listing("audit", localizer.sentence("web.audit.title"), columns)
    return await _send(request, listing, row_pages())


@staff(*READERS)
@recently_authenticated
async def export_access(request: web.Request) -> web.StreamResponse:
    """Export the access log."""
    localizer = localizer_of(request)
    log = request.config_dict[SIGNIN].access_log

    async def row_pages() -> AsyncGenerator[Rows]:
        async for page in _read_access_log(log):
            yield [_access_row(request, entry, localizer) for entry in page]

    columns = ("when", "act", "who", "by", "origin", "detail")
    listing = _Listing("access_log", localizer.sentence("web.console.access_title"), columns)
    return await _send(request, listing, row_pages())


# -- pages ------------------------------------------------------------------------------------


async def _read_inbox(
    inbox: Inbox, view: InboxView, inbox_filter: InboxFilter, sort: InboxSort, agent: Agent
) -> AsyncGenerator[tuple[Ticket, ...]]:
    after: PageCursor | None = None
    while True:
        page = await inbox.view_page(view, agent, after=after, inbox_filter=inbox_filter, sort=sort)
        if page.rows:
            yield tuple(row.ticket for row in page.rows)
        after = page.after
        if after is None:
            return


async def _read_access_log(log: AccessLog) -> AsyncGenerator[tuple[AccessEntry, ...]]:
    before: AccessEntryId | None = None
    while entries := await log.newest(before=before, limit=_PAGE_SIZE):
        yield entries
        before = entries[-1].id


# -- rows ---------------------------------------------------------------------------------------

_TICKET_COLUMNS: Final = (
    "request",
    "kind",
    "marks",
    "state",
    "holder",
    "received",
    "due",
    "provisional",
    "answered",
    "late",
    "closed",
    "grounds",
    "completion",
    "completed_late",
    "tasks",
    "tasks_late",
)


async def _ticket_rows(
    request: web.Request, localizer: Localizer, tickets: AsyncGenerator[tuple[Ticket, ...]]
) -> AsyncGenerator[Rows]:
    now = request.config_dict[SERVICES].clock.now()
    async with aclosing(tickets) as pages:
        async for page in pages:
            yield [_ticket_row(ticket, localizer, now) for ticket in page]


def _ticket_row(ticket: Ticket, localizer: Localizer, now: datetime) -> tuple[Cell, ...]:
    clock, completion = ticket.clock, ticket.completion
    return (
        ticket.number,
        localizer.kind(ticket),
        localizer.join(name for _, name in localizer.flags(ticket)),
        localizer.state(ticket),
        localizer.agent(ticket.holder) if ticket.holder else "",
        localizer.timestamp(ticket.received_at),
        "" if clock is None else clock.due_date.isoformat(),
        _yes_if(localizer, clock is not None and clock.provisional),
        localizer.timestamp(ticket.answered_at),
        _yes_if(localizer, ticket.is_late(now)),
        localizer.timestamp(ticket.closed_at),
        localizer.join(localizer.ground(ground.value) for ground in dict.fromkeys(ticket.grounds)),
        "" if completion is None else completion.due_date.isoformat(),
        _yes_if(localizer, ticket.is_completed_late(now)),
        localizer.join(_task_text(task, localizer) for task in open_tasks(ticket.tasks)),
        _yes_if(localizer, any(task.is_late(now) for task in ticket.tasks)),
    )


def _task_text(task: Task, localizer: Localizer) -> str:
    """Return the team and the date of an open task."""
    return f"{localizer.team(task.team)} {task.due_date.isoformat()}"


def _audit_row(
    numbered: NumberedEntry, localizer: Localizer, audit_localizer: AuditLocalizer
) -> tuple[Cell, ...]:
    entry = numbered.sealed.entry
    return (
        numbered.sealed.seq or "",
        localizer.timestamp(entry.at),
        audit_localizer.actor(entry.by),
        audit_localizer.action(entry.what),
        numbered.number,
        audit_localizer.detail(entry),
    )


def _access_row(request: web.Request, entry: AccessEntry, localizer: Localizer) -> tuple[Cell, ...]:
    texts = people.access_entry_texts(entry, request)
    return (
        localizer.timestamp(entry.at),
        texts["what"],
        texts["agent"],
        texts["by"],
        texts["origin"],
        texts["about"],
    )


def _yes_if(localizer: Localizer, condition: bool) -> str:
    return localizer.sentence("web.case.yes") if condition else ""


async def _send(
    request: web.Request, listing: _Listing, pages: AsyncGenerator[Rows]
) -> web.StreamResponse:
    audit, me = request.config_dict[OVERSIGHT].audit, agent_session(request)
    localizer = localizer_of(request)
    audited = audit.export_pages(me.agent.name, listing.name, pages)

    async def file_pages() -> AsyncGenerator[Rows]:
        # Reading the first page audits the export, before anything is sent.
        first: Rows = await anext(audited, [])
        heading = tuple(localizer.sentence(f"web.export.{column}") for column in listing.columns)
        yield [heading, *first]
        count = len(first)
        async for page in audited:
            count += len(page)
            yield page
        if count == MAX_EXPORT_ROWS:
            yield [(localizer.sentence("web.export.most", rows={"$number": MAX_EXPORT_ROWS}),)]

    # Closed in any case, so that an aborted export is audited with the number of rows sent.
    async with aclosing(pages), aclosing(audited), aclosing(file_pages()) as file:
        return await send_csv(request, f"{listing.title}.csv", file)
