"""Authorisation in the console: marks on handlers, and the middleware that enforces them.

A handler names its roles with ``staff``; one without a mark is refused when the application is
made, so that a forgotten mark opens nothing. ``docs/console.md`` has the table; a test walks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast
from urllib.parse import urlsplit

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from msgspec import Struct

from privacydesk.domain.agents import STAFF, Agent, Role
from privacydesk.domain.duty import Board
from privacydesk.domain.ids import StaffSessionId
from privacydesk.domain.signin import AccessKind, Holder, Stage
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.console import cookies
from privacydesk.web.console.board import BOARD
from privacydesk.web.console.forms import Form, read_form
from privacydesk.web.console.keys import DOORS
from privacydesk.web.console.redirects import (
    PAGE,
    SAFE,
    SIGN_IN,
    entry_address,
    page_above,
    place_of,
    way_back,
)
from privacydesk.web.keys import LOCALE
from privacydesk.web.routes import route_of

_H = TypeVar("_H", bound=Callable[..., object])

_log = structlog.get_logger(__name__)

_MARK: Final = "console_mark"
_PROVEN: Final = "console_proven"

FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a field
"""The hidden field that carries the form token."""

FORM_HEADER: Final = "X-Form-Token"
"""The header that carries it when a script sends something other than a form."""


class SignedIn(Struct, frozen=True):
    """The agent who acts.

    Attributes:
        agent: their current record.
        session: the id of their session; no credential.
        locale: the language they work in.
        form_token: goes with every form, see ``checked_form``.
        proven: whether they gave password and second factor just now; see ``proof``.
    """

    agent: Agent
    session: StaffSessionId
    locale: str
    form_token: str
    proven: bool = False


class _Mark(Struct, frozen=True):
    """Who a handler is for.

    Attributes:
        roles: those allowed; empty where no sign-in is needed.
        keeps_awake: whether a request counts as the agent's activity.
    """

    roles: frozenset[Role] = frozenset()
    keeps_awake: bool = True


STANDING: Final = web.RequestKey("standing", Board)
"""The desk's status, for the bar of each page."""

_SIGNED_IN: Final = web.RequestKey("signed_in", SignedIn)


def staff(*roles: Role, keeps_awake: bool = True) -> Callable[[_H], _H]:
    """Restrict a handler to these roles; without any, to all staff.

    Args:
        roles: those allowed.
        keeps_awake: False for requests that pages make by themselves, such as polling: else a
            forgotten window would stay signed in for good.
    """
    return _marked(_Mark(frozenset(roles or STAFF), keeps_awake))


def everybody(handler: _H) -> _H:
    """Mark a handler as needing no sign-in: the sign-in pages themselves."""
    return _marked(_Mark())(handler)


def roles_of(handler: object) -> frozenset[Role] | None:
    """Return the roles a handler allows, empty for everybody; None without a mark."""
    mark = getattr(handler, _MARK, None)
    return None if mark is None else cast("_Mark", mark).roles


def _marked(mark: _Mark) -> Callable[[_H], _H]:
    def put(handler: _H) -> _H:
        vars(handler)[_MARK] = mark
        return handler

    return put


def mark_proven(handler: object) -> None:
    """Mark a handler as requiring password and second factor again; see ``proof``."""
    vars(handler)[_PROVEN] = True


def check_marks(app: web.Application) -> None:
    """Refuse an application with an unmarked handler.

    Changes that only administrators may make must require password and second factor again.

    Raises:
        TypeError: naming the route.
    """
    for route in app.router.routes():
        roles = roles_of(route.handler)
        if roles is None:
            raise TypeError(f"{route.method} {route.resource}: say who it is for, with @staff(…)")
        changes = route.method not in SAFE
        if changes and roles == {Role.ADMINISTRATOR} and not hasattr(route.handler, _PROVEN):
            raise TypeError(f"{route.method} {route.resource}: an administrator's act is @proven")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Enforce the handler's mark; redirect the signed-out to sign in."""
    request[LOCALE] = cookies.language_of(request) or negotiate(
        request.headers.get("Accept-Language", "")
    )
    mark = getattr(request.match_info.handler, _MARK, None)
    holder = await _holder(request, mark)
    if holder is not None:
        request[LOCALE] = holder.agent.locale or request[LOCALE]
        request[_SIGNED_IN] = SignedIn(
            holder.agent,
            holder.session.id,
            request[LOCALE],
            cookies.form_token(request),
            request.config_dict[DOORS].gate.is_proven(holder.session),
        )
    if request.method not in SAFE:
        request[PAGE] = await page_above(request)
    elif isinstance(request.match_info.http_exception, web.HTTPMethodNotAllowed):
        raise web.HTTPSeeOther(await page_above(request))
    if mark is None or not mark.roles:
        # No such address, or a sign-in page.
        return await handler(request)
    if holder is None:
        return send_in(request)
    if holder.agent.role not in mark.roles:
        await _refuse(request, holder.agent, "role")
    if mark.keeps_awake and BOARD in request.config_dict:
        request[STANDING] = await request.config_dict[BOARD].look()
    return await handler(request)


