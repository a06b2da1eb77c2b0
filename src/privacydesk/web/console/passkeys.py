"""Passkeys in the console: what pages ask the browser for, and adding and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from privacydesk.domain.agents import STAFF
from privacydesk.domain.signin import Stage
from privacydesk.errors import DeskError, NotFoundError
from privacydesk.web.console import account, cookies, forms
from privacydesk.web.console.access import agent_session, public, read_verified_form, staff
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import SIGNIN
from privacydesk.web.console.page import console_page
from privacydesk.web.console.reauthentication import action_text, reauthenticated
from privacydesk.web.console.redirects import client_of
from privacydesk.web.responses import json_response

if TYPE_CHECKING:
    from privacydesk.services.signin.passkeys import Passkeys

ADDRESS: Final = "/console/account/passkeys"


@public
async def request_options(request: web.Request) -> web.Response:
    """Return what a page asks the browser for; after the password, only the agent's passkeys."""
    cookie, signin = cookies.token_of(request), request.config_dict[SIGNIN]
    found = await signin.sign_in.find_session(cookie)
    is_known = found is not None and found.session.stage in {Stage.CODE, Stage.OPEN}
    agent = found.agent if found is not None and is_known else None
    return json_response(await _passkeys(request).request_options(cookie, agent))


@staff(*STAFF)
async def creation_options(request: web.Request) -> web.Response:
    """Return what the page that adds a passkey asks the browser to make."""
    me, cookie = agent_session(request), cookies.token_of(request)
    return json_response(await _passkeys(request).creation_options(cookie, me.agent))


async def _describe_adding(request: web.Request, form: Form) -> str:
    return action_text(request, "add_passkey", name=form.get("name", ""))


async def _describe_removing(request: web.Request, form: Form) -> str:
    own = await _passkeys(request).of_agent(agent_session(request).agent)
    name = next((one.name for one in own if one.digest == _digest(form)), "")
    return action_text(request, "remove_passkey", name=name)


@staff(*STAFF)
@reauthenticated(_describe_adding)
async def new_page(request: web.Request) -> web.Response:
    """Show the page on which the browser makes a passkey of the chosen name."""
    form, me = await read_verified_form(request), agent_session(request)
    try:
        name = await _passkeys(request).check_new(me.agent, form.get("name", ""))
    except DeskError as error:
        return await account.render_page(request, error_form="passkeys", error=error)
    return console_page(
        request,
        "console/passkey_new.html",
        name=name,
        action=ADDRESS,
        previous=account.ADDRESS,
        languages=(),
    )


@staff(*STAFF)
@reauthenticated(_describe_adding)
async def add(request: web.Request) -> web.Response:
    """Add the passkey that the browser has made."""
    form, me = await read_verified_form(request), agent_session(request)
    try:
        await _passkeys(request).add(
            me.agent,
            form.get("name", ""),
            cookie=cookies.token_of(request),
            answer=form.get("passkey", ""),
            client=client_of(request),
        )
    except DeskError as error:
        return await account.render_page(request, error_form="passkeys", error=error)
    raise forms.done_redirect(account.ADDRESS, "passkey_added")


@staff(*STAFF)
@reauthenticated(_describe_removing)
async def remove(request: web.Request) -> web.Response:
    """Remove one of the agent's passkeys; all other sessions end."""
    form, me = await read_verified_form(request), agent_session(request)
    await _passkeys(request).remove(me.agent, me.session_id, _digest(form), client_of(request))
    raise forms.done_redirect(account.ADDRESS, "passkey_removed")


def _digest(form: Form) -> bytes:
    try:
        return bytes.fromhex(form.get("id", ""))
    except ValueError:
        return b""


def _passkeys(request: web.Request) -> Passkeys:
    passkeys = request.config_dict[SIGNIN].passkeys
    if passkeys is None:
        raise NotFoundError("the desk's address is not set")
    return passkeys
