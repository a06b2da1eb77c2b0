"""The sign-in pages: name and password, then a code; the first time, setting both up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from privacydesk.domain.signin import Holder, Stage
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.signin import factors
from privacydesk.services.signin.gate import Entered, too_many
from privacydesk.services.signin.passwords import SHORTEST
from privacydesk.web.addresses import origin_of
from privacydesk.web.answers import STATUS
from privacydesk.web.console import cookies
from privacydesk.web.console.access import (
    came_from_here,
    checked_form,
    everybody,
    maybe_signed_in,
    signed_in,
    staff,
)
from privacydesk.web.console.forms import Form, read_form
from privacydesk.web.console.keys import DOORS, ENTRIES
from privacydesk.web.console.languages import speak
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.redirects import (
    HOME,
    SIGN_IN,
    entry_address,
    page_before,
    place_of,
    safe_next,
)
from privacydesk.web.keys import SETTINGS

_NEXT: Final = "next"
_PAGES: Final = {
    Stage.PASSWORD: "console/signin_password.html",
    Stage.APP: "console/signin_app.html",
    Stage.CODE: "console/signin_code.html",
}
_ADDRESSES: Final = {stage: f"{SIGN_IN}/{stage.value}" for stage in _PAGES}
_GROUP: Final = 4


@everybody
async def sign_in_page(request: web.Request) -> web.Response:
    """Ask for name and password."""
    if maybe_signed_in(request) is not None:
        raise web.HTTPSeeOther(_next(request))
    return _entry_page(request)


@everybody
async def sign_in(request: web.Request) -> web.Response:
    """Check name and password."""
    form = await read_form(request)
    name = str(form.get("name", ""))
    if not came_from_here(request, form):
        # An old page, or one of another site: the input is ignored and a fresh page is shown.
        outdated = DeskError("outdated form", code=ErrorCode.FORBIDDEN, reason="console_form")
        return _entry_page(request, error=outdated, name=name)
    try:
        _admit(request)
        gate = request.config_dict[DOORS].gate
        entered = await gate.enter(name, str(form.get("password", "")), place_of(request))
    except DeskError as error:
        return _entry_page(request, error=error, name=name)
    raise _go_on(request, entered)


@everybody
async def stage_page(request: web.Request) -> web.Response:
    """Show the sign-in step that this browser has reached."""
    return _stage_page(request, await _at(request))


@everybody
async def choose_password(request: web.Request) -> web.Response:
    """Set a password of the agent's own."""

    async def choose(holder: Holder, form: Form) -> Entered:
        password = str(form.get("password", ""))
        if password != str(form.get("again", "")):
            raise DeskError("two passwords", code=ErrorCode.INVALID_REQUEST, reason="password_two")
        gate = request.config_dict[DOORS].gate
        return await gate.choose_password(holder, password, place_of(request))

    return await _step(request, choose)


@everybody
async def add_app(request: web.Request) -> web.Response:
    """Take an authenticator's first code, and show the recovery codes, once."""

    async def add(holder: Holder, form: Form) -> Entered:
        gate = request.config_dict[DOORS].gate
        return await gate.add_app(holder, str(form.get("code", "")), place_of(request))

    return await _step(request, add)


@everybody
async def enter_code(request: web.Request) -> web.Response:
    """Take an authenticator's code, or a recovery code."""

    async def enter(holder: Holder, form: Form) -> Entered:
        gate = request.config_dict[DOORS].gate
        return await gate.enter_code(holder, str(form.get("code", "")), place_of(request))

    return await _step(request, enter)


@staff()
async def sign_out(request: web.Request) -> web.Response:
    """End this session."""
    await checked_form(request)
    doors, me = request.config_dict[DOORS], signed_in(request)
    await doors.account.leave(me.agent, me.session, place_of(request))
    answer = web.HTTPSeeOther(SIGN_IN)
    cookies.take_away(request, answer)
    raise answer


@everybody
async def change_language(request: web.Request) -> web.Response:
    """Switch the language, here and wherever the agent signs in."""
    form = await checked_form(request)
    locale = str(form.get("locale", ""))
    answer = web.HTTPSeeOther(page_before(request))
    await speak(request, answer, locale)
    raise answer


