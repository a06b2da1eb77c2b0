"""The page of text modules (canned replies): all agents see them, supervisors edit them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from privacydesk.domain.agents import SUPERVISING
from privacydesk.domain.text_modules import MAX_CHARACTERS, VARIABLES
from privacydesk.errors import DeskError
from privacydesk.web.console import forms
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.case import parse_whole_number
from privacydesk.web.console.form_actions import read_text_fields
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.responses import STATUS

ADDRESS: Final = "/console/texts"
_DONE_VALUES: Final = frozenset({"saved", "removed"})


@staff()
async def modules_page(request: web.Request) -> web.Response:
    """Show all text modules."""
    return await _render_page(request)


@staff(*SUPERVISING)
async def save_module(request: web.Request) -> web.Response:
    """Add a text module, or change the texts of one."""
    services, me = request.config_dict[SERVICES], agent_session(request)
    form = await read_text_fields(request)
    name = form.get("name", "").strip()
    texts = {locale: form.get(f"text-{locale}", "") for locale in services.modules.locales}
    seen = parse_whole_number(form.get("seen", ""))
    try:
        await services.modules.save(me.agent.name, name, texts, seen=seen)
    except DeskError as error:
        return await _render_page(request, error=error, submitted=form)
    raise forms.done_redirect(ADDRESS, "saved", about=name)


@staff(*SUPERVISING)
async def remove_module(request: web.Request) -> web.Response:
    """Remove a text module."""
    services, me = request.config_dict[SERVICES], agent_session(request)
    form, name = await read_verified_form(request), request.match_info["name"]
    try:
        await services.modules.remove(
            me.agent.name, name, seen=parse_whole_number(str(form.get("seen", "")))
        )
    except DeskError as error:
        return await _render_page(request, error=error)
    raise forms.done_redirect(ADDRESS, "removed", about=name)


async def _render_page(
    request: web.Request,
    *,
    error: DeskError | None = None,
    submitted: Mapping[str, str] | None = None,
) -> web.Response:
    services, me = request.config_dict[SERVICES], agent_session(request)
    modules, done = await services.modules.all(), request.query.get("done", "")
    about = request.query.get("about", "")
    if done not in _DONE_VALUES or error is not None:
        done = ""
    versions = {module.name: module.version for module in modules}
    return console_page(
        request,
        "console/texts.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        **({} if error is None else {"languages": ()}),
        modules=modules,
        locales=services.modules.locales,
        variables=VARIABLES,
        max_length=MAX_CHARACTERS,
        may_change=me.agent.supervises,
        submitted=submitted or {},
        # The refused form may be sent again with the current version, which this page shows.
        submitted_version=versions.get((submitted or {}).get("name", "").strip(), 0),
        done=done,
        about=about if done else "",
        error_message="" if error is None else error_message(request, error),
        w=localizer_of(request),
    )
