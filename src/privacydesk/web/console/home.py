"""The console's first page: what to do next, who waits, and what is due when."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.agents import STAFF, Agent, Role
from privacydesk.domain.alarms import group_alarms
from privacydesk.domain.conversation import Conversation
from privacydesk.domain.duty import PresenceState
from privacydesk.domain.inbox_views import InboxView
from privacydesk.services.inbox import Page, Row
from privacydesk.services.workload import Load
from privacydesk.web.console.access import agent_session, staff
from privacydesk.web.console.alarms import alarm_address
from privacydesk.web.console.board import BOARD_CACHE
from privacydesk.web.console.inbox import QUEUE
from privacydesk.web.console.keys import OVERSIGHT, SERVICES
from privacydesk.web.console.localizer import localizer_of
from privacydesk.web.console.page import console_page
from privacydesk.web.console.task_rows import TaskRow, task_rows
from privacydesk.web.console.tasks import tasks_page
from privacydesk.web.console.waits import RenderedWaits

_MAX_ROWS: Final = 8
"""The most requests, conversations or alarms of a list; the rest is a link away."""
_FIGURES: Final = {
    Role.AGENT: (InboxView.OVERDUE, InboxView.DUE_SOON, QUEUE, InboxView.UNASSIGNED),
    Role.SUPERVISOR: (
        InboxView.OVERDUE, InboxView.DUE_SOON, QUEUE, InboxView.UNASSIGNED, InboxView.ESCALATED,
    ),
}  # fmt: skip
"""The views whose counts head the page; other roles see those of supervisors."""
_OVERSEERS: Final = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR})


class Waiting(Struct, frozen=True):
    """A conversation in the queue, with how long its user has waited."""

    conversation: Conversation
    waited: timedelta
    too_long: bool


class AgentLoad(Struct, frozen=True):
    """An agent's line in the table of who has what."""

    agent: Agent
    presence: PresenceState
    conversations: int
    load: Load


@staff(*STAFF)
async def home_page(request: web.Request) -> web.Response:
    """Show the page; with ``part=main`` in the query, return only what changes."""
    agent = agent_session(request).agent
    if agent.role is Role.DATA_OWNER:
        return await tasks_page(request)
    values = await _common_values(request, agent)
    if agent.works:
        values |= await _own_values(request, agent, values["queue"])
        values["tasks"] = await _own_tasks(request, agent)
    if agent.role in _OVERSEERS:
        values |= await _oversight_values(request)
    part = request.query.get("part") == "main"
    return console_page(
        request,
        "console/home_parts.html" if part else "console/home.html",
        w=localizer_of(request),
        live="/console/inbox/live?view=mine",
        oversees=agent.role in _OVERSEERS,
        **values,
    )


async def _common_values(request: web.Request, agent: Agent) -> dict[str, Any]:
    services = request.config_dict[SERVICES]
    now = services.clock.now()
    queue = await services.inbox.queue()
    waits = [
        Waiting(conversation, now - since, services.attendance.waits_too_long(conversation))
        for conversation in queue.conversations
        if (since := conversation.queued_at) is not None
    ]
    return {
        "figures": _FIGURES.get(agent.role, _FIGURES[Role.SUPERVISOR]),
        "counts": await services.inbox.counts(agent),
        "queue": queue,
        "waits": waits[:_MAX_ROWS],
        "max_rows": _MAX_ROWS,
        "profile_gaps": len(services.profiles.gaps) if agent.role in _OVERSEERS else 0,
        "missing_schedule": services.operator_settings.missing_schedule(),
        "may_import": agent.role is Role.ADMINISTRATOR,
    }


async def _own_values(request: web.Request, agent: Agent, queue: Page) -> dict[str, Any]:
    """Return what somebody who works on requests has, and what to take next."""
    services = request.config_dict[SERVICES]
    inbox, board = services.inbox, await request.config_dict[BOARD_CACHE].get()
    mine = await inbox.view_page(InboxView.MINE, agent, limit=_MAX_ROWS)
    unclaimed = await inbox.view_page(InboxView.UNASSIGNED, agent, limit=1)
    spoken = board.duty(agent.name).speaks
    alarms = [one for one in await services.alarms.alarms_of(agent.name) if not one.seen_at]
    groups = group_alarms(alarms)[:_MAX_ROWS]
    return {
        "mine": mine,
        "next_conversation": _first_spoken(queue.conversations, spoken),
        "next_request": next(iter(unclaimed.rows), None),
        "stranded": await _stranded_request(request, agent) if agent.supervises else None,
        "alarm_groups": groups,
        "alarm_address": alarm_address,
        "alarm_accounts": await services.alarms.accounts(group.newest for group in groups),
        "alarm_kinds": await services.alarms.request_kinds([group.newest for group in groups]),
        "job": services.minter.token(),
    }


async def _own_tasks(request: web.Request, agent: Agent) -> list[TaskRow]:
    """Return the open tasks that an agent may answer, the earliest due first."""
    services = request.config_dict[SERVICES]
    return task_rows(services, await services.staff.tasks.tasks_of(agent.name), agent)


async def _stranded_request(request: web.Request, agent: Agent) -> Row | None:
    """Return the most overdue request whose holder is not present."""
    services = request.config_dict[SERVICES]
    board, now = await request.config_dict[BOARD_CACHE].get(), services.clock.now()
    overdue = await services.inbox.view_page(InboxView.OVERDUE, agent)
    held_by_others = (
        row for row in overdue.rows if row.ticket.holder and row.ticket.holder != agent.name
    )
    return next(
        (row for row in held_by_others if not board.is_present(row.ticket.holder, now)), None
    )


def _first_spoken(conversations: tuple[Conversation, ...], spoken: Any) -> Conversation | None:
    """Return the conversation that has waited longest in one of the agent's languages, or else.

    Somebody in danger, who is first in the queue, is taken first in any language.
    """
    first = next(iter(conversations), None)
    if first is not None and first.danger_at is not None:
        return first
    return next((one for one in conversations if spoken(one.locale)), first)


async def _oversight_values(request: web.Request) -> dict[str, Any]:
    """Return what is due when, and who holds how much."""
    services = request.config_dict[SERVICES]
    workload, now = await services.workloads.current(), services.clock.now()
    board = await request.config_dict[BOARD_CACHE].get()
    loads = [
        AgentLoad(
            agent,
            board.duty(agent.name).presence(now) if agent.active else PresenceState.OFF,
            board.conversations.get(agent.name, 0),
            workload.loads.get(agent.name, Load()),
        )
        for agent in services.agents.values()
        if (agent.active and agent.role in {Role.AGENT, Role.SUPERVISOR})
        or agent.name in workload.loads
        or agent.name in board.conversations
    ]
    waits = await request.config_dict[OVERSIGHT].reports.waits_today()
    return {
        "help_today": RenderedWaits.of(waits, localizer_of(request)),
        "workload": workload,
        "loads": sorted(loads, key=lambda one: (-one.load.requests, one.agent.display_name)),
        "unclaimed_load": workload.loads.get("", Load()),
        "at_once": services.attendance.settings.max_conversations,
    }
