"""The inbox: one list with views, counts, search and pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiohttp import web
from yarl import URL

from privacydesk.domain.agents import Agent
from privacydesk.domain.ids import TicketId
from privacydesk.domain.inbox_views import InboxView, Place
from privacydesk.domain.intents import RequestKind
from privacydesk.errors import NotFoundError
from privacydesk.services.audit import MOST_ROWS
from privacydesk.services.inbox import Asked
from privacydesk.web.console.access import signed_in, staff
from privacydesk.web.console.inbox_filters import (
    NOBODY,
    by_holder,
    holders_of,
    in_words,
    named,
    sieve_of,
)
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.page import console_page
from privacydesk.web.console.reports import OVERSEERS
from privacydesk.web.console.words import Words, words_of
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

_LONGEST_SEARCH: Final = 200
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@staff()
async def inbox(request: web.Request) -> web.Response:
    """Show a view, or what a search found.

    ``part=list`` answers with the list alone, ``part=beside`` with a narrow one for a case's page.
    """
    tools, me = request.config_dict[TOOLS], signed_in(request)
    asked, view = asked_for(request), request.query.get("view", InboxView.MINE.value)
    wanted, filters = asked.words, named(asked.sieve)
    page = await tools.inbox.look(asked, me.agent)
    values: dict[str, Any] = {
        "rows": page.rows,
        "conversations": page.conversations,
        "unanswered": page.unanswered,
        "filed": page.filed,
        "damaged": ", ".join(page.damaged),
        "view": view,
        "wanted": wanted,
        "filters": filters,
        "more": _address("inbox", view, filters, after=_named(page.after)) if page.after else "",
        "export": _address("inbox/export", view, filters),
        "exported": MOST_ROWS if _may_export(me.agent, view) and page.rows and not wanted else 0,
        "w": words_of(request),
    }
    if request.query.get("part") == "list":
        return console_page(request, "console/list.html", **values)
    values["revision"] = tools.inbox.revision_of(page)
    if request.query.get("part") == "beside":
        words: Words = values["w"]
        return console_page(
            request, "console/beside.html", filtered=in_words(filters, words), **values
        )
    counts = await tools.inbox.counts(me.agent)
    return console_page(
        request,
        "console/inbox.html",
        views=VIEWS,
        counts=counts,
        kinds=tuple(RequestKind),
        locales=tuple(LANGUAGE_TAGS),
        holders=holders_of(tools.agents) if by_holder(view) else (),
        nobody=NOBODY,
        live=str(URL(f"{request.path}/live").with_query(request.query)),
        **values,
    )


def asked_for(request: web.Request, query: Mapping[str, str] | None = None) -> Asked:
    """Return the part of the inbox that an address asks for.

    Args:
        request: the request to that address.
        query: used instead of the request's own, as named by one of our pages.

    Raises:
        NotFoundError: there is no such view, page or filter.
    """
    query = request.query if query is None else query
    view = query.get("view", InboxView.MINE.value)
    if view not in VIEWS:
        raise NotFoundError("there is no such view")
    words = query.get("q", "")[:_LONGEST_SEARCH].strip()
    if words:
        return Asked(None, words=words)
    agents = request.config_dict[TOOLS].agents
    sieve = sieve_of(query, agents, holders=by_holder(view))
    if view == QUEUE:
        return Asked(None, sieve=sieve)
    return Asked(InboxView(view), _place(query.get("after", "")), sieve=sieve)


def _may_export(agent: Agent, view: str) -> bool:
    return agent.role in OVERSEERS and view != QUEUE


def _address(path: str, view: str, filters: Mapping[str, str], **more: str) -> str:
    return str(URL(f"/console/{path}").with_query({"view": view, **filters, **more}))


def _named(place: Place) -> str:
    """Return the place where a page ended, encoded for an address."""
    at = place.urgent_at
    # Exact: a float would lose microseconds, and with them rows.
    return f"{'' if at is None else (at - _EPOCH) // _MICROSECOND}.{place.ticket.hex()}"


def _place(name: str) -> Place | None:
    if not name:
        return None
    at, _, ticket = name.partition(".")
    try:
        urgent_at = _EPOCH + int(at) * _MICROSECOND if at else None
        return Place(urgent_at, TicketId(bytes.fromhex(ticket)))
    except (ValueError, OverflowError) as error:
        raise NotFoundError("there is no such page") from error
