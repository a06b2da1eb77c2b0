"""Changing the language of the console."""

from __future__ import annotations

from aiohttp import web

from privacydesk.i18n.locales import LOCALES
from privacydesk.web.console import cookies
from privacydesk.web.console.access import maybe_agent_session
from privacydesk.web.console.keys import SIGNIN


async def store_language(request: web.Request, response: web.StreamResponse, locale: str) -> None:
    """Store the language in the browser and in the agent's account, if it is supported.

    Args:
        request: the agent's request.
        response: the response that sets the cookie.
        locale: the locale of the language; an unsupported one is ignored.
    """
    if locale not in LOCALES:
        return
    cookies.set_language(request, response, locale)
    me = maybe_agent_session(request)
    if me is not None:
        await request.config_dict[SIGNIN].account.set_locale(me.agent, locale)
