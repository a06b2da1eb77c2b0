"""The pages for the administration of agents, and for the access log."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import web

from privacydesk.domain.agents import STAFF, Agent, Role
from privacydesk.domain.ids import AccessEntryId
from privacydesk.domain.signin import BY_COMMAND, DENIALS, AccessEntry
from privacydesk.errors import DeskError, InvalidRequestError, NotFoundError
from privacydesk.services.audit import MAX_EXPORT_ROWS
from privacydesk.services.signin.agent_administration import TemporaryPassword
from privacydesk.web.console import forms
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.forms import Form
from privacydesk.web.console.keys import SIGNIN
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.reauthentication import action_text, reauthenticated
from privacydesk.web.keys import CATALOGS, LOCALE
from privacydesk.web.responses import STATUS

ADDRESS: Final = "/console/people"
_DONE_VALUES: Final = frozenset({"role", "teams", "disabled", "linked"})
_PAGE_SIZE: Final = 100
"""Number of entries on a page of the access log."""


@staff(Role.ADMINISTRATOR)
async def people_page(request: web.Request) -> web.Response:
    """Show all agents."""
    done = request.query.get("done", "")
    return await _render_page(
        request, done=done if done in _DONE_VALUES else "", about=request.query.get("about", "")
    )


# -- descriptions of the actions, for reauthentication ---------------------------------------------


async def _describe_adding(request: web.Request, form: Form) -> str:
    name = str(form.get("name", "")).strip()
    return action_text(request, "add_agent", name=name, role=_role_name(request, _parse_role(form)))


async def _describe_role_change(request: web.Request, form: Form) -> str:
    agent, role = await _find_agent(request, form), _role_name(request, _parse_role(form))
    return action_text(request, "change_role", name=agent.display_name, role=role)


async def _describe_teams(request: web.Request, form: Form) -> str:
    agent = await _find_agent(request, form)
    return action_text(request, "set_teams", name=agent.display_name)


async def _describe_disabling(request: web.Request, form: Form) -> str:
    agent = await _find_agent(request, form)
    return action_text(request, "disable_agent", name=agent.display_name)


async def _describe_link(request: web.Request, form: Form) -> str:
    agent = await _find_agent(request, form)
    action = "link_identity" if form.get("subject", "").strip() else "unlink_identity"
    return action_text(request, action, name=agent.display_name)


async def _describe_reset(request: web.Request, form: Form) -> str:
    agent = await _find_agent(request, form)
    action = "reset_agent" if agent.active else "enable_agent"
    return action_text(request, action, name=agent.display_name)


async def _find_agent(request: web.Request, form: Form) -> Agent:
    agents = await request.config_dict[SIGNIN].agents.all()
    agent = next((agent for agent in agents if agent.name == _agent_name(form)), None)
    if agent is None:
        raise NotFoundError("there is no such agent")
    return agent


def _role_name(request: web.Request, role: Role) -> str:
    return request.config_dict[CATALOGS].text(request[LOCALE], f"web.console.role.{role}", {})


# -- actions ---------------------------------------------------------------------------------------


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_adding)
async def add_agent(request: web.Request) -> web.Response:
    """Add an agent, and show the temporary password once."""
    form = await read_verified_form(request)
    me, agents = agent_session(request), request.config_dict[SIGNIN].agents
    name, display_name = str(form.get("name", "")).strip(), str(form.get("display_name", ""))
    try:
        password = await agents.add(name, display_name, _parse_role(form), by=me.agent.name)
    except DeskError as error:
        submitted = {"name": name, "display_name": display_name}
        return await _render_page(request, error=error, submitted=submitted)
    return _password_page(request, password)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_role_change)
async def change_role(request: web.Request) -> web.Response:
    """Change the role of an agent."""
    form = await read_verified_form(request)
    me, agents = agent_session(request), request.config_dict[SIGNIN].agents
    name = _agent_name(form)
    try:
        await agents.change_role(name, _parse_role(form), by=me.agent.name)
    except DeskError as error:
        return await _render_page(request, error=error)
    raise forms.done_redirect(ADDRESS, "role", about=name)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_teams)
async def set_teams(request: web.Request) -> web.Response:
    """Set the teams whose tasks an agent works on."""
    form = await read_verified_form(request)
    me, agents = agent_session(request), request.config_dict[SIGNIN].agents
    name = _agent_name(form)
    teams = [team for team in agents.teams if form.get(f"team-{team}") == "yes"]
    try:
        await agents.set_teams(name, teams, by=me.agent.name)
    except DeskError as error:
        return await _render_page(request, error=error)
    raise forms.done_redirect(ADDRESS, "teams", about=name)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_link)
async def link_identity(request: web.Request) -> web.Response:
    """Link an agent with an account at the identity provider, or end the link."""
    form = await read_verified_form(request)
    me, agents = agent_session(request), request.config_dict[SIGNIN].agents
    name = _agent_name(form)
    try:
        await agents.link_identity(name, form.get("subject", ""), by=me.agent.name)
    except DeskError as error:
        return await _render_page(request, error=error)
    raise forms.done_redirect(ADDRESS, "linked", about=name)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_disabling)
async def disable_agent(request: web.Request) -> web.Response:
    """Disable an agent's access."""
    form = await read_verified_form(request)
    me, agents = agent_session(request), request.config_dict[SIGNIN].agents
    name = _agent_name(form)
    try:
        await agents.disable(name, by=me.agent.name)
    except DeskError as error:
        return await _render_page(request, error=error)
    raise forms.done_redirect(ADDRESS, "disabled", about=name)


