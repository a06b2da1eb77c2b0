"""The console's cookie, the form token derived from it, and the language before signing in.

The cookie holds a random value from the first page on, so that the sign-in form has a token as
well. Signing in replaces the value, so that one planted before (session fixation) is useless.
"""

from __future__ import annotations

import hmac
from typing import Final

from aiohttp import web

from privacydesk.i18n.locales import LOCALES
from privacydesk.web.console.keys import DOORS
from privacydesk.web.console.redirects import over_tls

COOKIE: Final = "desk_staff"
LANGUAGE: Final = "desk_language"
PATH: Final = "/console"
_LONGEST: Final = 64
_A_YEAR: Final = 365 * 86_400


def token_of(request: web.Request) -> str:
    """Return the cookie's value; empty without one."""
    value = request.cookies.get(COOKIE, "")
    return value if value.isascii() and len(value) <= _LONGEST else ""


def form_token(request: web.Request, token: str = "") -> str:
    """Return the form token of a cookie's value, by default the request's."""
    return request.config_dict[DOORS].gate.form_token(token or token_of(request))


def form_matches(request: web.Request, given: str) -> bool:
    """Return whether a form carries the token of the request's own cookie."""
    own = token_of(request)
    return bool(own) and hmac.compare_digest(form_token(request, own).encode(), given.encode())


def give(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Set the cookie until the browser is closed; the desk decides how long its value is valid."""
    response.set_cookie(
        COOKIE, token, path=PATH, httponly=True, secure=over_tls(request), samesite="Lax"
    )


def take_away(request: web.Request, response: web.StreamResponse) -> None:
    """Delete the cookie."""
    response.del_cookie(COOKIE, path=PATH, httponly=True, secure=over_tls(request), samesite="Lax")


def language_of(request: web.Request) -> str:
    """Return the language that was chosen in this browser; empty without one."""
    chosen = request.cookies.get(LANGUAGE, "")
    return chosen if chosen in LOCALES else ""


def give_language(request: web.Request, response: web.StreamResponse, locale: str) -> None:
    """Have the browser remember a language for the sign-in page."""
    response.set_cookie(
        LANGUAGE,
        locale,
        path=PATH,
        max_age=_A_YEAR,
        httponly=True,
        secure=over_tls(request),
        samesite="Lax",
    )
