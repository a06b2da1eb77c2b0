"""The sign-in pages: password and code, and at the first sign-in the setup of both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from privacydesk.domain.agents import STAFF
from privacydesk.domain.signin import AuthenticatedSession, Stage
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.signin import second_factor
from privacydesk.services.signin.passwords import MIN_LENGTH
from privacydesk.services.signin.sign_in import SignInStep, too_many_attempts
from privacydesk.web.addresses import client_network
from privacydesk.web.console import cookies
from privacydesk.web.console.access import (
    agent_session,
    current_form_token,
    is_verified_form,
    maybe_agent_session,
    public,
    read_verified_form,
    staff,
)
from privacydesk.web.console.forms import Form, read_form
from privacydesk.web.console.keys import SIGN_IN_RATES, SIGNIN
from privacydesk.web.console.languages import store_language
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.redirects import (
    HOME,
    SIGN_IN,
    SIGN_ON,
    client_of,
    previous_page,
    safe_next,
    sign_in_address,
    sign_on_address,
)
from privacydesk.web.keys import SETTINGS
from privacydesk.web.responses import STATUS

_NEXT: Final = "next"
_PAGES: Final = {
    Stage.PASSWORD: "console/signin_password.html",
    Stage.APP: "console/signin_app.html",
    Stage.CODE: "console/signin_code.html",
}
_ADDRESSES: Final = {stage: f"{SIGN_IN}/{stage.value}" for stage in _PAGES}
_SECRET_GROUP: Final = 4
"""Number of characters in a group of the displayed authenticator secret."""


@public
async def sign_in_page(request: web.Request) -> web.Response:
    """Show the form for name and password."""
    if maybe_agent_session(request) is not None:
        raise web.HTTPSeeOther(_next_page(request))
    if request.config_dict[SIGNIN].sign_on is not None and cookies.uses_provider(request):
        # Who is still signed in there goes on without a question.
        raise web.HTTPSeeOther(sign_on_address(SIGN_ON, _next_page(request), renew="1"))
    return password_page(request)


@public
async def sign_in(request: web.Request) -> web.Response:
    """Check name and password."""
    form = await read_form(request)
    name = str(form.get("name", ""))
    if not is_verified_form(request, form):
        # Sent by an outdated page or another site: ignore the password, and show a new form.
        outdated = DeskError("outdated form", code=ErrorCode.FORBIDDEN, reason="console_form")
        return password_page(request, error=outdated, name=name)
    try:
        check_rate(request)
        step = await _enter(request, form, name)
    except DeskError as error:
        return password_page(request, error=error, name=name)
    raise _redirect_to_next_step(request, step)


async def _enter(request: web.Request, form: Form, name: str) -> SignInStep:
    """Check name and password, or a passkey instead."""
    signin, client = request.config_dict[SIGNIN], client_of(request)
    answer = form.get("passkey", "")
    if answer and signin.passkeys is not None:
        return await signin.passkeys.sign_in(cookies.token_of(request), answer, client, None)
    return await signin.sign_in.enter_password(name, form.get("password", ""), client)


@public
async def stage_page(request: web.Request) -> web.Response:
    """Show the form of the sign-in step that the session has reached."""
    return await _stage_page(request, await _load_session(request))


@public
async def choose_password(request: web.Request) -> web.Response:
    """Replace the agent's temporary password."""

    async def choose(session: AuthenticatedSession, form: Form) -> SignInStep:
        password = str(form.get("password", ""))
        if password != str(form.get("again", "")):
            raise DeskError(
                "the passwords differ", code=ErrorCode.INVALID_REQUEST, reason="password_two"
            )
        sign_in = request.config_dict[SIGNIN].sign_in
        return await sign_in.choose_password(session, password, client_of(request))

    return await _run_step(request, choose)


