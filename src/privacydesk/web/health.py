"""What whoever looks after the process is told of it."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from aiohttp import web


class Part(StrEnum):
    """What has to work for messages to be taken."""

    LOOPS = "loops"
    """The process's own work beside the web faces."""
    DATABASE = "database"
    """It takes commits, and can be read."""
    MIGRATIONS = "migrations"
    """It has the schema of this version."""
    READER = "reader"
    """The program that reads messages answers."""
    POLICY = "policy"
    """Questions are answered from the version of the policy that is cited."""


class Health:
    """Whether the process does all that it is there for.

    Attributes:
        lost: what it does no more; nothing of it comes back but by a new start.
        failing: what does not work now; it may by itself. None before the first look.
    """

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.failing: Collection[Part] | None = ()

    def unready(self) -> list[str]:
        """Return what keeps the process from its work, in the order of its words."""
        failing = {*(self.failing or ()), *([Part.LOOPS] if self.lost else [])}
        return [part.value for part in Part if part in failing]


HEALTH: Final = web.AppKey("health", Health)


async def healthz(request: web.Request) -> web.Response:
    """Say that the process is alive and its loops run; 503 once one has stopped for good."""
    if request.app[HEALTH].lost:
        return _told({"status": "failing"}, 503)
    return _told({"status": "ok"}, 200)


async def readyz(request: web.Request) -> web.Response:
    """Say whether messages are taken now, and else what does not work."""
    health = request.app[HEALTH]
    if health.failing is None:
        return _told({"status": "starting", "failing": []}, 503)
    failing = health.unready()
    return _told(
        {"status": "unready" if failing else "ready", "failing": failing}, 503 if failing else 200
    )


def _told(answer: dict[str, object], status: int) -> web.Response:
    return web.json_response(answer, status=status, headers={"Cache-Control": "no-store"})
