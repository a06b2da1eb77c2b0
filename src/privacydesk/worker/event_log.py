"""The loop that numbers events of the log, soon after their commit."""

from __future__ import annotations

from typing import Final

from privacydesk.services.event_log import EventLog
from privacydesk.worker.polling import MAX_IDLE_SECONDS, PollingLoop

_BUSY_SECONDS: Final = 0.02
"""The pause while another process numbers: what it does not see is left for the next one."""


class EventLogWorker:
    """Numbers events that this process, and others, have committed.

    Args:
        log: numbers them.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._loop = PollingLoop(self._poll, "event_log")

    def wake(self) -> None:
        """Number at once, because a commit has caused events."""
        self._loop.wake()

    async def run(self) -> None:
        """Run until cancelled."""
        await self._loop.run()

    async def run_once(self) -> None:
        """Number all events that are committed."""
        while await self._log.number_pending():
            continue

    async def _poll(self) -> float:
        return _BUSY_SECONDS if await self._log.number_pending() else MAX_IDLE_SECONDS
