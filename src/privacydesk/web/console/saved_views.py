"""Saving, changing and removing views of the inbox, from the inbox itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from yarl import URL

from privacydesk.domain.ids import SavedViewId
from privacydesk.domain.saved_views import SavedView
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.case import parse_whole_number
from privacydesk.web.console.form_actions import read_text_fields
from privacydesk.web.console.forms import parse_id
from privacydesk.web.console.inbox import listing_address, parse_listing, render_inbox
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.redirects import DONE_PARAMETER

_Form = Mapping[str, str]


@staff()
async def add_view(request: web.Request) -> web.Response:
    """Save what the page lists under a name."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent

    async def save(form: _Form) -> SavedView:
        listing = parse_listing(request, _page_query(form))
        return await services.saved_views.add(
            me.name, form.get("name", ""), listing, shared="shared" in form
        )

    return await _change(request, "view_saved", save)


@staff()
async def change_view(request: web.Request) -> web.Response:
    """Rename a view, or share it with the team or no more."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent

    async def change(form: _Form) -> SavedView:
        return await services.saved_views.change(
            me.name,
            _view_id_of(request),
            form.get("name", ""),
            shared="shared" in form,
            seen=parse_whole_number(form.get("seen", "")),
        )

    return await _change(request, "view_changed", change)


@staff()
async def remove_view(request: web.Request) -> web.Response:
    """Remove a view."""
    services, me = request.config_dict[SERVICES], agent_session(request).agent

    async def remove(form: _Form) -> SavedView:
        return await services.saved_views.remove(
            me.name, _view_id_of(request), seen=parse_whole_number(form.get("seen", ""))
        )

    return await _change(request, "view_removed", remove)


async def _change(
    request: web.Request, done: str, change: Callable[[_Form], Awaitable[SavedView]]
) -> web.Response:
    """Run a change and redirect to the view; if it is refused, show the page with the error."""
    form = await read_text_fields(request)
    try:
        view = await change(form)
    except DeskError as error:
        if error.code is ErrorCode.NOT_FOUND:
            raise
        return await render_inbox(request, _page_query(form), error=error, submitted=form)
    address = URL(listing_address(view.listing)).update_query({DONE_PARAMETER: done})
    raise web.HTTPSeeOther(str(address))


def _page_query(form: _Form) -> Mapping[str, str]:
    """Return the query of the page that a form was sent from."""
    return URL.build(query_string=form.get("query", "")).query


def _view_id_of(request: web.Request) -> SavedViewId:
    return SavedViewId(parse_id(request.match_info["view"], "view"))
