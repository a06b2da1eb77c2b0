"""The page that lists an agent's alarms."""

from __future__ import annotations

from aiohttp import web

from privacydesk.domain.agents import WORKERS
from privacydesk.domain.alarms import outage_length
from privacydesk.web.console.access import checked_form, signed_in, staff
from privacydesk.web.console.board import BOARD
from privacydesk.web.console.keys import TOOLS
from privacydesk.web.console.page import console_page
from privacydesk.web.console.words import words_of


@staff(*WORKERS)
async def alarms_page(request: web.Request) -> web.Response:
    """Show an agent's alarms; ``part=list`` answers with the list alone."""
    me, alarms = signed_in(request), request.config_dict[TOOLS].alarms
    part = request.query.get("part") == "list"
    template = "console/alarm_list.html" if part else "console/alarms.html"
    found = await alarms.mine(me.agent.name)
    lengths = {one.id: outage_length(one, found) for one in found if one.is_good_news}
    return console_page(request, template, alarms=found, lengths=lengths, w=words_of(request))


@staff(*WORKERS)
async def see_all(request: web.Request) -> web.Response:
    """Mark all of an agent's alarms as seen."""
    await checked_form(request)
    await request.config_dict[TOOLS].alarms.see_all(signed_in(request).agent.name)
    request.config_dict[BOARD].forget()
    raise web.HTTPSeeOther("/console/alarms")
