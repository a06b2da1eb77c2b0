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
    """Sees to it that no loop is lost in silence: that of codes, say, with the chat going on.

    A loop outlives what it meets, so one that ends has met something that nobody thought of, and
    what it knew (tasks, counts, claims) can't be trusted. So the process ends instead of beginning
    the loop anew: a process that is gone at any moment loses nothing, which is tested by killing
    it, and whoever runs it starts it again.

    Args:
        health: told to whoever asks until the end.
        failed: called when a loop has ended, so that the process ends, too.
    """

    def __init__(self, health: Health, failed: Callable[[], None]) -> None:
        self._health = health
        self._failed = failed
        self.is_over = False

    def begin(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Have a loop run."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def check(self) -> None:
        """Tell whoever ends the process that it does not end well.

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
