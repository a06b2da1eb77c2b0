"""Liveness and readiness checks of the process."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Final

from aiohttp import web


class Component(StrEnum):
    """A component that has to work for messages to be accepted."""

    LOOPS = "loops"
    """The background loops of the process are running."""
    DATABASE = "database"
    """The database can be read and written."""
    MIGRATIONS = "migrations"
    """The database has the schema of this version."""
    DISK = "disk"
    """The data folder can be written; the reason says why not."""
    READER = "reader"
    """The process that interprets messages responds."""
    POLICY = "policy"
    """Questions are answered from the version of the policy that is cited."""


class Health:
    """The health of the process.

    Attributes:
        stopped_loops: names of the background loops that have stopped; only a restart of the
            process starts them again.
        failing: the components that do not work now but may recover; None before the first check.
        reasons: why components do not work, by a closed list of names, where that is known.
        is_stopping: whether the process is about to stop, and still serves.
    """

    def __init__(self) -> None:
        self.stopped_loops: list[str] = []
        self.failing: Collection[Component] | None = ()
        self.reasons: Mapping[Component, str] = {}
        self.is_stopping = False

    def failing_components(self) -> list[str]:
        """Return the names of the components that do not work, in the order of ``Component``."""
        failing = {*(self.failing or ()), *([Component.LOOPS] if self.stopped_loops else [])}
        return [component.value for component in Component if component in failing]


HEALTH: Final = web.AppKey("health", Health)


async def healthz(request: web.Request) -> web.Response:
    """Report whether the process is alive: 503 once a background loop has stopped."""
    if request.app[HEALTH].stopped_loops:
        return _status_response({"status": "failing"}, 503)
    return _status_response({"status": "ok"}, 200)


async def readyz(request: web.Request) -> web.Response:
    """Report whether messages are accepted now, and which components fail if not."""
    health = request.app[HEALTH]
    if health.is_stopping:
        return _status_response({"status": "stopping", "failing": []}, 503)
    if health.failing is None:
        return _status_response({"status": "starting", "failing": []}, 503)
    failing = health.failing_components()
    if not failing:
        return _status_response({"status": "ready", "failing": []}, 200)
    body = {"status": "unready", "failing": failing, "reasons": {**health.reasons}}
    return _status_response(body, 503)


def _status_response(body: Mapping[str, object], status: int) -> web.Response:
    return web.json_response(body, status=status, headers={"Cache-Control": "no-store"})
