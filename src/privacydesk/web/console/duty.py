"""Availability: an agent's own, the team's, and handing over an absent agent's tickets."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import SUPERVISING, WORKERS, Agent
from privacydesk.domain.duty import Duty, DutyState, Standing
from privacydesk.errors import DeskError, InvalidRequestError
from privacydesk.web.answers import STATUS, json_answer
from privacydesk.web.console import forms
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.board import BOARD
from privacydesk.web.console.case import whole
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.page import console_page, said
from privacydesk.web.console.redirects import way_back
from privacydesk.web.console.words import words_of
from privacydesk.web.keys import CATALOGS

ADDRESS: Final = "/console/team"
_DONE: Final = frozenset({"languages", "handed_over"})
_MOST_KEPT: Final = 20


class Colleague(Struct, frozen=True):
    """One row of the team.

    Attributes:
        held: conversations they have.
        tickets: open requests they hold.
    """

    agent: Agent
    duty: Duty
    standing: Standing
    held: int
    tickets: int


@staff(*WORKERS)
async def choose(request: web.Request) -> web.Response:
    """Set one's own availability, from any page."""
    form, me = await checked_form(request), signed_in(request)
    try:
        state = DutyState(str(form.get("state", "")))
    except ValueError:
        raise InvalidRequestError("there is no such availability") from None
    await request.config_dict[TOOLS].attendance.choose(me.agent.name, state)
    request.config_dict[BOARD].forget()
    if "application/json" in request.headers.get("Accept", ""):
        return json_answer({"state": state})
    raise web.HTTPSeeOther(way_back(request))


@staff(*WORKERS)
async def speak(request: web.Request) -> web.Response:
    """Set the languages one answers in."""
    form, me = await checked_form(request), signed_in(request)
    locales = request.config_dict[CATALOGS].locales
    chosen = tuple(one for one in locales if one in form.getall("language", []))
    # All of them is stored as no choice, which stays right when a language is added.
    spoken = () if len(chosen) == len(locales) else chosen
    await request.config_dict[TOOLS].attendance.speak(me.agent.name, spoken)
    request.config_dict[BOARD].forget()
    raise forms.done(ADDRESS, "languages")


@staff()
async def team_page(request: web.Request) -> web.Response:
    """Show the team's availability and workload."""
    done, query = request.query.get("done", ""), request.query
    handed: dict[str, Any] = {}
    if done == "handed_over":
        kept = [one for one in query.get("kept", "").split(",") if one][:_MOST_KEPT]
        handed = {"moved": whole(query.get("moved", "0")), "kept": kept}
    return await _page(request, done=done if done in _DONE else "", **handed)


@staff(*SUPERVISING)
async def hand_over(request: web.Request) -> web.Response:
    """Give all open tickets of an agent to somebody else, or to nobody."""
    form, me = await checked_form(request), signed_in(request)
    handling = request.config_dict[TOOLS].staff.handling
    try:
        handed = await handling.hand_over(
            request.match_info["name"],
            me.agent.name,
            str(form.get("to", "")),
            job_id=f"form:{form.get('job', '')}",
        )
    except DeskError as error:
        return await _page(request, error=error)
    kept = ",".join(handed.kept[:_MOST_KEPT])
    raise forms.done(ADDRESS, "handed_over", moved=str(handed.moved), kept=kept)


async def _page(
    request: web.Request,
    *,
    done: str = "",
    moved: int = 0,
    kept: list[str] | None = None,
    error: DeskError | None = None,
) -> web.Response:
    tools, me = request.config_dict[TOOLS], signed_in(request)
    board, now = await request.config_dict[BOARD].look(), tools.clock.now()
    tickets = await tools.staff.cases.held()
    team = [
        Colleague(
            agent=one,
            duty=board.duty(one.name),
            standing=board.duty(one.name).standing(now) if one.active else Standing.OFF,
            held=board.held.get(one.name, 0),
            tickets=tickets.get(one.name, 0),
        )
        for one in tools.agents.values()
        if (one.active and one.role in WORKERS) or tickets.get(one.name)
    ]
    return console_page(
        request,
        "console/team.html",
        status=200 if error is None else STATUS.get(error.code, 500),
        wrong="" if error is None else said(request, error),
        team=team,
        mine=next((one for one in team if one.agent.name == me.agent.name), None),
        supervises=me.agent.supervises,
        job=tools.minter.token(),
        done=done,
        moved=moved,
        kept=kept or [],
        w=words_of(request),
    )