@public
async def add_app(request: web.Request) -> web.Response:
    """Add an authenticator app by its first code, and show the recovery codes once."""

    async def add(session: AuthenticatedSession, form: Form) -> SignInStep:
        sign_in, code = request.config_dict[SIGNIN].sign_in, str(form.get("code", ""))
        return await sign_in.add_authenticator(session, code, client_of(request))

    return await _run_step(request, add)


@public
async def enter_code(request: web.Request) -> web.Response:
    """Check a code of the authenticator app, a recovery code, or a passkey instead."""

    async def enter(session: AuthenticatedSession, form: Form) -> SignInStep:
        signin, answer = request.config_dict[SIGNIN], form.get("passkey", "")
        if answer and signin.passkeys is not None:
            cookie, client = cookies.token_of(request), client_of(request)
            return await signin.passkeys.sign_in(cookie, answer, client, session)
        sign_in, code = signin.sign_in, str(form.get("code", ""))
        return await sign_in.enter_code(session, code, client_of(request))

    return await _run_step(request, enter)


@staff(*STAFF)
async def sign_out(request: web.Request) -> web.Response:
    """End the agent's session."""
    await read_verified_form(request)
    signin, me = request.config_dict[SIGNIN], agent_session(request)
    current = await signin.sign_in.find_session(cookies.token_of(request))
    at_provider = ""
    if signin.sign_on is not None and current is not None:
        at_provider = await signin.sign_on.sign_out_address(current.session)
    await signin.account.sign_out(me.agent, me.session_id, client_of(request))
    response: web.Response | web.HTTPSeeOther = web.HTTPSeeOther(SIGN_IN)
    if signin.sign_on is not None and at_provider:
        # A form may not redirect to another site, by the content security policy; a page may.
        response = console_page(
            request,
            "console/signed_out.html",
            me=None,
            provider=signin.sign_on.settings.name,
            at_provider=at_provider,
        )
    cookies.delete_token(request, response)
    cookies.forget_provider(request, response)
    if isinstance(response, web.HTTPSeeOther):
        raise response
    return response


@public
async def change_language(request: web.Request) -> web.Response:
    """Change the language of this browser, and of the agent's account if signed in."""
    form = await read_verified_form(request)
    locale = str(form.get("locale", ""))
    response = web.HTTPSeeOther(previous_page(request))
    await store_language(request, response, locale)
    raise response


async def _run_step(
    request: web.Request, run: Callable[[AuthenticatedSession, Form], Awaitable[SignInStep]]
) -> web.Response:
    """Run a sign-in step after the password was accepted.

    Args:
        request: the request with the form of the step.
        run: checks the form, and returns the step that follows.
    """
    session = await _load_session(request)
    form = await read_verified_form(request)
    try:
        check_rate(request)
        step = await run(session, form)
    except DeskError as error:
        if error.code is ErrorCode.STALE or error.data.get("reason") == "signed_out":
            # The form was sent twice, and the other request has completed the step.
            raise web.HTTPSeeOther(sign_in_address(SIGN_IN, _next_page(request))) from None
        return await _stage_page(request, session, error=error)
    if step.recovery_codes:
        response = codes_page(request, step.recovery_codes, next_page=_next_page(request))
        cookies.set_token(request, response, step.token)
        return response
    raise _redirect_to_next_step(request, step)


async def _load_session(request: web.Request) -> AuthenticatedSession:
    """Return the session if it is at the step of this page; redirect to its page otherwise."""
    session = await request.config_dict[SIGNIN].sign_in.find_session(cookies.token_of(request))
    stage = None if session is None else session.session.stage
    if session is None or stage not in _ADDRESSES:
        raise web.HTTPSeeOther(sign_in_address(SIGN_IN, _next_page(request)))
    if request.path != _ADDRESSES[stage]:
        raise web.HTTPSeeOther(sign_in_address(_ADDRESSES[stage], _next_page(request)))
    return session


def check_rate(request: web.Request) -> None:
    """Count a sign-in attempt from the client's address.

    Raises:
        DeskError: ``RATE_LIMITED``, if there were too many attempts.
    """
    app = request.config_dict
    network = client_network(request, app[SETTINGS].trusted_proxies)
    wait = app[SIGN_IN_RATES].take(network, asyncio.get_running_loop().time())
    if wait:
        raise too_many_attempts(timedelta(seconds=wait))


