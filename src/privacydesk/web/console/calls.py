"""Alarms end when their subject is opened."""

from __future__ import annotations

from aiohttp import web

from privacydesk.web.console.access import signed_in
from privacydesk.web.console.board import BOARD
from privacydesk.web.console.keys import TOOLS


async def opened(request: web.Request, *about: bytes) -> None:
    """Mark an agent's alarms about these subjects as seen."""
    name = signed_in(request).agent.name
    window = request.config_dict[BOARD]
    if (await window.look()).unseen.get(name) and await request.config_dict[TOOLS].alarms.see(
        name, *about
    ):
        window.forget()
