"""Monitoring of the background loops of a serving process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from privacydesk.errors import DeskError
from privacydesk.web.health import Health

_log = structlog.get_logger(__name__)


class LoopMonitor:
    """Detects background loops that end unexpectedly, and has the process shut down.

    Without it, no more codes might be sent, for example, while the chat seems to work. A loop
    handles the errors that it expects, so one that ends has met an unexpected error, and its state
    (tasks, counters, claims) can't be trusted. The loop is not restarted; the process exits, and
    its supervisor restarts it. That is safe: tests kill the process at any moment, and nothing is
    lost.

    Args:
        health: lists the stopped loops until the process exits.
        on_failure: called when a loop has ended unexpectedly; shuts down the process.

    Attributes:
        is_shutting_down: set to True before loops are cancelled on purpose.
    """

    def __init__(self, health: Health, on_failure: Callable[[], None]) -> None:
        self._health = health
        self._on_failure = on_failure
        self.is_shutting_down = False

    def start(self, name: str, loop: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a loop as a task, and return the task."""
        task = asyncio.create_task(loop, name=name)
        task.add_done_callback(self._report_ended)
        return task

    def raise_if_stopped(self) -> None:
        """Raise if a loop has ended unexpectedly, so that the process exits with an error.

        Raises:
            DeskError: a loop has ended unexpectedly; the message names it.
        """
        if self._health.stopped_loops:
            names = ", ".join(self._health.stopped_loops)
            raise DeskError(f"the desk stopped because a loop of it had ended: {names}")

    def _report_ended(self, task: asyncio.Task[None]) -> None:
        if self.is_shutting_down:
            return
        error = None if task.cancelled() else task.exception()
        reason = "cancelled" if task.cancelled() else type(error).__name__ if error else "returned"
        _log.critical("loop_ended", loop=task.get_name(), error=reason, exc_info=error)
        self._health.stopped_loops.append(task.get_name())
        self._on_failure()
