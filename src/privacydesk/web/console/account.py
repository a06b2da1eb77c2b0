"""The account page: agents manage their own sessions, password and second factor."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from privacydesk.domain.agents import STAFF
from privacydesk.domain.ids import StaffSessionId
from privacydesk.errors import DeskError, InvalidRequestError
from privacydesk.services.signin.passwords import MIN_LENGTH
from privacydesk.web.console import forms
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.browsers import browser_name
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import SIGNIN
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.redirects import SIGN_IN, client_of
from privacydesk.web.console.signin import codes_page

ADDRESS: Final = "/console/account"
_DONE_VALUES: Final = frozenset(
    {"password", "session", "sessions", "passkey_added", "passkey_removed"}
)
"""The values of ``done`` in the page's address: which form was accepted."""


@staff(*STAFF)
async def account_page(request: web.Request) -> web.Response:
    """Show the agent's sessions, and forms to change password and second factor."""
    done = request.query.get("done", "")
    return await render_page(request, done=done if done in _DONE_VALUES else "")


@staff(*STAFF)
async def end_session(request: web.Request) -> web.Response:
    """End one of the agent's own sessions."""
    form = await read_verified_form(request)
    me, account = agent_session(request), request.config_dict[SIGNIN].account
    try:
        session_id = StaffSessionId(bytes.fromhex(str(form.get("session", ""))))
    except ValueError:
        raise InvalidRequestError("there is no such session") from None
    await account.end_session(me.agent, session_id, client_of(request))
    raise forms.done_redirect(ADDRESS, "session")


@staff(*STAFF)
async def end_other_sessions(request: web.Request) -> web.Response:
    """End all of the agent's sessions but this one."""
    await read_verified_form(request)
    me, account = agent_session(request), request.config_dict[SIGNIN].account
    await account.end_other_sessions(me.agent, me.session_id, client_of(request))
    raise forms.done_redirect(ADDRESS, "sessions")


@staff(*STAFF)
async def change_password(request: web.Request) -> web.Response:
    """Set a new password; all other sessions end."""
    form = await read_verified_form(request)
    me, account = agent_session(request), request.config_dict[SIGNIN].account
    new = str(form.get("new", ""))
    try:
        if new != str(form.get("again", "")):
            raise InvalidRequestError("the passwords differ", reason="password_two")
        await account.change_password(
            me.agent, me.session_id, old=_password(form), new=new, client=client_of(request)
        )
    except DeskError as error:
        return await render_page(request, error_form="password", error=error)
    raise forms.done_redirect(ADDRESS, "password")


@staff(*STAFF)
async def renew_recovery_codes(request: web.Request) -> web.Response:
    """Replace the agent's recovery codes, and show the new ones once."""
    form = await read_verified_form(request)
    me, account = agent_session(request), request.config_dict[SIGNIN].account
    try:
        codes = await account.renew_recovery_codes(
            me.agent, me.session_id, password=_password(form), client=client_of(request)
        )
    except DeskError as error:
        return await render_page(request, error_form="recovery", error=error)
    return codes_page(request, codes, next_page=ADDRESS)


@staff(*STAFF)
async def remove_authenticator(request: web.Request) -> web.Response:
    """Remove the agent's authenticator app; the next sign-in sets up another one."""
    form = await read_verified_form(request)
    me, account = agent_session(request), request.config_dict[SIGNIN].account
    try:
        await account.remove_authenticator(
            me.agent, password=_password(form), client=client_of(request)
        )
    except DeskError as error:
        return await render_page(request, error_form="app", error=error)
    raise web.HTTPSeeOther(SIGN_IN)


def _password(form: Form) -> str:
    return str(form.get("password", ""))


async def render_page(
    request: web.Request,
    *,
    done: str = "",
    error_form: str = "",
    error: DeskError | None = None,
) -> web.Response:
    """Return the page, with the error of a refused form beside that form."""
    me, signin = agent_session(request), request.config_dict[SIGNIN]
    account, passkeys = signin.account, signin.passkeys
    sessions = await account.sessions(me.agent)
    return console_page(
        request,
        "console/account.html",
        status=200 if error is None else 400,
        # Choosing a language reloads the page, and the response to a form can't be reloaded.
        **({} if error is None else {"languages": ()}),
        sessions=[
            {
                "id": session.id.hex(),
                "browser": browser_name(session.browser),
                "origin": session.origin,
                "started_at": session.started_at,
                "seen_at": session.seen_at,
                "this": session.id == me.session_id,
            }
            for session in sessions
        ],
        has_passkeys=passkeys is not None,
        passkeys=() if passkeys is None else await passkeys.of_agent(me.agent),
        has_password=await account.has_password(me.agent),
        recovery_left=await account.recovery_codes_left(me.agent),
        min_length=MIN_LENGTH,
        done=done,
        error_form=error_form,
        error_message="" if error is None else error_message(request, error),
    )
