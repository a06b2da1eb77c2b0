"""What whoever looks after the process is told of it."""

from __future__ import annotations

from typing import Final

from aiohttp import web


class Health:
    """Whether the process does all that it is there for.

    Attributes:
        lost: what it does no more; nothing of it comes back but by a new start.
    """

    def __init__(self) -> None:
        self.lost: list[str] = []


HEALTH: Final = web.AppKey("health", Health)


async def healthz(request: web.Request) -> web.Response:
    """Say that the process answers and works; 503 once a part of it has stopped for good."""
    if request.app[HEALTH].lost:
        return web.json_response({"status": "failing"}, status=503)
    return web.json_response({"status": "ok"})
