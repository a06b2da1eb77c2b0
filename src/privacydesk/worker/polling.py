"""The loop that every worker has: it looks for due work, rests, and can be woken.

    woken, or rested ─► look: do what is due ─► until when nothing will be ─► rest
                          └ a fault: logged, a pause, the next look

No fault ends the loop: what was due is still due.
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

Look = Callable[[], Awaitable[float]]
"""Does what is due and returns the seconds until the next look; 0 for at once."""

LONGEST_REST = 1.0
"""The most seconds until the next look, even if nothing is known to be due: another process may
have written rows, and the demo's clock may have been moved."""
_SHORTEST_REST = 0.05
_AFTER_FAULT = 1.0


class Loop:
    """Looks for due work repeatedly.

    Args:
        look: does what is due. Other database access, such as finding out when the next
            thing is due, belongs in there, too: outside of it a fault would end the loop.
        name: what is looked for, for the log.
    """

    def __init__(self, look: Look, name: str) -> None:
        self._look = look
        self._name = name
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Look at once; called after a commit that left something due."""
        self._woken.set()

    async def run(self) -> None:
        """Look and rest until cancelled. Faults are logged."""
        while True:
            self._woken.clear()
            try:
                rest = await self._look()
            except Exception as error:  # noqa: BLE001 - the loop outlives whatever a look met; it is logged
                if not is_outage(error):
                    _log.error(
                        "look_failed", loop=self._name, error=type(error).__name__, exc_info=error
                    )
                await asyncio.sleep(_AFTER_FAULT)
                continue
            if rest > 0:
                await self._rest(rest)

    async def _rest(self, seconds: float) -> None:
        # Not ``wait_for``: before Python 3.12 it loses a cancellation that comes with the waking.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()


def rest_until(due: datetime | None, now: datetime) -> float:
    """Return how long to rest, in seconds.

    Args:
        due: when something will be due; None if that is not known.
        now: the present.
    """
    if due is None:
        return LONGEST_REST
    return min(max((due - now).total_seconds(), _SHORTEST_REST), LONGEST_REST)


async def guarded(row: T, work: Callable[[T], Awaitable[object]]) -> bool:
    """Work on a row; return whether that worked. One bad row must not stop the others."""
    try:
        await work(row)
    except DeskError as error:
        if not is_outage(error):
            _log.warning("due_row_failed", code=error.code.value, fault=error.message)
    except Exception:  # noqa: BLE001 - it is logged, and the row comes back by its lease
        _log.exception("due_row_failed")
    else:
        return True
    return False
