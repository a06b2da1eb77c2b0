"""Periodic tasks, such as deleting expired files and refreshing caches."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from privacydesk.errors import is_outage

_log = structlog.get_logger(__name__)

PeriodicTask = Callable[[], Awaitable[object]]


async def run_periodically(task: PeriodicTask, *, every: float, name: str) -> None:
    """Run a task at once, and again ``every`` seconds after each run, until cancelled.

    An error is logged and ends only that run; the next one makes up for it.

    Args:
        task: the function to run.
        every: the pause between two runs, in seconds.
        name: the task's name in the log.
    """
    while True:
        try:
            await task()
        except Exception as error:  # noqa: BLE001 - the loop survives any error of its task; it is logged
            if not is_outage(error):
                _log.warning("chore_failed", chore=name, error=type(error).__name__, exc_info=error)
        await asyncio.sleep(every)
