"""The page that lists an agent's alarms."""

from __future__ import annotations

from datetime import date

from aiohttp import web

from privacydesk.domain.agents import WORKERS, Role
from privacydesk.domain.alarms import (
    ALARMS_OF_DAYS,
    AlarmKind,
    StaffAlarm,
    group_alarms,
    outage_length,
)
from privacydesk.web.console.access import agent_session, read_verified_form, staff
from privacydesk.web.console.board import BOARD_CACHE
from privacydesk.web.console.keys import SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page


def alarm_address(alarm: StaffAlarm, day: date) -> str:
    """Return the address of what an alarm is about; empty if it has no page.

    Args:
        alarm: the alarm.
        day: the day of the alarm in the operator's time zone.
    """
    if alarm.kind in ALARMS_OF_DAYS:
        return f"/console/reports?first={day}&last={day}#help"
    if alarm.conversation_id is None:
        return ""
    if alarm.kind is AlarmKind.TASK_ASKED:
        return f"/console/tickets/{alarm.number}/tasks"
    if alarm.number:
        return f"/console/tickets/{alarm.number}"
    return f"/console/conversations/{alarm.conversation_id.hex()}"


@staff(*WORKERS, Role.DATA_OWNER)
async def alarms_page(request: web.Request) -> web.Response:
    """Show the agent's alarms; with ``part=list`` in the query, return only the list."""
    list_only = request.query.get("part") == "list"
    services = request.config_dict[SERVICES]
    alarms = await services.alarms.alarms_of(agent_session(request).agent.name)
    groups = group_alarms(alarms)
    return console_page(
        request,
        "console/alarm_list.html" if list_only else "console/alarms.html",
        groups=groups,
        address=alarm_address,
        accounts=await services.alarms.accounts(group.newest for group in groups),
        kinds=await services.alarms.request_kinds([group.newest for group in groups]),
        lengths={
            alarm.id: outage_length(alarm, alarms) for alarm in alarms if alarm.reports_recovery
        },
        w=localizer_of(request),
    )


@staff(*WORKERS, Role.DATA_OWNER)
async def mark_all_seen(request: web.Request) -> web.Response:
    """Mark all of an agent's alarms as seen."""
    await read_verified_form(request)
    await request.config_dict[SERVICES].alarms.mark_all_seen(agent_session(request).agent.name)
    request.config_dict[BOARD_CACHE].invalidate()
    raise web.HTTPSeeOther("/console/alarms")
