"""The index of what administrators look after, with what the operator has set in files."""

from __future__ import annotations

from aiohttp import web

from privacydesk.domain.agents import Role
from privacydesk.web.console.access import staff
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page


@staff(Role.ADMINISTRATOR)
async def settings_page(request: web.Request) -> web.Response:
    """Show the office hours, the calendar and the policy, and links to all other settings."""
    services = request.config_dict[SERVICES]
    settings = services.operator_settings
    return console_page(
        request,
        "console/settings.html",
        hours=settings.hours(),
        years=settings.calendar_years(),
        policy_name=settings.policy_name,
        editions=await settings.policy_editions(),
        active_staff=sum(agent.active for agent in services.agents.values()),
        zone=services.zone,
        w=localizer_of(request),
    )
