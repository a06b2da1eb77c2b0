"""The inbox page: views of tickets and the queue, with counts, filters, search and paging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web
from yarl import URL

from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import TicketId
from privacydesk.domain.inbox_views import (
    FINISHED_VIEWS,
    InboxListing,
    InboxView,
    PageCursor,
    TaskFilter,
    sorts_of,
)
from privacydesk.domain.incidents import Incident
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.saved_views import MAX_NAME, SavedView
from privacydesk.errors import DeskError, NotFoundError
from privacydesk.services.audit import MAX_EXPORT_ROWS
from privacydesk.services.inbox import Inbox, Page, PageRequest
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.inbox_filters import (
    NOBODY,
    OWN_TASKS,
    can_filter_by_holder,
    can_filter_by_incident,
    can_filter_by_language,
    can_filter_by_task,
    describe_filter,
    filter_query,
    parse_filter,
    parse_sort,
    possible_holders,
    sort_query,
)
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.redirects import DONE_PARAMETER
from privacydesk.web.console.reports import OVERSEERS
from privacydesk.web.responses import STATUS
from privacydesk.web.texts import LANGUAGE_TAGS

QUEUE: Final = "queue"
VIEWS: Final = (
    InboxView.OPEN.value,
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
    InboxView.DECIDED.value,
    InboxView.CLOSED.value,
)
"""The views in the order in which they are shown."""

TICKED_PARAMETER: Final = "ticked"
"""Asks the page's script to tick again what was ticked before a bulk action that was left."""
_ONCE_PARAMETERS: Final = frozenset({DONE_PARAMETER, TICKED_PARAMETER})
_DONE_VALUES: Final = frozenset({"view_saved", "view_changed", "view_removed"})
_MAX_SEARCH_LENGTH: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@staff()
async def inbox_page(request: web.Request) -> web.Response:
    """Show a page of a view, or search results.

    With ``part=list`` in the query, return only the list; with ``part=beside``, a narrow list for
    the sidebar of the case page.
    """
    part = request.query.get("part")
    if part not in {"list", "beside"}:
        return await render_inbox(request, request.query)
    inbox, agent = request.config_dict[SERVICES].inbox, agent_session(request).agent
    page_request = parse_inbox_query(request)
    page = await inbox.get_page(page_request, agent)
    values = _list_values(request, request.query, page_request, page)
    if part == "list":
        return console_page(request, "console/list.html", **values)
    values["revision"] = inbox.revision_of(page)
    filter_names = describe_filter(values["filters"], values["w"])
    return console_page(request, "console/beside.html", filter_names=filter_names, **values)


async def render_inbox(
    request: web.Request,
    query: Mapping[str, str],
    *,
    error: DeskError | None = None,
    submitted: Mapping[str, str] | None = None,
) -> web.Response:
    """Return a page of the inbox.

    Args:
        request: the request of the agent.
        query: the query of the page.
        error: why a change of a saved view was refused.
        submitted: the form of that change.
    """
    services, agent = request.config_dict[SERVICES], agent_session(request).agent
    page_request = parse_inbox_query(request, query)
    page = await services.inbox.get_page(page_request, agent)
    values = _list_values(request, query, page_request, page)
    saved = await services.saved_views.visible_to(agent)
    done = query.get(DONE_PARAMETER, "")
    address = URL("/console/inbox").with_query(
        {name: value for name, value in query.items() if name not in _ONCE_PARAMETERS}
    )
    return console_page(
        request,
        "console/inbox.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        views=VIEWS,
        finished_views=FINISHED_VIEWS,
        saved_views=[(view, listing_address(view.listing)) for view in saved],
        current=_find_current(saved, page_request),
        counts=await count_views(services.inbox, agent, saved),
        kinds=tuple(RequestKind),
        locales=tuple(LANGUAGE_TAGS) if can_filter_by_language(values["view"]) else (),
        holders=possible_holders(services.agents) if can_filter_by_holder(values["view"]) else (),
        incidents=await _incidents(request, values["view"]),
        nobody=NOBODY,
        task_filters=tuple(TaskFilter) if can_filter_by_task(values["view"]) else (),
        teams=tuple(services.staff.tasks.teams) if can_filter_by_task(values["view"]) else (),
        own_tasks=OWN_TASKS,
        list_address=str(address),
        list_query=address.query_string,
        page_address="" if error is None else str(address),
        live=str((address / "live").with_query(address.query)),
        revision=services.inbox.revision_of(page),
        max_name=MAX_NAME,
        supervises=agent.supervises,
        done=done if done in _DONE_VALUES else "",
        error_message="" if error is None else error_message(request, error),
        submitted=submitted or {},
        **values,
    )


