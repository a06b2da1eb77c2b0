"""Switching the language: in this browser, and wherever the agent signs in."""

from __future__ import annotations

from aiohttp import web

from privacydesk.i18n.locales import LOCALES
from privacydesk.web.console import cookies
from privacydesk.web.console.access import maybe_signed_in
from privacydesk.web.console.keys import DOORS


async def speak(request: web.Request, answer: web.StreamResponse, locale: str) -> None:
    """Store a language in browser and account. An unsupported one changes nothing."""
    if locale not in LOCALES:
        return
    cookies.give_language(request, answer, locale)
    me = maybe_signed_in(request)
    if me is not None:
        await request.config_dict[DOORS].account.speak(me.agent, locale)
