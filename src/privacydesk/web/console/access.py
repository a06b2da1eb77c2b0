"""Authorisation in the console: access rules of handlers, and the middleware that enforces them.

Handlers declare their rule with ``@staff`` or ``@public``. A handler without one is refused at
startup, so that nothing is open by mistake. ``docs/console.md`` lists who may use which route; a
test checks that table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

from privacydesk.domain.agents import CASE_READERS, Agent, Role
from privacydesk.domain.duty import StaffBoard
from privacydesk.domain.ids import StaffSessionId
from privacydesk.domain.signin import AccessKind, AuthenticatedSession, Stage
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.console import cookies
from privacydesk.web.console.board import BOARD_CACHE
from privacydesk.web.console.forms import Form, read_form
from privacydesk.web.console.keys import SIGNIN
from privacydesk.web.console.redirects import (
    FORM_PAGE,
    SAFE_METHODS,
    SIGN_IN,
    client_of,
    enclosing_page,
    referring_page,
    sign_in_address,
)
from privacydesk.web.keys import LOCALE
from privacydesk.web.routes import route_of

_H = TypeVar("_H", bound=Callable[..., object])

_log = structlog.get_logger(__name__)

_RULE: Final = "console_access_rule"
_REAUTHENTICATED: Final = "console_reauthenticated"
_RECENT: Final = "console_recently_authenticated"

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
"""The hidden field with the form token (CSRF token)."""

FORM_HEADER: Final = "X-Form-Token"
"""The header with the form token, for requests of scripts that send no form."""


class AgentSession(Struct, frozen=True):
    """The session of the signed-in agent who sent a request.

    Attributes:
        agent: the current record of the agent.
        session_id: the id of the session, which is not a credential.
        locale: the language of the agent's pages.
        form_token: the token that every form of the session contains; see ``read_verified_form``.
        reauthenticated: whether the agent has recently entered password and second factor again;
            see ``reauthentication``.
    """

    agent: Agent
    session_id: StaffSessionId
    locale: str
    form_token: str
    reauthenticated: bool = False


class _AccessRule(Struct, frozen=True):
    """Who may use a handler.

    Attributes:
        roles: the roles that may; empty if no sign-in is needed.
        counts_as_activity: whether a request keeps the agent's session from timing out.
    """

    roles: frozenset[Role] = frozenset()
    counts_as_activity: bool = True


REQUEST_BOARD: Final = web.RequestKey("board", StaffBoard)
"""The desk's status, for the navigation bar of each page."""

_SESSION: Final = web.RequestKey("agent_session", AgentSession)


def staff(*roles: Role, counts_as_activity: bool = True) -> Callable[[_H], _H]:
    """Restrict a handler to signed-in agents with one of the roles.

    Args:
        roles: the roles that may use the handler; those that may read requests if none is given.
        counts_as_activity: False for requests that pages send by themselves, such as polling, so
            that a forgotten window doesn't keep its session from timing out.
    """
    return _set_rule(_AccessRule(frozenset(roles or CASE_READERS), counts_as_activity))


def public(handler: _H) -> _H:
    """Open a handler to requests without a sign-in, as for the sign-in pages themselves."""
    return _set_rule(_AccessRule())(handler)


def allowed_roles(handler: object) -> frozenset[Role] | None:
    """Return the roles that may use a handler: empty if it is public, None if it has no rule."""
    rule = getattr(handler, _RULE, None)
    return None if rule is None else cast("_AccessRule", rule).roles


def _set_rule(rule: _AccessRule) -> Callable[[_H], _H]:
    def decorate(handler: _H) -> _H:
        vars(handler)[_RULE] = rule
        return handler

    return decorate


def require_reauthentication(handler: object) -> None:
    """Record that a handler requires reauthentication; see ``reauthentication``."""
    vars(handler)[_REAUTHENTICATED] = True


def require_recent_authentication(handler: object) -> None:
    """Record that a handler requires a recent authentication; see ``confirmation``."""
    vars(handler)[_RECENT] = True


def asks_recent_authentication(handler: object) -> bool:
    """Return whether a handler requires a recent authentication."""
    return hasattr(handler, _RECENT)


def disclosing(*routes: web.RouteDef) -> tuple[web.RouteDef, ...]:
    """Return routes that hand out files, exports or account data of users, for the route table.

    Raises:
        TypeError: one of them doesn't require a recent authentication.
    """
    for route in routes:
        if not asks_recent_authentication(route.handler):
            raise TypeError(
                f"{route.method} {route.path}: what hands out data is @recently_authenticated"
            )
    return routes


def check_access_rules(app: web.Application) -> None:
    """Check that each handler of an application has an access rule.

    Changes that only administrators may make must also require reauthentication.

    Raises:
        TypeError: a handler breaks one of these rules; the message names its route.
    """
    for route in app.router.routes():
        roles = allowed_roles(route.handler)
        if roles is None:
            raise TypeError(f"{route.method} {route.resource}: say who it is for, with @staff(…)")
        is_change = route.method not in SAFE_METHODS
        reauthenticates = hasattr(route.handler, _REAUTHENTICATED)
        if is_change and roles == {Role.ADMINISTRATOR} and not reauthenticates:
            raise TypeError(
                f"{route.method} {route.resource}: a change by administrators is @reauthenticated"
            )