async def _step(
    request: web.Request, take: Callable[[Holder, Form], Awaitable[Entered]]
) -> web.Response:
    """Carry out one sign-in step of an agent whose password was right."""
    holder = await _at(request)
    form = await checked_form(request)
    try:
        _admit(request)
        entered = await take(holder, form)
    except DeskError as error:
        if error.code is ErrorCode.STALE or error.data.get("reason") == "signed_out":
            # Sent twice: the other request made the step.
            raise web.HTTPSeeOther(entry_address(SIGN_IN, _next(request))) from None
        return _stage_page(request, holder, error=error)
    if entered.recovery:
        answer = codes_page(request, entered.recovery, entered.token, onward=_next(request))
        cookies.give(request, answer, entered.token)
        return answer
    raise _go_on(request, entered)


async def _at(request: web.Request) -> Holder:
    """Return the session, if it is at the step that the address names."""
    holder = await request.config_dict[DOORS].gate.holder(cookies.token_of(request))
    stage = None if holder is None else holder.session.stage
    if holder is None or stage not in _ADDRESSES:
        raise web.HTTPSeeOther(entry_address(SIGN_IN, _next(request)))
    if request.path != _ADDRESSES[stage]:
        raise web.HTTPSeeOther(entry_address(_ADDRESSES[stage], _next(request)))
    return holder


def _admit(request: web.Request) -> None:
    """Limit sign-in attempts from one address to what people make.

    Raises:
        DeskError: ``RATE_LIMITED``.
    """
    shared = request.config_dict
    origin = origin_of(request, shared[SETTINGS].trusted_proxies)
    wait = shared[ENTRIES].take(origin, asyncio.get_running_loop().time())
    if wait:
        raise too_many(timedelta(seconds=wait))


def _go_on(request: web.Request, entered: Entered) -> web.HTTPException:
    onward = _next(request)
    to = _ADDRESSES.get(entered.stage)
    answer = web.HTTPSeeOther(onward if to is None else entry_address(to, onward))
    cookies.give(request, answer, entered.token)
    return answer


def _next(request: web.Request) -> str:
    return safe_next(request.query.get(_NEXT, ""))


def _entry_page(
    request: web.Request, *, error: DeskError | None = None, name: str = ""
) -> web.Response:
    token = cookies.token_of(request) or request.config_dict[DOORS].gate.fresh_token()
    answer = console_page(
        request,
        "console/signin.html",
        status=_status(error),
        hold=True,
        form_token=cookies.form_token(request, token),
        action=entry_address(SIGN_IN, _next(request)),
        interrupted=_next(request) != HOME,
        name=name,
        wrong="" if error is None else said(request, error),
    )
    cookies.give(request, answer, token)
    return answer


def _stage_page(
    request: web.Request, holder: Holder, *, error: DeskError | None = None
) -> web.Response:
    stage, secret = holder.session.stage, holder.session.secret
    values: dict[str, Any] = {"shortest": SHORTEST}
    if stage is Stage.APP:
        issuer = request.config_dict[DOORS].gate.terms.issuer
        address = factors.enrolment_address(secret, agent=holder.agent.name, issuer=issuer)
        # Imported only when needed: enrolment is rare.
        import segno  # noqa: PLC0415

        values |= {
            "picture": segno.make(address, error="m").svg_inline(
                scale=4, border=2, omitsize=True, svgclass="qr", lineclass=None
            ),
            "address": address,
            "secret": " ".join(secret[at : at + _GROUP] for at in range(0, len(secret), _GROUP)),
        }
    return console_page(
        request,
        _PAGES[stage],
        status=_status(error),
        hold=True,
        form_token=cookies.form_token(request),
        action=entry_address(_ADDRESSES[stage], _next(request)),
        agent=holder.agent,
        wrong="" if error is None else said(request, error),
        **values,
    )


def codes_page(
    request: web.Request, codes: tuple[str, ...], token: str, *, onward: str
) -> web.Response:
    """Show recovery codes. They are in no other answer, so the page can't be reloaded."""
    return console_page(
        request,
        "console/recovery.html",
        hold=True,
        languages=(),
        form_token=cookies.form_token(request, token),
        codes=codes,
        onward=onward,
    )


def _status(error: DeskError | None) -> int:
    return 200 if error is None else STATUS.get(error.code, 500)
