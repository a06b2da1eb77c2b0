"""Health checks of the process."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from aiohttp import web


class Part(StrEnum):
    """What has to work for messages to be accepted."""

    LOOPS = "loops"
    """The process's background work."""
    DATABASE = "database"
    """It accepts commits, and can be read."""
    MIGRATIONS = "migrations"
    """It has the schema of this version."""
    READER = "reader"
    """The program that reads messages responds."""
    POLICY = "policy"
    """Questions are answered from the version of the policy that is cited."""


class Health:
    """The health of the process.

    Attributes:
        lost: what has stopped for good; only a restart brings it back.
        failing: what does not work now; it may recover. None before the first check.
    """

    def __init__(self) -> None:
        self.lost: list[str] = []
        self.failing: Collection[Part] | None = ()

    def unready(self) -> list[str]:
        """Return what does not work, in the order of ``Part``."""
        failing = {*(self.failing or ()), *([Part.LOOPS] if self.lost else [])}
        return [part.value for part in Part if part in failing]


HEALTH: Final = web.AppKey("health", Health)


async def healthz(request: web.Request) -> web.Response:
    """Report that the process is alive and its loops run; 503 once one has stopped for good."""
    if request.app[HEALTH].lost:
        return _told({"status": "failing"}, 503)
    return _told({"status": "ok"}, 200)


async def readyz(request: web.Request) -> web.Response:
    """Report whether messages are accepted now, and if not, what does not work."""
    health = request.app[HEALTH]
    if health.failing is None:
        return _told({"status": "starting", "failing": []}, 503)
    failing = health.unready()
    return _told(
        {"status": "unready" if failing else "ready", "failing": failing}, 503 if failing else 200
    )


def _told(answer: dict[str, object], status: int) -> web.Response:
    return web.json_response(answer, status=status, headers={"Cache-Control": "no-store"})