@web.middleware
async def access_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Enforce the handler's access rule, and redirect to the sign-in page without a session."""
    request[LOCALE] = cookies.language_of(request) or negotiate(
        request.headers.get("Accept-Language", "")
    )
    rule = getattr(request.match_info.handler, _RULE, None)
    signed_in = await _load_session(request, rule)
    if signed_in is not None:
        request[LOCALE] = signed_in.agent.locale or request[LOCALE]
        request[_SESSION] = AgentSession(
            signed_in.agent,
            signed_in.session.id,
            request[LOCALE],
            cookies.form_token(request, signed_in.session.id.hex()),
            request.config_dict[SIGNIN].sign_in.is_recently_authenticated(signed_in.session),
        )
    if request.method not in SAFE_METHODS:
        request[FORM_PAGE] = await enclosing_page(request)
    elif isinstance(request.match_info.http_exception, web.HTTPMethodNotAllowed):
        raise web.HTTPSeeOther(await enclosing_page(request))
    if rule is None or not rule.roles:
        # There is no such route, or it is public.
        return await handler(request)
    if signed_in is None:
        return redirect_to_sign_in(request)
    if signed_in.agent.role not in rule.roles:
        await _refuse(request, signed_in.agent, "role")
    if rule.counts_as_activity and BOARD_CACHE in request.config_dict:
        request[REQUEST_BOARD] = await request.config_dict[BOARD_CACHE].get()
    return await handler(request)


def agent_session(request: web.Request) -> AgentSession:
    """Return the session of a request to a handler with ``@staff``."""
    return request[_SESSION]


def maybe_agent_session(request: web.Request) -> AgentSession | None:
    """Return the session of a request; None if nobody has signed in."""
    return request.get(_SESSION)


async def is_still_authorized(request: web.Request) -> bool:
    """Return whether the recipient of a long response still may use its handler.

    False once the session has ended, or the agent's role was changed to one that may not.
    """
    rule = cast("_AccessRule", getattr(request.match_info.handler, _RULE))
    signed_in = await request.config_dict[SIGNIN].sign_in.find_session(cookies.token_of(request))
    return (
        signed_in is not None
        and signed_in.session.stage is Stage.OPEN
        and signed_in.agent.role in rule.roles
    )


async def read_verified_form(request: web.Request) -> Form:
    """Return the form in a request, checked for request forgery (CSRF).

    Raises:
        DeskError: ``FORBIDDEN`` if it comes from another origin, or without a valid form token, as
            from a page that was opened before the last sign-in.
    """
    form = await read_form(request)
    await verify_form(request, form)
    return form


async def verify_form(request: web.Request, form: Mapping[str, object]) -> None:
    """Check a form for request forgery.

    Raises:
        DeskError: ``FORBIDDEN``, as for ``read_verified_form``.
    """
    if not is_verified_form(request, form):
        me = maybe_agent_session(request)
        await _refuse(request, None if me is None else me.agent, "form")


def is_verified_form(request: web.Request, form: Mapping[str, object]) -> bool:
    """Return whether a form was sent by a page of this origin, rendered for this session."""
    token = request.headers.get(FORM_HEADER) or str(form.get(FORM_TOKEN, ""))
    return is_same_origin(request) and cookies.is_form_token(request, token, _bound_to(request))


def current_form_token(request: web.Request, cookie: str = "") -> str:
    """Return a form token for the request's session, or, without one, for a cookie.

    Args:
        request: the request.
        cookie: the cookie, if it is not the request's.
    """
    return cookies.form_token(request, _bound_to(request, cookie))


def _bound_to(request: web.Request, cookie: str = "") -> str:
    me = maybe_agent_session(request)
    return me.session_id.hex() if me is not None else cookie or cookies.token_of(request)


def is_same_origin(request: web.Request) -> bool:
    """Return whether the browser reports our own origin as the sender, or reports none.

    This only adds to the check of the form token. Browsers omit ``Sec-Fetch-Site`` without TLS
    (except on localhost). The scheme may differ behind a proxy, so it is not compared.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


async def _load_session(
    request: web.Request, rule: _AccessRule | None
) -> AuthenticatedSession | None:
    token = cookies.token_of(request)
    if not token:
        return None
    signin = request.config_dict[SIGNIN]
    is_activity = rule is not None and rule.counts_as_activity
    found = await signin.sign_in.find_session(token, mark_active=is_activity)
    return found if found is not None and found.session.stage is Stage.OPEN else None


def redirect_to_sign_in(request: web.Request) -> web.StreamResponse:
    """Redirect a request without a session to the sign-in page, which leads back afterwards.

    Raises:
        HTTPSeeOther: the redirect.
        DeskError: ``UNAUTHENTICATED`` with reason ``signed_out`` if the request is not for HTML.
    """
    _log.info("console_signed_out", route=route_of(request))
    if "text/html" not in request.headers.get("Accept", ""):
        raise DeskError("sign in first", code=ErrorCode.UNAUTHENTICATED, reason="signed_out")
    # The script of the page keeps the input of a form and restores it after the sign-in.
    return_to = request.path_qs if request.method in SAFE_METHODS else referring_page(request)
    raise web.HTTPSeeOther(sign_in_address(SIGN_IN, return_to))


async def _refuse(request: web.Request, agent: Agent | None, cause: str) -> None:
    """Log a refusal and raise its error; ``cause`` is ``role`` or ``form``."""
    if agent is None:
        _log.warning("console_refused", route=route_of(request), why=cause)
    else:
        await request.config_dict[SIGNIN].access_log.record(
            AccessKind.FORBIDDEN,
            agent=agent.name,
            origin=client_of(request).origin,
            about=f"{request.method} {route_of(request)} ({cause})",
        )
    raise DeskError("not for this role", code=ErrorCode.FORBIDDEN, reason=f"console_{cause}")
