"""Sign-in by the identity provider: leaving for it, coming back, and its logout tokens."""

from __future__ import annotations

from typing import Final

import structlog
from aiohttp import web

from privacydesk.domain.agents import STAFF
from privacydesk.errors import DeskError, NotFoundError
from privacydesk.services.signin.sign_on import Purpose, SignOn
from privacydesk.web.console import cookies
from privacydesk.web.console.access import public, staff
from privacydesk.web.console.forms import read_form
from privacydesk.web.console.keys import SIGNIN
from privacydesk.web.console.redirects import SIGN_IN, client_of, safe_next, sign_in_address
from privacydesk.web.console.signin import check_rate, password_page

_log = structlog.get_logger(__name__)

_NEXT: Final = "next"
_BAD_REQUEST: Final = 400


@public
async def begin(request: web.Request) -> web.Response:
    """Send the browser to the provider to sign in; with ``renew``, only if that asks nothing."""
    purpose = Purpose.RENEW if "renew" in request.query else Purpose.SIGN_IN
    return await _leave(request, purpose)


@staff(*STAFF)
async def confirm(request: web.Request) -> web.Response:
    """Send the browser to the provider to authenticate again."""
    return await _leave(request, Purpose.CONFIRM)


@public
async def callback(request: web.Request) -> web.Response:
    """Take the provider's answer, and sign the browser in."""
    sign_in, sign_on = request.config_dict[SIGNIN].sign_in, _sign_on(request)
    current = await sign_in.find_session(cookies.token_of(request))
    try:
        check_rate(request)
        arrival = await sign_on.complete(
            dict(request.query), cookies.sign_on_of(request), client_of(request), current
        )
    except DeskError as error:
        response = password_page(request, error=error)
        cookies.delete_sign_on(request, response)
        cookies.forget_provider(request, response)
        return response
    if arrival.is_signed_out:
        redirect = web.HTTPSeeOther(sign_in_address(SIGN_IN, arrival.next_page))
        cookies.forget_provider(request, redirect)
    else:
        redirect = web.HTTPSeeOther(safe_next(arrival.next_page))
    cookies.delete_sign_on(request, redirect)
    if arrival.cookie:
        cookies.set_token(request, redirect, arrival.cookie)
    if arrival.is_signed_in:
        cookies.remember_provider(request, redirect)
    raise redirect


@public
async def log_out(request: web.Request) -> web.Response:
    """End sessions by a logout token, which the provider sends (Back-Channel Logout 1.0)."""
    form = await read_form(request)
    headers = {"Cache-Control": "no-store"}
    sign_on = request.config_dict[SIGNIN].sign_on
    if sign_on is None:
        raise NotFoundError("there is no identity provider")
    try:
        await sign_on.log_out(str(form.get("logout_token", "")))
    except DeskError as error:
        _log.warning("logout_token_refused", why=error.message)
        body = {"error": "invalid_request"}
        return web.json_response(body, status=_BAD_REQUEST, headers=headers)
    return web.Response(headers=headers)


async def _leave(request: web.Request, purpose: Purpose) -> web.Response:
    next_page = safe_next(request.query.get(_NEXT, ""))
    try:
        departure = await _sign_on(request).begin(purpose, next_page)
    except DeskError as error:
        response = password_page(request, error=error)
        cookies.forget_provider(request, response)
        return response
    redirect = web.HTTPSeeOther(departure.address)
    cookies.set_sign_on(request, redirect, departure.cookie)
    raise redirect


def _sign_on(request: web.Request) -> SignOn:
    sign_on = request.config_dict[SIGNIN].sign_on
    if sign_on is None:
        raise web.HTTPSeeOther(SIGN_IN)
    return sign_on
