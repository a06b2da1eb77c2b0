"""Availability: the agent's own, the team page, and the handover of an agent's tickets."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import SUPERVISING, WORKERS, Agent
from privacydesk.domain.duty import Duty, DutyState, PresenceState
from privacydesk.errors import DeskError, InvalidRequestError
from privacydesk.web.console import forms
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.board import BOARD_CACHE
from privacydesk.web.console.case import parse_whole_number
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page, error_message
from privacydesk.web.console.redirects import referring_page
from privacydesk.web.keys import CATALOGS
from privacydesk.web.responses import STATUS, json_response

ADDRESS: Final = "/console/team"
_DONE_VALUES: Final = frozenset({"languages", "handed_over"})
_MAX_KEPT_NUMBERS: Final = 20
"""Maximum number of tickets named in the report of a handover that kept some."""


class TeamMember(Struct, frozen=True):
    """A row of the team page.

    Attributes:
        agent: the agent.
        duty: the availability and languages that the agent has set.
        presence: the availability in fact.
        conversations: number of conversations that the agent has taken over.
        tickets: number of open tickets that the agent holds.
    """

    agent: Agent
    duty: Duty
    presence: PresenceState
    conversations: int
    tickets: int


@staff(*WORKERS)
async def set_availability(request: web.Request) -> web.Response:
    """Set the agent's own availability; the form is in the navigation bar of all pages."""
    form, me = await read_verified_form(request), agent_session(request)
    try:
        state = DutyState(str(form.get("state", "")))
    except ValueError:
        raise InvalidRequestError("there is no such availability") from None
    await request.config_dict[SERVICES].attendance.set_availability(me.agent.name, state)
    request.config_dict[BOARD_CACHE].invalidate()
    if "application/json" in request.headers.get("Accept", ""):
        return json_response({"state": state})
    raise web.HTTPSeeOther(referring_page(request))


@staff(*WORKERS)
async def set_languages(request: web.Request) -> web.Response:
    """Set the languages of the conversations that are assigned to the agent."""
    form, me = await read_verified_form(request), agent_session(request)
    supported = request.config_dict[CATALOGS].locales
    chosen = tuple(locale for locale in supported if locale in form.getall("language", []))
    # All languages are stored as no restriction, so that a language added later is included.
    languages = () if len(chosen) == len(supported) else chosen
    await request.config_dict[SERVICES].attendance.set_languages(me.agent.name, languages)
    request.config_dict[BOARD_CACHE].invalidate()
    raise forms.done_redirect(ADDRESS, "languages")


@staff()
async def team_page(request: web.Request) -> web.Response:
    """Show the team's availability and workload."""
    done, query = request.query.get("done", ""), request.query
    handover: dict[str, Any] = {}
    if done == "handed_over":
        numbers = [number for number in query.get("kept", "").split(",") if number]
        handover = {
            "moved_count": parse_whole_number(query.get("moved", "0")),
            "kept_numbers": numbers[:_MAX_KEPT_NUMBERS],
        }
    return await _render_page(request, done=done if done in _DONE_VALUES else "", **handover)


@staff(*SUPERVISING)
async def hand_over(request: web.Request) -> web.Response:
    """Assign all open tickets of an agent to another agent, or unassign them."""
    form, me = await read_verified_form(request), agent_session(request)
    handling = request.config_dict[SERVICES].staff.handling
    try:
        handover = await handling.hand_over(
            request.match_info["name"],
            me.agent.name,
            str(form.get("to", "")),
            job_id=f"form:{form.get('job', '')}",
        )
    except DeskError as error:
        return await _render_page(request, error=error)
    kept = ",".join(handover.kept_numbers[:_MAX_KEPT_NUMBERS])
    raise forms.done_redirect(ADDRESS, "handed_over", moved=str(handover.moved_count), kept=kept)


async def _render_page(
    request: web.Request,
    *,
    done: str = "",
    moved_count: int = 0,
    kept_numbers: list[str] | None = None,
    error: DeskError | None = None,
) -> web.Response:
    """Return the team page.

    Args:
        request: the request for the page.
        done: the action to report as done.
        moved_count: number of tickets that a handover has assigned.
        kept_numbers: numbers of the tickets that it could not assign.
        error: the error of a refused handover.
    """
    services, me = request.config_dict[SERVICES], agent_session(request)
    team = await _load_team(request)
    return console_page(
        request,
        "console/team.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        error_message="" if error is None else error_message(request, error),
        team=team,
        mine=next((member for member in team if member.agent.name == me.agent.name), None),
        supervises=me.agent.supervises,
        job=services.minter.token(),
        done=done,
        moved_count=moved_count,
        kept_numbers=kept_numbers or [],
        w=localizer_of(request),
    )


async def _load_team(request: web.Request) -> list[TeamMember]:
    """Return the agents who may have conversations or tickets, and all who hold tickets."""
    services = request.config_dict[SERVICES]
    board, now = await request.config_dict[BOARD_CACHE].get(), services.clock.now()
    tickets = await services.staff.tickets.count_by_holder()
    return [
        TeamMember(
            agent=agent,
            duty=board.duty(agent.name),
            presence=board.duty(agent.name).presence(now) if agent.active else PresenceState.OFF,
            conversations=board.conversations.get(agent.name, 0),
            tickets=tickets.get(agent.name, 0),
        )
        for agent in services.agents.values()
        if (agent.active and agent.role in WORKERS) or tickets.get(agent.name)
    ]
