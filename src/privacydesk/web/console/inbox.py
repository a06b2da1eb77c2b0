"""The inbox page: views of tickets and the queue, with counts, filters, search and paging."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web
from yarl import URL

from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import TicketId
from privacydesk.domain.inbox_views import InboxView, PageCursor
from privacydesk.domain.intents import RequestKind
from privacydesk.errors import NotFoundError
from privacydesk.services.audit import MAX_EXPORT_ROWS
from privacydesk.services.inbox import Page, PageRequest
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.inbox_filters import (
    NOBODY,
    can_filter_by_holder,
    describe_filter,
    filter_query,
    parse_filter,
    possible_holders,
)
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page
from privacydesk.web.console.reports import OVERSEERS
from privacydesk.web.texts import LANGUAGE_TAGS

QUEUE: Final = "queue"
VIEWS: Final = (
    InboxView.MINE.value,
    InboxView.UNASSIGNED.value,
    QUEUE,
    InboxView.OVERDUE.value,
    InboxView.DUE_SOON.value,
    InboxView.WAITING.value,
    InboxView.EXAMINE.value,
    InboxView.ESCALATED.value,
    InboxView.OBJECTIONS.value,
    InboxView.GUARDED.value,
    InboxView.OPEN.value,
)
"""The views in the order in which they are shown."""

_MAX_SEARCH_LENGTH: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@staff()
async def inbox_page(request: web.Request) -> web.Response:
    """Show a page of a view, or search results.

    With ``part=list`` in the query, return only the list; with ``part=beside``, a narrow list for
    the sidebar of the case page.
    """
    inbox, agent = request.config_dict[SERVICES].inbox, agent_session(request).agent
    page_request = parse_inbox_query(request)
    page = await inbox.get_page(page_request, agent)
    values = _list_values(request, page_request, page)
    if request.query.get("part") == "list":
        return console_page(request, "console/list.html", **values)
    values["revision"] = inbox.revision_of(page)
    if request.query.get("part") == "beside":
        filter_names = describe_filter(values["filters"], values["w"])
        return console_page(request, "console/beside.html", filter_names=filter_names, **values)
    agents = request.config_dict[SERVICES].agents
    return console_page(
        request,
        "console/inbox.html",
        views=VIEWS,
        counts=await inbox.counts(agent),
        kinds=tuple(RequestKind),
        locales=tuple(LANGUAGE_TAGS),
        holders=possible_holders(agents) if can_filter_by_holder(values["view"]) else (),
        nobody=NOBODY,
        live=str(URL(f"{request.path}/live").with_query(request.query)),
        **values,
    )


def _list_values(request: web.Request, page_request: PageRequest, page: Page) -> dict[str, Any]:
    """Return the template variables of a list."""
    view = request.query.get("view", InboxView.MINE.value)
    search, filters = page_request.query, filter_query(page_request.inbox_filter)
    next_page, can_export = "", _may_export(agent_session(request).agent, view)
    if page.after:
        next_page = _address("inbox", view, filters, after=_encode_cursor(page.after))
    return {
        "rows": page.rows,
        "conversations": page.conversations,
        "unanswered": page.unanswered,
        "open_tickets": page.open_tickets,
        "damaged": ", ".join(page.damaged),
        "view": view,
        "search": search,
        "filters": filters,
        "next_page": next_page,
        "export_address": _address("inbox/export", view, filters),
        "max_rows": MAX_EXPORT_ROWS if can_export and page.rows and not search else 0,
        "w": localizer_of(request),
    }


def parse_inbox_query(request: web.Request, query: Mapping[str, str] | None = None) -> PageRequest:
    """Return the page of the inbox that a query names.

    Args:
        request: the request of the agent.
        query: the query of an inbox page; by default that of the request.

    Raises:
        NotFoundError: there is no such view, page or filter.
    """
    query = request.query if query is None else query
    view = query.get("view", InboxView.MINE.value)
    if view not in VIEWS:
        raise NotFoundError("there is no such view")
    search = query.get("q", "")[:_MAX_SEARCH_LENGTH].strip()
    if search:
        return PageRequest(None, query=search)
    agents = request.config_dict[SERVICES].agents
    inbox_filter = parse_filter(query, agents, by_holder=can_filter_by_holder(view))
    if view == QUEUE:
        return PageRequest(None, inbox_filter=inbox_filter)
    after = _decode_cursor(query.get("after", ""))
    return PageRequest(InboxView(view), after, inbox_filter=inbox_filter)


def _may_export(agent: Agent, view: str) -> bool:
    return agent.role in OVERSEERS and view != QUEUE


def _address(path: str, view: str, filters: Mapping[str, str], **more: str) -> str:
    return str(URL(f"/console/{path}").with_query({"view": view, **filters, **more}))


def _encode_cursor(cursor: PageCursor) -> str:
    """Return the cursor after the last row of a page, encoded for a query."""
    at = cursor.urgent_at
    # Integer microseconds: a float would be inexact, so that a page might skip rows.
    return f"{'' if at is None else (at - _EPOCH) // _MICROSECOND}.{cursor.ticket.hex()}"


def _decode_cursor(text: str) -> PageCursor | None:
    if not text:
        return None
    at, _, ticket = text.partition(".")
    try:
        urgent_at = _EPOCH + int(at) * _MICROSECOND if at else None
        return PageCursor(urgent_at, TicketId(bytes.fromhex(ticket)))
    except (ValueError, OverflowError) as error:
        raise NotFoundError("there is no such page") from error
