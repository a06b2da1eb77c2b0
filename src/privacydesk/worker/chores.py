"""Periodic work besides the due rows, such as looking up and sweeping."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from privacydesk.errors import is_outage

_log = structlog.get_logger(__name__)

Chore = Callable[[], Awaitable[object]]


async def repeat(chore: Chore, *, every: float, name: str) -> None:
    """Do a chore now and then every ``every`` seconds until cancelled.

    A fault is logged and costs one run: what the chore would have done is left for the next.
    """
    while True:
        try:
            await chore()
        except Exception as error:  # noqa: BLE001 - the loop outlives whatever its chore met; it is logged
            if not is_outage(error):
                _log.warning("chore_failed", chore=name, error=type(error).__name__, exc_info=error)
        await asyncio.sleep(every)