def _redirect_to_next_step(request: web.Request, step: SignInStep) -> web.HTTPException:
    """Return the redirect to the step that follows, or to the console after the last one."""
    next_page = _next_page(request)
    address = _ADDRESSES.get(step.stage)
    response = web.HTTPSeeOther(
        next_page if address is None else sign_in_address(address, next_page)
    )
    cookies.set_token(request, response, step.token)
    return response


def _next_page(request: web.Request) -> str:
    """Return the page to show after the sign-in."""
    return safe_next(request.query.get(_NEXT, ""))


def password_page(
    request: web.Request, *, error: DeskError | None = None, name: str = ""
) -> web.Response:
    """Return the sign-in page: name and password, and the way to the identity provider."""
    sign_on, next_page = request.config_dict[SIGNIN].sign_on, _next_page(request)
    token = cookies.token_of(request) or request.config_dict[SIGNIN].sign_in.fresh_token()
    response = console_page(
        request,
        "console/signin.html",
        status=_status(error),
        keep_input=True,
        form_token=current_form_token(request, token),
        action=sign_in_address(SIGN_IN, _next_page(request)),
        interrupted=_next_page(request) != HOME,
        name=name,
        passkey=request.config_dict[SIGNIN].passkeys is not None,
        provider="" if sign_on is None else sign_on.settings.name,
        provider_only=sign_on is not None and sign_on.settings.only,
        provider_address=sign_on_address(SIGN_ON, next_page),
        error_message="" if error is None else error_message(request, error),
    )
    cookies.set_token(request, response, token)
    return response


async def _stage_page(
    request: web.Request, session: AuthenticatedSession, *, error: DeskError | None = None
) -> web.Response:
    stage = session.session.stage
    return console_page(
        request,
        _PAGES[stage],
        status=_status(error),
        keep_input=True,
        form_token=current_form_token(request),
        action=sign_in_address(_ADDRESSES[stage], _next_page(request)),
        agent=session.agent,
        min_length=MIN_LENGTH,
        error_message="" if error is None else error_message(request, error),
        passkey=stage is Stage.CODE and await _has_passkeys(request, session),
        **(_enrolment_values(request, session) if stage is Stage.APP else {}),
    )


async def _has_passkeys(request: web.Request, session: AuthenticatedSession) -> bool:
    passkeys = request.config_dict[SIGNIN].passkeys
    return passkeys is not None and bool(await passkeys.of_agent(session.agent))


def _enrolment_values(request: web.Request, session: AuthenticatedSession) -> dict[str, Any]:
    """Return the template variables for adding an authenticator app: QR code, URI and secret."""
    # Imported only when needed: enrolment is rare.
    import segno  # noqa: PLC0415

    secret, group = session.session.secret, _SECRET_GROUP
    issuer = request.config_dict[SIGNIN].sign_in.settings.issuer
    uri = second_factor.enrolment_uri(secret, agent=session.agent.name, issuer=issuer)
    return {
        "qr_code": segno.make(uri, error="m").svg_inline(
            scale=4, border=2, omitsize=True, svgclass="qr", lineclass=None
        ),
        "enrolment_uri": uri,
        "secret": " ".join(secret[start : start + group] for start in range(0, len(secret), group)),
    }


def codes_page(request: web.Request, codes: tuple[str, ...], *, next_page: str) -> web.Response:
    """Show recovery codes, which no other response contains: the page can't be reloaded.

    Args:
        request: the request that created the codes.
        codes: the recovery codes.
        next_page: the page that follows.
    """
    return console_page(
        request,
        "console/recovery.html",
        keep_input=True,
        languages=(),
        codes=codes,
        next_page=next_page,
    )


def _status(error: DeskError | None) -> int:
    return 200 if error is None else STATUS.get(error.code, 500)
