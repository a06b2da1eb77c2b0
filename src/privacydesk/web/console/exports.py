"""CSV exports of lists: views of the inbox, requests, the audit, the access log.

Each export is audited, before the first row is sent and with the count at the end.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Final

from aiohttp import web
from msgspec import Struct
from yarl import URL

from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import AccessEntryId
from privacydesk.domain.inbox_views import InboxView, Place, Sieve
from privacydesk.domain.signin import AccessEntry
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import NotFoundError
from privacydesk.services.audit import MOST_ROWS
from privacydesk.services.audit_book import Told
from privacydesk.services.inbox import Inbox
from privacydesk.services.signin.log import AccessLog
from privacydesk.services.spreadsheets import Cell
from privacydesk.web.console import people
from privacydesk.web.console.access import signed_in, staff
from privacydesk.web.console.audit import READERS, sought_by
from privacydesk.web.console.audit_words import OF_INBOX, AuditWords
from privacydesk.web.console.inbox_filters import by_holder, in_words, named, sieve_of
from privacydesk.web.console.keys import DOORS, OVERSIGHT, TOOLS
from privacydesk.web.console.reports import OVERSEERS, Asked
from privacydesk.web.console.words import Words, words_of
from privacydesk.web.csv_files import send_csv

_AT_ONCE: Final = 200

Rows = Sequence[tuple[Cell, ...]]


class _Listing(Struct, frozen=True):
    """A list to export.

    Attributes:
        name: its name in the audit.
        title: the file's name, in the reader's language.
        columns: names of the columns, below ``web.export``.
    """

    name: str
    title: str
    columns: tuple[str, ...]


@staff(*OVERSEERS)
async def export_inbox(request: web.Request) -> web.StreamResponse:
    """Export a view of the inbox."""
    try:
        pile = InboxView(request.query.get("view", InboxView.OPEN.value))
    except ValueError:
        raise NotFoundError("there is no such view") from None
    words = words_of(request)
    tools = request.config_dict[TOOLS]
    sieve = sieve_of(request.query, tools.agents, holders=by_holder(pile.value))
    tickets = _pile(tools.inbox, pile, sieve, signed_in(request).agent)
    pages = _ticket_rows(request, words, tickets)
    listed = str(URL(f"{OF_INBOX}{pile.value}").with_query(named(sieve)))
    title = " ".join((words.pile(pile.value), *in_words(named(sieve), words)))
    listing = _Listing(listed, title, _OF_TICKETS)
    return await _send(request, listing, pages)


@staff(*OVERSEERS)
async def export_requests(request: web.Request) -> web.StreamResponse:
    """Export the requests made in a period, including closed ones and records."""
    oversight, words = request.config_dict[OVERSIGHT], words_of(request)
    period = Asked.by(request).period(request)
    tickets = oversight.reports.requests(period)
    pages = _ticket_rows(request, words, tickets)
    title = f"{words.sentence('web.audit.listing.requests')} {period.first} {period.last}"
    return await _send(request, _Listing("requests", title, _OF_TICKETS), pages)


@staff(*READERS)
async def export_audit(request: web.Request) -> web.StreamResponse:
    """Export the audit, or the results of a search in it."""
    words = words_of(request)
    told = AuditWords(words)
    leaves = request.config_dict[OVERSIGHT].book.leaves(sought_by(request))

    async def pages() -> AsyncGenerator[Rows]:
        async with aclosing(leaves) as entries:
            async for leaf in entries:
                yield [_audit_row(one, words, told) for one in leaf]

    columns = ("place", "when", "who", "act", "request", "detail")
    listing = _Listing("audit", words.sentence("web.audit.title"), columns)
    return await _send(request, listing, pages())


@staff(*READERS)
async def export_access(request: web.Request) -> web.StreamResponse:
    """Export the access log."""
    words = words_of(request)
    log = request.config_dict[DOORS].log

    async def pages() -> AsyncGenerator[Rows]:
        async for entries in _access(log):
            yield [_access_row(request, one, words) for one in entries]

    columns = ("when", "act", "who", "by", "origin", "detail")
    listing = _Listing("access_log", words.sentence("web.console.access_title"), columns)
    return await _send(request, listing, pages())


# -- pages ------------------------------------------------------------------------------------


async def _pile(
    inbox: Inbox, pile: InboxView, sieve: Sieve, agent: Agent
) -> AsyncGenerator[tuple[Ticket, ...]]:
    after: Place | None = None
    while True:
        page = await inbox.page(pile, agent, after=after, sieve=sieve)
        if page.rows:
            yield tuple(row.ticket for row in page.rows)
        after = page.after
        if after is None:
            return


async def _access(log: AccessLog) -> AsyncGenerator[tuple[AccessEntry, ...]]:
    before: AccessEntryId | None = None
    while entries := await log.newest(before=before, limit=_AT_ONCE):
        yield entries
        before = entries[-1].id


# -- rows ---------------------------------------------------------------------------------------

_OF_TICKETS: Final = (
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
)


async def _ticket_rows(
    request: web.Request, words: Words, pages: AsyncGenerator[tuple[Ticket, ...]]
) -> AsyncGenerator[Rows]:
    now = request.config_dict[TOOLS].clock.now()
    async with aclosing(pages) as tickets:
        async for page in tickets:
            yield [_ticket_row(one, words, late=one.is_late(now)) for one in page]


def _ticket_row(ticket: Ticket, words: Words, *, late: bool) -> tuple[Cell, ...]:
    clock = ticket.clock
    return (
        ticket.number,
        words.kind(ticket),
        words.joined(word for _, word in words.marks(ticket)),
        words.state(ticket),
        words.agent(ticket.holder) if ticket.holder else "",
        words.stamp(ticket.received_at),
        "" if clock is None else clock.due_date.isoformat(),
        _yes(words, clock is not None and clock.provisional),
        words.stamp(ticket.answered_at),
        _yes(words, late),
        words.stamp(ticket.closed_at),
        words.joined(words.ground(one.value) for one in dict.fromkeys(ticket.grounds)),
    )


def _audit_row(one: Told, words: Words, told: AuditWords) -> tuple[Cell, ...]:
    entry = one.sealed.entry
    return (
        one.sealed.seq or "",
        words.stamp(entry.at),
        told.actor(entry.by),
        told.act(entry.what),
        one.number,
        told.detail(entry),
    )


def _access_row(request: web.Request, entry: AccessEntry, words: Words) -> tuple[Cell, ...]:
    shown = people.shown_entry(entry, request)
    return (
        words.stamp(entry.at),
        shown["what"],
        shown["agent"],
        shown["by"],
        shown["origin"],
        shown["about"],
    )


def _yes(words: Words, said: bool) -> str:
    return words.sentence("web.case.yes") if said else ""


async def _send(
    request: web.Request, listing: _Listing, pages: AsyncGenerator[Rows]
) -> web.StreamResponse:
    audit, me = request.config_dict[OVERSIGHT].audit, signed_in(request)
    words = words_of(request)
    noted = audit.exporting(me.agent.name, listing.name, pages)

    async def whole() -> AsyncGenerator[Rows]:
        # Read before anything is sent, so that the export is audited first.
        first: Rows = await anext(noted, [])
        yield [tuple(words.sentence(f"web.export.{column}") for column in listing.columns), *first]
        rows = len(first)
        async for page in noted:
            rows += len(page)
            yield page
        if rows == MOST_ROWS:
            yield [(words.sentence("web.export.most", rows={"$number": MOST_ROWS}),)]

    # Always closed, so that an aborted export is audited with the rows that were sent.
    async with aclosing(pages), aclosing(noted), aclosing(whole()) as file:
        return await send_csv(request, f"{listing.title}.csv", file)
