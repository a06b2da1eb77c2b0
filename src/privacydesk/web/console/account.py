"""The page on which staff manage their own access."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from privacydesk.domain.ids import StaffSessionId
from privacydesk.errors import DeskError, InvalidRequestError
from privacydesk.services.signin.passwords import SHORTEST
from privacydesk.web.console import cookies, forms
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.browsers import browser_name
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import DOORS
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.redirects import SIGN_IN, place_of
from privacydesk.web.console.signin import codes_page

ADDRESS: Final = "/console/account"
_DONE: Final = frozenset({"password", "session", "sessions"})


@staff()
async def account_page(request: web.Request) -> web.Response:
    """Show where the agent is signed in, and what they sign in with."""
    done = request.query.get("done", "")
    return await _page(request, done=done if done in _DONE else "")


@staff()
async def end_session(request: web.Request) -> web.Response:
    """End one of the agent's own sessions."""
    form = await checked_form(request)
    me, account = signed_in(request), request.config_dict[DOORS].account
    try:
        session = StaffSessionId(bytes.fromhex(str(form.get("session", ""))))
    except ValueError:
        raise InvalidRequestError("no session is called that") from None
    await account.end(me.agent, session, place_of(request))
    raise forms.done(ADDRESS, "session")


@staff()
async def end_other_sessions(request: web.Request) -> web.Response:
    """End all of the agent's sessions but this one."""
    await checked_form(request)
    me, account = signed_in(request), request.config_dict[DOORS].account
    await account.end_others(me.agent, me.session, place_of(request))
    raise forms.done(ADDRESS, "sessions")


@staff()
async def change_password(request: web.Request) -> web.Response:
    """Set a new password; all other sessions end."""
    form = await checked_form(request)
    me, account = signed_in(request), request.config_dict[DOORS].account
    new = str(form.get("new", ""))
    try:
        if new != str(form.get("again", "")):
            raise InvalidRequestError("the two are not the same", reason="password_two")
        await account.change_password(
            me.agent, me.session, old=_password(form), new=new, place=place_of(request)
        )
    except DeskError as error:
        return await _page(request, wrong_at="password", error=error)
    raise forms.done(ADDRESS, "password")


@staff()
async def renew_recovery(request: web.Request) -> web.Response:
    """Make new recovery codes and show them, once."""
    form = await checked_form(request)
    me, account = signed_in(request), request.config_dict[DOORS].account
    try:
        codes = await account.renew_recovery(
            me.agent, me.session, password=_password(form), place=place_of(request)
        )
    except DeskError as error:
        return await _page(request, wrong_at="recovery", error=error)
    return codes_page(request, codes, cookies.token_of(request), onward=ADDRESS)


@staff()
async def change_app(request: web.Request) -> web.Response:
    """Forget the authenticator; signing in again adds another one."""
    form = await checked_form(request)
    me, account = signed_in(request), request.config_dict[DOORS].account
    try:
        await account.change_app(me.agent, password=_password(form), place=place_of(request))
    except DeskError as error:
        return await _page(request, wrong_at="app", error=error)
    raise web.HTTPSeeOther(SIGN_IN)


def _password(form: Form) -> str:
    return str(form.get("password", ""))


async def _page(
    request: web.Request,
    *,
    done: str = "",
    wrong_at: str = "",
    error: DeskError | None = None,
) -> web.Response:
    me, account = signed_in(request), request.config_dict[DOORS].account
    sessions = await account.sessions(me.agent)
    return console_page(
        request,
        "console/account.html",
        status=200 if error is None else 400,
        # Choosing a language reloads the page, which is impossible for the answer to a form.
        **({} if error is None else {"languages": ()}),
        sessions=[
            {
                "id": one.id.hex(),
                "browser": browser_name(one.browser),
                "origin": one.origin,
                "started_at": one.started_at,
                "seen_at": one.seen_at,
                "this": one.id == me.session,
            }
            for one in sessions
        ],
        recovery_left=await account.recovery_left(me.agent),
        shortest=SHORTEST,
        done=done,
        wrong_at=wrong_at,
        wrong="" if error is None else said(request, error),
    )
