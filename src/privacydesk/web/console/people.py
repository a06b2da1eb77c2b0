"""The page on which administrators manage staff, and the access log."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from privacydesk.domain.agents import STAFF, Agent, Role
from privacydesk.domain.ids import AccessEntryId
from privacydesk.domain.signin import BY_COMMAND, DENIALS, AccessEntry
from privacydesk.errors import DeskError, InvalidRequestError, NotFoundError
from privacydesk.services.audit import MOST_ROWS
from privacydesk.services.signin.people import Given
from privacydesk.web.answers import STATUS
from privacydesk.web.console import forms
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import DOORS
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.reauthentication import act_text, proven
from privacydesk.web.console.words import words_of
from privacydesk.web.keys import CATALOGS, LOCALE

ADDRESS: Final = "/console/people"
_DONE: Final = frozenset({"role", "disabled"})
_SHOWN_ENTRIES: Final = 100


@staff(Role.ADMINISTRATOR)
async def people_page(request: web.Request) -> web.Response:
    """Show who works here."""
    done = request.query.get("done", "")
    return await _page(
        request, done=done if done in _DONE else "", about=request.query.get("about", "")
    )


# -- what is confirmed -----------------------------------------------------------------------------


async def _adding(request: web.Request, form: Form) -> str:
    name = str(form.get("name", "")).strip()
    return act_text(request, "add_agent", name=name, role=_role_name(request, _role(form)))


async def _changing_role(request: web.Request, form: Form) -> str:
    person, role = await _person(request, form), _role_name(request, _role(form))
    return act_text(request, "change_role", name=person.display_name, role=role)


async def _disabling(request: web.Request, form: Form) -> str:
    person = await _person(request, form)
    return act_text(request, "disable_agent", name=person.display_name)


async def _resetting(request: web.Request, form: Form) -> str:
    person = await _person(request, form)
    act = "reset_agent" if person.active else "enable_agent"
    return act_text(request, act, name=person.display_name)


async def _person(request: web.Request, form: Form) -> Agent:
    people = await request.config_dict[DOORS].people.all()
    found = next((one for one in people if one.name == _named(form)), None)
    if found is None:
        raise NotFoundError("there is no such agent")
    return found


def _role_name(request: web.Request, role: Role) -> str:
    return request.config_dict[CATALOGS].text(request[LOCALE], f"web.console.role.{role}", {})


# -- what is done ----------------------------------------------------------------------------------


@staff(Role.ADMINISTRATOR)
@proven(_adding)
async def add_agent(request: web.Request) -> web.Response:
    """Add somebody, and show their temporary password, once."""
    form = await checked_form(request)
    me, people = signed_in(request), request.config_dict[DOORS].people
    name, shown = str(form.get("name", "")).strip(), str(form.get("display_name", ""))
    try:
        given = await people.add(name, shown, _role(form), by=me.agent.name)
    except DeskError as error:
        return await _page(request, error=error, typed={"name": name, "display_name": shown})
    return _given_page(request, given)


@staff(Role.ADMINISTRATOR)
@proven(_changing_role)
async def change_role(request: web.Request) -> web.Response:
    """Give somebody another role."""
    form = await checked_form(request)
    me, people = signed_in(request), request.config_dict[DOORS].people
    name = _named(form)
    try:
        await people.change_role(name, _role(form), by=me.agent.name)
    except DeskError as error:
        return await _page(request, error=error)
    raise forms.done(ADDRESS, "role", about=name)


@staff(Role.ADMINISTRATOR)
@proven(_disabling)
async def disable_agent(request: web.Request) -> web.Response:
    """Disable an agent's access."""
    form = await checked_form(request)
    me, people = signed_in(request), request.config_dict[DOORS].people
    name = _named(form)
    try:
        await people.disable(name, by=me.agent.name)
    except DeskError as error:
        return await _page(request, error=error)
    raise forms.done(ADDRESS, "disabled", about=name)


@staff(Role.ADMINISTRATOR)
@proven(_resetting)
async def reset_agent(request: web.Request) -> web.Response:
    """Give an agent a temporary password, shown once; re-enables a disabled agent."""
    form = await checked_form(request)
    me, people = signed_in(request), request.config_dict[DOORS].people
    try:
        given = await people.reset(_named(form), by=me.agent.name)
    except DeskError as error:
        return await _page(request, error=error)
    return _given_page(request, given)


@staff(Role.ADMINISTRATOR, Role.AUDITOR)
async def access_page(request: web.Request) -> web.Response:
    """Show who signed in, who was refused, and changes to access."""
    agent = request.query.get("agent", "").strip()
    try:
        before = AccessEntryId(bytes.fromhex(request.query.get("before", "")))
    except ValueError:
        raise InvalidRequestError("there is no such page") from None
    entries = await request.config_dict[DOORS].log.newest(
        agent=agent or None, before=before or None, limit=_SHOWN_ENTRIES + 1
    )
    shown = entries[:_SHOWN_ENTRIES]
    more = {"before": shown[-1].id.hex()} if len(entries) > _SHOWN_ENTRIES else {}
    return console_page(
        request,
        "console/access.html",
        entries=[shown_entry(one, request) for one in shown],
        agent=agent,
        more=urlencode({**more, "agent": agent}) if more else "",
        most=MOST_ROWS,
    )


def shown_entry(entry: AccessEntry, request: web.Request) -> dict[str, Any]:
    """Return an entry of the access log in words."""
    catalogs, locale = request.config_dict[CATALOGS], request[LOCALE]
    command = catalogs.text(locale, "web.console.access_command", {})
    return {
        "at": entry.at,
        "what": catalogs.text(locale, f"web.console.access.{entry.kind}", {}),
        "denied": entry.kind in DENIALS,
        "agent": entry.agent,
        "by": command if entry.by == BY_COMMAND else entry.by,
        "origin": entry.origin,
        "about": words_of(request).about(entry.about),
    }


def _named(form: Form) -> str:
    """Return the agent a form is about. Not in its address: older names don't fit one."""
    return str(form.get("agent", ""))


def _role(form: Form) -> Role:
    try:
        return Role(str(form.get("role", "")))
    except ValueError:
        raise InvalidRequestError("there is no such role") from None


def _given_page(request: web.Request, given: Given) -> web.Response:
    """Show a temporary password. It is in no other answer."""
    return console_page(request, "console/given.html", languages=(), given=given)


async def _page(
    request: web.Request,
    *,
    done: str = "",
    about: str = "",
    error: DeskError | None = None,
    typed: dict[str, str] | None = None,
) -> web.Response:
    people = await request.config_dict[DOORS].people.all()
    return console_page(
        request,
        "console/people.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        **({} if error is None else {"languages": ()}),
        people=people,
        roles=STAFF,
        done=done,
        about=next((one.display_name for one in people if one.name == about), ""),
        typed=typed or {"name": "", "display_name": ""},
        wrong="" if error is None else said(request, error),
    )
