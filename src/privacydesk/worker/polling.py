"""The polling loop of all workers: it works on what is due, sleeps, and can be woken.

    poll: work on what is due ─► time until the next due work ─► sleep until then, or woken ─► poll
      └ error: logged, short pause ─► poll

Errors don't end the loop: work that failed is still due.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

import structlog

from privacydesk.errors import DeskError, is_outage

_log = structlog.get_logger(__name__)
T = TypeVar("T")

Poll = Callable[[], Awaitable[float]]
"""Works on what is due, and returns the seconds to sleep before the next poll; 0 for none."""

MAX_IDLE_SECONDS = 1.0
"""How long a loop sleeps at most. Work may become due without a wake-up: another process may write
rows, and the demo's clock may be moved."""
_MIN_IDLE_SECONDS = 0.05
_ERROR_PAUSE_SECONDS = 1.0


class PollingLoop:
    """Polls for due work repeatedly.

    Args:
        poll: works on what is due. It should contain all database access, because only its errors
            are caught.
        name: the loop's name in the log.
    """

    def __init__(self, poll: Poll, name: str) -> None:
        self._poll = poll
        self._name = name
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Poll at once, because a commit has made work due."""
        self._woken.set()

    async def run(self) -> None:
        """Poll and sleep until cancelled; log errors."""
        while True:
            self._woken.clear()
            try:
                idle = await self._poll()
            except Exception as error:  # noqa: BLE001 - the loop survives any error of a poll; it is logged
                if not is_outage(error):
                    _log.error(
                        "look_failed", loop=self._name, error=type(error).__name__, exc_info=error
                    )
                await asyncio.sleep(_ERROR_PAUSE_SECONDS)
                continue
            if idle > 0:
                await self._sleep(idle)

    async def _sleep(self, seconds: float) -> None:
        # Not ``wait_for``: before Python 3.12 it may swallow a cancellation that arrives together
        # with the wake-up.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()


def idle_seconds(due: datetime | None, now: datetime) -> float:
    """Return how many seconds to sleep until the next poll.

    Args:
        due: when the next work is due; None if nothing is scheduled.
        now: the current time.
    """
    if due is None:
        return MAX_IDLE_SECONDS
    return min(max((due - now).total_seconds(), _MIN_IDLE_SECONDS), MAX_IDLE_SECONDS)


async def run_logging_errors(row: T, work: Callable[[T], Awaitable[object]]) -> bool:
    """Call ``work`` with a row; log errors, so that one bad row does not stop the others.

    Returns:
        Whether ``work`` succeeded.
    """
    try:
        await work(row)
    except DeskError as error:
        if not is_outage(error):
            _log.warning("due_row_failed", code=error.code.value, fault=error.message)
    except Exception:  # noqa: BLE001 - it is logged, and the row is due again when its lease ends
        _log.exception("due_row_failed")
    else:
        return True
    return False