async def _incidents(request: web.Request, view: str) -> Sequence[Incident]:
    """Return the incidents by which a view can be filtered."""
    if not can_filter_by_incident(view):
        return ()
    incidents = await request.config_dict[SERVICES].incidents.all()
    return [incident for incident in incidents if incident.released_at is not None]


async def count_views(inbox: Inbox, agent: Agent, saved: Sequence[SavedView]) -> Mapping[str, int]:
    """Return the number of items in each view, by its name, and in each saved one, by its id."""
    saved_counts = {view.id.hex(): await inbox.count(view.listing, agent) for view in saved}
    return {**await inbox.counts(agent), **saved_counts}


def listing_address(listing: InboxListing) -> str:
    """Return the address of a listing."""
    filters = filter_query(listing.inbox_filter)
    return _address("inbox", listing.view, filters, **sort_query(listing.view, listing.sort))


def parse_listing(request: web.Request, query: Mapping[str, str]) -> InboxListing:
    """Return the listing that the query of an inbox page names.

    Raises:
        NotFoundError: it names none, as for a search and the queue.
    """
    listing = _listing_of(parse_inbox_query(request, query))
    if listing is None:
        raise NotFoundError("only a view of requests can be saved")
    return listing


def _listing_of(page_request: PageRequest) -> InboxListing | None:
    if page_request.query or page_request.view is None:
        return None
    return InboxListing(page_request.view, page_request.inbox_filter, page_request.sort)


def _find_current(saved: Sequence[SavedView], page_request: PageRequest) -> SavedView | None:
    """Return the saved view that the page shows."""
    listing = _listing_of(page_request)
    return next((view for view in saved if view.listing == listing), None)


def _list_values(
    request: web.Request, query: Mapping[str, str], page_request: PageRequest, page: Page
) -> dict[str, Any]:
    """Return the template variables of a list."""
    view = query.get("view", InboxView.MINE.value)
    search, filters = page_request.query, filter_query(page_request.inbox_filter)
    me, listed = agent_session(request).agent, page_request.view
    order = sort_query(listed, page_request.sort) if listed else {}
    next_page, can_export = "", _may_export(me, view)
    if page.after:
        next_page = _address("inbox", view, filters, **order, after=_encode_cursor(page.after))
    return {
        "rows": page.rows,
        "conversations": page.conversations,
        "unanswered": page.unanswered,
        "open_tickets": page.open_tickets,
        "damaged": ", ".join(page.damaged),
        "view": view,
        "search": search,
        "filters": filters,
        "sort": page_request.sort,
        "sort_addresses": {
            sort: _address("inbox", view, filters, **sort_query(listed, sort))
            for sort in sorts_of(listed)
        }
        if listed
        else {},
        "is_usual_order": not order,
        "next_page": next_page,
        "export_address": _address("inbox/export", view, filters, **order),
        "max_rows": MAX_EXPORT_ROWS if can_export and page.rows and not search else 0,
        "is_finished": listed in FINISHED_VIEWS,
        "may_select": me.works and listed not in FINISHED_VIEWS,
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
    services = request.config_dict[SERVICES]
    inbox_filter = parse_filter(query, services.agents, services.staff.tasks.teams, view)
    if view == QUEUE:
        return PageRequest(None, inbox_filter=inbox_filter)
    listed, after = InboxView(view), _decode_cursor(query.get("after", ""))
    sort = parse_sort(query, listed)
    return PageRequest(listed, after, inbox_filter=inbox_filter, sort=sort)


def _may_export(agent: Agent, view: str) -> bool:
    return agent.role in OVERSEERS and view != QUEUE


def _address(path: str, view: str, filters: Mapping[str, str], **more: str) -> str:
    return str(URL(f"/console/{path}").with_query({"view": view, **filters, **more}))


def _encode_cursor(cursor: PageCursor) -> str:
    """Return the cursor after the last row of a page, encoded for a query."""
    at = cursor.at
    # Integer microseconds: a float would be inexact, so that a page might skip rows.
    return f"{'' if at is None else (at - _EPOCH) // _MICROSECOND}.{cursor.ticket.hex()}"


def _decode_cursor(text: str) -> PageCursor | None:
    if not text:
        return None
    at, _, ticket = text.partition(".")
    try:
        sorted_by = _EPOCH + int(at) * _MICROSECOND if at else None
        return PageCursor(sorted_by, TicketId(bytes.fromhex(ticket)))
    except (ValueError, OverflowError) as error:
        raise NotFoundError("there is no such page") from error
