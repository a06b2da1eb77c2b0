"""The language of those who read an answer."""

from __future__ import annotations

from aiohttp import hdrs, web

from privacydesk.i18n.locales import DEFAULT_LOCALE as PEOPLES_LOCALE
from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.keys import CONVERSATION_LOCALE, DEFAULT_LOCALE


def readers_locale(request: web.Request) -> str:
    """Return the locale of a conversation or a token, else the one that the client prefers."""
    return request.get(CONVERSATION_LOCALE) or negotiate(
        request.headers.get(hdrs.ACCEPT_LANGUAGE, ""),
        # ``config_dict`` has only what the middleware's own application knows.
        request.match_info.apps[-1].get(DEFAULT_LOCALE, PEOPLES_LOCALE),
    )
