"""The console's cookies: session token, from which the form token is derived, and language.

The session cookie has a random value from the first page on, so that the sign-in form has a form
token as well. Signing in replaces the value, which prevents session fixation. So does
authenticating again, after which a stolen copy is useless. Form tokens are bound to the session
once there is one, so that the forms in other windows stay valid.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any, Final

from aiohttp import web

from privacydesk.domain.sign_on import FLOW_LIFETIME
from privacydesk.i18n.locales import LOCALES
from privacydesk.web.console.keys import NEW_COOKIE, SIGNIN
from privacydesk.web.console.redirects import is_https

COOKIE: Final = "desk_staff"
LANGUAGE: Final = "desk_language"
SIGN_ON: Final = "desk_sign_on"
"""What a browser takes along to the identity provider; see ``services.signin.sign_on``."""
PROVIDER: Final = "desk_provider"
"""Set in browsers in which somebody signed in by the provider, so that this is renewed."""
PATH: Final = "/console"
_MAX_LENGTH: Final = 64
_YEAR_SECONDS: Final = 365 * 86_400
_SIGN_ON_PATH: Final = "/console/sign-on"
_MAX_SIGN_ON_LENGTH: Final = 4_000


def token_of(request: web.Request) -> str:
    """Return the session token of a request; empty without a valid cookie."""
    value = _value(request, COOKIE)
    return value if value.isascii() and len(value) <= _MAX_LENGTH else ""


def form_token(request: web.Request, bound_to: str) -> str:
    """Return a form token for a session's id, or, without a session, for a cookie.

    It is masked with random bytes, so that no two pages repeat it: the length of a compressed page
    can't be used to guess it.
    """
    value = _form_token(request, bound_to)
    mask = secrets.token_bytes(len(value))
    return urlsafe_b64encode(mask + _xor(value, mask)).decode()


def is_form_token(request: web.Request, candidate: str, bound_to: str) -> bool:
    """Return whether a text is a form token for a session's id, or for a cookie."""
    if not bound_to or not candidate.isascii():
        return False
    try:
        masked = urlsafe_b64decode(candidate)
    except ValueError:
        return False
    mask, value = masked[: len(masked) // 2], masked[len(masked) // 2 :]
    return len(mask) == len(value) and hmac.compare_digest(
        _form_token(request, bound_to), _xor(value, mask)
    )


def _form_token(request: web.Request, bound_to: str) -> bytes:
    return request.config_dict[SIGNIN].sign_in.form_token(bound_to)


def _xor(value: bytes, mask: bytes) -> bytes:
    return bytes(left ^ right for left, right in zip(value, mask, strict=True))


def set_token(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Set the session token, as a session cookie: the server decides when the token expires."""
    _set(request, response, COOKIE, token)


def add_new_token(request: web.Request, response: web.StreamResponse) -> None:
    """Add the cookie that replaces the session's, if there is one, when headers are prepared."""
    token = request.get(NEW_COOKIE)
    if token is None:
        return
    holder = web.Response()
    set_token(request, holder, token)
    for cookie in holder.cookies.values():
        response.headers.add("Set-Cookie", cookie.OutputString())


def delete_token(request: web.Request, response: web.StreamResponse) -> None:
    """Delete the session token."""
    _delete(request, response, COOKIE)


def sign_on_of(request: web.Request) -> str:
    """Return what the browser took along to the identity provider; empty if nothing."""
    value = _value(request, SIGN_ON)
    return value if value.isascii() and len(value) <= _MAX_SIGN_ON_LENGTH else ""


def set_sign_on(request: web.Request, response: web.StreamResponse, value: str) -> None:
    """Set what the browser takes along to the identity provider.

    It comes back with a redirect from another site, so it is not ``Strict``.
    """
    lifetime = int(FLOW_LIFETIME.total_seconds())
    _set(request, response, SIGN_ON, value, path=_SIGN_ON_PATH, max_age=lifetime)


def delete_sign_on(request: web.Request, response: web.StreamResponse) -> None:
    """Delete what the browser took along: an answer is taken once."""
    _delete(request, response, SIGN_ON, path=_SIGN_ON_PATH)


def uses_provider(request: web.Request) -> bool:
    """Return whether the last sign-in in this browser was by the identity provider."""
    return _value(request, PROVIDER) == "1"


def remember_provider(request: web.Request, response: web.StreamResponse) -> None:
    """Record that somebody signed in by the identity provider in this browser."""
    _set(request, response, PROVIDER, "1")


def forget_provider(request: web.Request, response: web.StreamResponse) -> None:
    """Forget that somebody did, as at signing out."""
    _delete(request, response, PROVIDER)


def language_of(request: web.Request) -> str:
    """Return the locale that was chosen in this browser; empty if none was."""
    locale = _value(request, LANGUAGE)
    return locale if locale in LOCALES else ""


def set_language(request: web.Request, response: web.StreamResponse, locale: str) -> None:
    """Store the locale in the browser, for pages without a sign-in."""
    _set(request, response, LANGUAGE, locale, max_age=_YEAR_SECONDS)


def _value(request: web.Request, name: str) -> str:
    return request.cookies.get(_prefixed(request, name), "")


def _set(
    request: web.Request,
    response: web.StreamResponse,
    name: str,
    value: str,
    *,
    path: str = PATH,
    max_age: int | None = None,
) -> None:
    response.set_cookie(
        _prefixed(request, name), value, max_age=max_age, **_attributes(request, path)
    )


def _delete(
    request: web.Request, response: web.StreamResponse, name: str, *, path: str = PATH
) -> None:
    response.del_cookie(_prefixed(request, name), **_attributes(request, path))


def _prefixed(request: web.Request, name: str) -> str:
    """Return the name of a cookie.

    With the prefix, browsers take it from this host over TLS alone: not from another name below the
    same domain, which could plant one.
    """
    return f"__Host-{name}" if is_https(request) else name


def _attributes(request: web.Request, path: str) -> dict[str, Any]:
    """Return the attributes of a cookie; one with the prefix is for all paths."""
    secure = is_https(request)
    return {
        "path": "/" if secure else path,
        "httponly": True,
        "secure": secure,
        "samesite": "Lax",
    }
