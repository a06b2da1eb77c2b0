"""Watching the loops of a process that serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from privacydesk.errors import DeskError
from privacydesk.web.health import Health

_log = structlog.get_logger(__name__)


class Watch:
    """Makes sure that no loop dies unnoticed, such as that of codes while the chat goes on.

    A loop survives the faults it handles, so one that ends has met something unforeseen, and its
    state (tasks, counts, claims) can't be trusted. So the process ends instead of restarting the
    loop: a process killed at any moment loses nothing, which is tested by killing it, and its
    supervisor starts it again.

    Args:
        health: reports the lost loops until the end.
        failed: called when a loop has ended, so that the process ends, too.
    """

    def __init__(self, health: Health, failed: Callable[[], None]) -> None:
        self._health = health
        self._failed = failed
        self.is_over = False

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a loop."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def check(self) -> None:
        """Raise if a loop has ended, so that the process ends with an error.

        Raises:
            DeskError: a loop has ended before.
        """
        if self._health.lost:
            names = ", ".join(self._health.lost)
            raise DeskError(f"the desk stopped because a loop of it had ended: {names}")

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self.is_over:
            return
        error = None if task.cancelled() else task.exception()
        told = "cancelled" if task.cancelled() else type(error).__name__ if error else "returned"
        _log.critical("loop_ended", loop=task.get_name(), error=told, exc_info=error)
        self._health.lost.append(task.get_name())
        self._failed()
