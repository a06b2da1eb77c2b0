"""Recent authentication (step-up): asked for before files and exports, unless it is switched off.

Administrators' changes have a rule of their own; see ``reauthentication``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, TypeVar

from aiohttp import web

from privacydesk.domain.agents import STAFF
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.web.console import cookies
from privacydesk.web.console.access import (
    agent_session,
    read_verified_form,
    require_recent_authentication,
    staff,
)
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import NEW_COOKIE, SIGNIN
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.redirects import (
    HOME,
    SAFE_METHODS,
    client_of,
    referring_page,
    safe_next,
    sign_on_address,
)
from privacydesk.web.keys import SETTINGS
from privacydesk.web.responses import STATUS

_R = TypeVar("_R", bound=web.StreamResponse)
_Handler = Callable[[web.Request], Awaitable[_R]]

ADDRESS: Final = "/console/confirm"
PROVIDER: Final = "/console/sign-on/confirm"
_NEXT: Final = "next"


def recently_authenticated(handler: _Handler[_R]) -> _Handler[_R]:
    """Require a recent authentication before a handler runs, unless the setting is 0."""

    @wraps(handler)
    async def wrapper(request: web.Request) -> _R:
        await _require(request)
        return await handler(request)

    require_recent_authentication(wrapper)
    return wrapper


async def _require(request: web.Request) -> None:
    """Redirect to the page that asks, unless the agent has authenticated recently.

    Raises:
        HTTPSeeOther: the redirect.
        DeskError: ``UNAUTHENTICATED`` with reason ``confirm_first`` if the request is not for HTML.
    """
    within = request.config_dict[SETTINGS].recent_authentication
    if not within:
        return
    sign_in = request.config_dict[SIGNIN].sign_in
    found = await sign_in.find_session(cookies.token_of(request))
    if found is not None and sign_in.is_recently_authenticated(found.session, within):
        return
    if "text/html" not in request.headers.get("Accept", ""):
        raise DeskError(
            "authenticate again first", code=ErrorCode.UNAUTHENTICATED, reason="confirm_first"
        )
    page = request.path_qs if request.method in SAFE_METHODS else referring_page(request)
    raise web.HTTPSeeOther(sign_on_address(ADDRESS, page))


@staff(*STAFF)
async def confirmation_page(request: web.Request) -> web.Response:
    """Ask the agent to authenticate again, and lead on to the page that was asked for."""
    return await _render(request)


@staff(*STAFF)
async def confirm(request: web.Request) -> web.Response:
    """Check password and second factor again."""
    form = await read_verified_form(request)
    try:
        await reauthenticate(request, form)
    except DeskError as error:
        return await _render(request, error)
    raise web.HTTPSeeOther(_next_page(request))


async def reauthenticate(request: web.Request, form: Form, prefix: str = "") -> None:
    """Check the password and code, or the passkey, of a form.

    The response brings a new cookie, whatever it is: a copy of the one before is useless then.

    Args:
        request: the request with the form.
        form: its fields: ``password`` and ``code``, or ``passkey``.
        prefix: what the names of the fields begin with.

    Raises:
        DeskError: they are wrong; see ``AgentAccount`` and ``Passkeys``.
    """
    signin, me, client = request.config_dict[SIGNIN], agent_session(request), client_of(request)
    answer, cookie = form.get(f"{prefix}passkey", ""), cookies.token_of(request)
    if answer and signin.passkeys is not None:
        request[NEW_COOKIE] = await signin.passkeys.reauthenticate(
            me.agent, cookie, answer=answer, client=client
        )
        return
    request[NEW_COOKIE] = await signin.account.reauthenticate(
        me.agent,
        cookie,
        password=form.get(f"{prefix}password", ""),
        code=form.get(f"{prefix}code", ""),
        client=client,
    )


async def proof_values(request: web.Request, next_page: str) -> dict[str, Any]:
    """Return what an agent may authenticate again with, for the pages that ask."""
    signin, agent = request.config_dict[SIGNIN], agent_session(request).agent
    return {
        "asks_password": await signin.account.has_password(agent),
        "asks_code": await signin.account.has_second_factor(agent),
        "passkey": signin.passkeys is not None and bool(await signin.passkeys.of_agent(agent)),
        **await _provider_values(request, next_page),
    }


async def _render(request: web.Request, error: DeskError | None = None) -> web.Response:
    next_page, within = _next_page(request), request.config_dict[SETTINGS].recent_authentication
    return console_page(
        request,
        "console/confirm.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        action=sign_on_address(ADDRESS, next_page),
        **await proof_values(request, next_page),
        minutes=int(within.total_seconds() // 60),
        previous=HOME,
        error_message="" if error is None else error_message(request, error),
    )


async def _provider_values(request: web.Request, next_page: str) -> dict[str, str]:
    """Return the name of the agent's identity provider, and where it authenticates them again.

    The name is empty if they are not linked with it.
    """
    signin, agent = request.config_dict[SIGNIN], agent_session(request).agent
    sign_on = signin.sign_on
    is_linked = sign_on is not None and await signin.account.has_identity(agent)
    return {
        "provider": sign_on.settings.name if sign_on is not None and is_linked else "",
        "provider_address": sign_on_address(PROVIDER, next_page),
    }


def _next_page(request: web.Request) -> str:
    return safe_next(request.query.get(_NEXT, ""))