@staff(Role.ADMINISTRATOR)
@reauthenticated(_describe_reset)
async def reset_agent(request: web.Request) -> web.Response:
    """Set a temporary password, which is shown once, and enable the agent if disabled."""
    form = await read_verified_form(request)
    me, agents = agent_session(request), request.config_dict[SIGNIN].agents
    try:
        password = await agents.reset_access(_agent_name(form), by=me.agent.name)
    except DeskError as error:
        return await _render_page(request, error=error)
    return _password_page(request, password)


@staff(Role.ADMINISTRATOR, Role.AUDITOR)
async def access_page(request: web.Request) -> web.Response:
    """Show the access log: sign-ins, refusals and changes to access."""
    agent = request.query.get("agent", "").strip()
    try:
        before = AccessEntryId(bytes.fromhex(request.query.get("before", "")))
    except ValueError:
        raise InvalidRequestError("there is no such page") from None
    entries = await request.config_dict[SIGNIN].access_log.newest(
        agent=agent or None, before=before or None, limit=_PAGE_SIZE + 1
    )
    page, next_query = entries[:_PAGE_SIZE], ""
    if len(entries) > _PAGE_SIZE:
        next_query = urlencode({"before": page[-1].id.hex(), "agent": agent})
    return console_page(
        request,
        "console/access.html",
        entries=[access_entry_texts(entry, request) for entry in page],
        agent=agent,
        next_query=next_query,
        max_rows=MAX_EXPORT_ROWS,
    )


def access_entry_texts(entry: AccessEntry, request: web.Request) -> dict[str, Any]:
    """Return the fields of an entry of the access log in the agent's language."""
    catalogs, locale = request.config_dict[CATALOGS], request[LOCALE]
    command = catalogs.text(locale, "web.console.access_command", {})
    return {
        "at": entry.at,
        "what": catalogs.text(locale, f"web.console.access.{entry.kind}", {}),
        "denied": entry.kind in DENIALS,
        "agent": entry.agent,
        "by": command if entry.by == BY_COMMAND else entry.by,
        "origin": entry.origin,
        "about": localizer_of(request).access_subject(entry.about),
    }


def _agent_name(form: Form) -> str:
    """Return the name of the agent that a form is about; older names don't fit into a path."""
    return str(form.get("agent", ""))


def _parse_role(form: Form) -> Role:
    try:
        return Role(str(form.get("role", "")))
    except ValueError:
        raise InvalidRequestError("there is no such role") from None


def _password_page(request: web.Request, password: TemporaryPassword) -> web.Response:
    """Show a temporary password, which no other response contains."""
    return console_page(request, "console/given.html", languages=(), temporary=password)


async def _render_page(
    request: web.Request,
    *,
    done: str = "",
    about: str = "",
    error: DeskError | None = None,
    submitted: dict[str, str] | None = None,
) -> web.Response:
    signin = request.config_dict[SIGNIN]
    agents, sign_on = await signin.agents.all(), signin.sign_on
    return console_page(
        request,
        "console/people.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        **({} if error is None else {"languages": ()}),
        people=agents,
        provider="" if sign_on is None else sign_on.settings.name,
        identities={} if sign_on is None else await signin.agents.identities(),
        roles=STAFF,
        teams=list(signin.agents.teams),
        done=done,
        about=next((agent.display_name for agent in agents if agent.name == about), ""),
        submitted=submitted or {"name": "", "display_name": ""},
        error_message="" if error is None else error_message(request, error),
    )
