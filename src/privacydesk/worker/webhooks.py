"""The loop that sends webhooks: many lanes at once, claimed and settled in batches.

    claim ─► one task a posting ─► results gather ─► settled together ─► the lane's next is due

A slow or dead endpoint holds up its own postings only: each has its own limit. Commits are shared:
results that come in during one go into the next. While users are chatting, ``Pace`` limits how much
may be begun.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.ids import EndpointId
from privacydesk.domain.webhooks import Claimed, Tried
from privacydesk.errors import UnavailableError, is_outage
from privacydesk.services.webhooks.sending import Sending
from privacydesk.worker.pace import Pace
from privacydesk.worker.polling import Loop, rest_until

_log = structlog.get_logger(__name__)

_AT_ONCE: Final = 64
"""Postings of one endpoint that are tried at once."""


class WebhookWorker:
    """Sends what is due until it is stopped.

    Args:
        sending: claims, tries and settles.
        clock: the present.
        pace: limits how much of the desk's time it takes.
        at_once: how many postings of one endpoint are tried at once.
    """

    def __init__(
        self, sending: Sending, clock: Clock, pace: Pace, *, at_once: int = _AT_ONCE
    ) -> None:
        self._sending = sending
        self._pace = pace
        self._clock = clock
        self._at_once = at_once
        self._busy: Counter[EndpointId] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: list[Tried] = []
        self._loop = Loop(self._look, "webhooks")

    def wake(self) -> None:
        """Look for due postings at once; called after a commit that may have left some."""
        self._loop.wake()

    async def run(self) -> None:
        """Send until cancelled; unsettled postings are due again when their lease ends."""
        try:
            await self._loop.run()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            with contextlib.suppress(UnavailableError):
                await self._settle(self._results)

    async def round(self) -> int:
        """Send all that is due now, once, and settle it; return how many postings that was."""
        claimed = await self._sending.claim(at_once=self._at_once, busy={})
        if claimed:
            tried = await asyncio.gather(*(self._sending.attempt(one) for one in claimed))
            await self._sending.settle(tried)
        return len(claimed)

    async def _look(self) -> float:
        if not await self._step():
            return rest_until(await self._sending.queue.next_due(), self._clock.now())
        if (pause := self._pace.rest()) > 0:
            # Waking does not cut this short: the pace protects users who are chatting.
            await asyncio.sleep(pause)
        return 0.0

    async def _step(self) -> bool:
        """Settle what came in and claim what is due; return whether there was anything."""
        results, self._results = self._results, []
        # In one turn of the loop, so that both share a commit: a lane's next is claimed behind it.
        _, claimed = await asyncio.gather(self._settle(results), self._claim())
        return bool(claimed or results)

    async def _claim(self) -> int:
        at_once = self._pace.at_once(self._at_once)
        claimed = await self._sending.claim(at_once=at_once, busy=self._busy)
        self._pace.begun(len(claimed))
        for one in claimed:
            self._busy[one.endpoint.id] += 1
            task = asyncio.create_task(self._try(one))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claimed)

    async def _settle(self, results: list[Tried]) -> None:
        if not results:
            return
        try:
            await self._sending.settle(results)
        except UnavailableError:
            # The results are known and must be kept while the database is unavailable.
            self._results = results + self._results
            raise

    async def _try(self, claimed: Claimed) -> None:
        try:
            tried = await self._sending.attempt(claimed)
            # Looked up only now: the list may have been swapped for settling meanwhile.
            self._results.append(tried)
        except Exception as error:  # noqa: BLE001 - one bad posting must not stop the others; it is logged
            if not is_outage(error):
                _log.warning("webhook_failed", error=type(error).__name__, exc_info=error)
        finally:
            self._busy[claimed.endpoint.id] -= 1
            self.wake()