def signed_in(request: web.Request) -> SignedIn:
    """Return the agent who acts; only for handlers marked with ``staff``."""
    return request[_SIGNED_IN]


def maybe_signed_in(request: web.Request) -> SignedIn | None:
    """Return the agent who acts, if anybody has signed in."""
    return request.get(_SIGNED_IN)


async def still_signed_in(request: web.Request) -> bool:
    """Return whether the recipient of a long answer is still authorised.

    Checked now and then, it ends an open stream when the session ends, or when the handler no
    longer allows the role.
    """
    mark = cast("_Mark", getattr(request.match_info.handler, _MARK))
    holder = await request.config_dict[DOORS].gate.holder(cookies.token_of(request))
    return (
        holder is not None
        and holder.session.stage is Stage.OPEN
        and holder.agent.role in mark.roles
    )


async def checked_form(request: web.Request) -> Form:
    """Return a form that this session's own page sent.

    Raises:
        DeskError: ``FORBIDDEN`` when it comes from another origin, or carries no valid token, as
            when its page was opened before the last sign-in.
    """
    form = await read_form(request)
    await check_origin(request, form)
    return form


async def check_origin(request: web.Request, form: Mapping[str, object]) -> None:
    """Refuse a form that none of this session's own pages sent; see ``checked_form``."""
    if not came_from_here(request, form):
        me = maybe_signed_in(request)
        await _refuse(request, None if me is None else me.agent, "form")


def came_from_here(request: web.Request, form: Mapping[str, object]) -> bool:
    """Return whether one of our pages, made for this very cookie, sent this."""
    given = request.headers.get(FORM_HEADER) or str(form.get(FORM_TOKEN, ""))
    return from_here(request) and cookies.form_matches(request, given)


def from_here(request: web.Request) -> bool:
    """Return whether the browser reports that one of our pages sent this, or reports nothing.

    The form token decides in any case. Browsers leave ``Sec-Fetch-Site`` out where there is
    neither TLS nor localhost; the scheme may differ behind a proxy and is not compared.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host


async def _holder(request: web.Request, mark: _Mark | None) -> Holder | None:
    token = cookies.token_of(request)
    if not token:
        return None
    doors = request.config_dict[DOORS]
    awake = mark is not None and mark.keeps_awake
    holder = await doors.gate.holder(token, seen=awake)
    return holder if holder is not None and holder.session.stage is Stage.OPEN else None


def send_in(request: web.Request) -> web.StreamResponse:
    """Redirect the signed-out to sign in, and back afterwards.

    Raises:
        HTTPSeeOther: the redirect.
        DeskError: ``UNAUTHENTICATED`` with reason ``signed_out`` if no page was requested.
    """
    _log.info("console_signed_out", route=route_of(request))
    if "text/html" not in request.headers.get("Accept", ""):
        raise DeskError("sign in first", code=ErrorCode.UNAUTHENTICATED, reason="signed_out")
    # What was typed is kept by the page; after signing in, its form is shown filled again.
    back = request.path_qs if request.method in SAFE else way_back(request)
    raise web.HTTPSeeOther(entry_address(SIGN_IN, back))


async def _refuse(request: web.Request, agent: Agent | None, why: str) -> None:
    if agent is None:
        _log.warning("console_refused", route=route_of(request), why=why)
    else:
        await request.config_dict[DOORS].log.note(
            AccessKind.FORBIDDEN,
            agent=agent.name,
            origin=place_of(request).origin,
            about=f"{request.method} {route_of(request)} ({why})",
        )
    raise DeskError("not for this role", code=ErrorCode.FORBIDDEN, reason=f"console_{why}")
