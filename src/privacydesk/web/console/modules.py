"""The page on which supervisors maintain text modules, and everybody reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from privacydesk.domain.agents import SUPERVISING
from privacydesk.domain.text_modules import LONGEST, VARIABLES
from privacydesk.errors import DeskError
from privacydesk.web.answers import STATUS
from privacydesk.web.console import forms
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.case import whole
from privacydesk.web.console.form_actions import form_of
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.words import words_of

ADDRESS: Final = "/console/texts"
_DONE: Final = frozenset({"saved", "removed"})


@staff()
async def modules_page(request: web.Request) -> web.Response:
    """Show the text modules."""
    return await _page(request)


@staff(*SUPERVISING)
async def save_module(request: web.Request) -> web.Response:
    """Write a module, or another text for one."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    form = await form_of(request)
    name = form.get("name", "").strip()
    texts = {locale: form.get(f"text-{locale}", "") for locale in tools.modules.locales}
    seen = whole(form.get("seen", ""))
    try:
        await tools.modules.save(me.agent.name, name, texts, seen=seen)
    except DeskError as error:
        return await _page(request, error=error, typed=form)
    raise forms.done(ADDRESS, "saved", about=name)


@staff(*SUPERVISING)
async def remove_module(request: web.Request) -> web.Response:
    """Remove a module."""
    tools, me = request.config_dict[TOOLS], signed_in(request)
    form, name = await checked_form(request), request.match_info["name"]
    try:
        await tools.modules.remove(me.agent.name, name, seen=whole(str(form.get("seen", ""))))
    except DeskError as error:
        return await _page(request, error=error)
    raise forms.done(ADDRESS, "removed", about=name)


async def _page(
    request: web.Request, *, error: DeskError | None = None, typed: Mapping[str, str] | None = None
) -> web.Response:
    tools, me = request.config_dict[TOOLS], signed_in(request)
    modules, done = await tools.modules.all(), request.query.get("done", "")
    about = request.query.get("about", "")
    if done not in _DONE or error is not None:
        done = ""
    present = {module.name: module.version for module in modules}
    return console_page(
        request,
        "console/texts.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        **({} if error is None else {"languages": ()}),
        modules=modules,
        locales=tools.modules.locales,
        variables=VARIABLES,
        longest=LONGEST,
        may_change=me.agent.supervises,
        typed=typed or {},
        # A resubmitted form overwrites the current version, since the answering page has shown it.
        typed_seen=present.get((typed or {}).get("name", "").strip(), 0),
        done=done,
        about=about if done else "",
        wrong="" if error is None else said(request, error),
        w=words_of(request),
    )
