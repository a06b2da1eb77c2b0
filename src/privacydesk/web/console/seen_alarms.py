"""Marking alarms as seen when the agent opens their ticket or conversation."""

from __future__ import annotations

from aiohttp import web

from privacydesk.web.console.access import agent_session
from privacydesk.web.console.board import BOARD_CACHE
from privacydesk.web.console.keys import SERVICES


async def mark_alarms_seen(request: web.Request, *subjects: bytes) -> None:
    """Mark the agent's alarms about some subjects as seen.

    Args:
        request: the agent's request for the page of these subjects.
        *subjects: ids of tickets and conversations.
    """
    name = agent_session(request).agent.name
    alarms, cache = request.config_dict[SERVICES].alarms, request.config_dict[BOARD_CACHE]
    board = await cache.get()
    if board.unseen_alarms.get(name) and await alarms.mark_seen(name, *subjects):
        cache.invalidate()
