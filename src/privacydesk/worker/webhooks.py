"""The loop that sends webhooks: many lanes concurrently, claimed and settled in batches.

    claim ─► one task per posting ─► results collected ─► settled together ─► next of lane is due

A slow or dead endpoint delays only its own postings, as each has its own limit. Commits are shared:
results that arrive during one are written with the next. While users are chatting, ``Throttle``
limits how many postings are started.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.ids import EndpointId
from privacydesk.domain.webhooks import ClaimedPosting, PostingResult
from privacydesk.errors import UnavailableError, is_outage
from privacydesk.services.webhooks.sending import Sending
from privacydesk.worker.polling import PollingLoop, idle_seconds
from privacydesk.worker.throttle import Throttle

_log = structlog.get_logger(__name__)

_ENDPOINT_CONCURRENCY: Final = 64


class WebhookWorker:
    """Sends due postings.

    Args:
        sending: claims, sends and settles postings.
        clock: source of the current time.
        throttle: limits the rate while users are chatting.
        concurrency: how many postings of one endpoint may be in progress.
    """

    def __init__(
        self,
        sending: Sending,
        clock: Clock,
        throttle: Throttle,
        *,
        concurrency: int = _ENDPOINT_CONCURRENCY,
    ) -> None:
        self._sending = sending
        self._throttle = throttle
        self._clock = clock
        self._concurrency = concurrency
        self._in_progress: Counter[EndpointId] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._results: list[PostingResult] = []
        self._loop = PollingLoop(self._poll, "webhooks")

    def wake(self) -> None:
        """Poll at once, because a commit may have added postings."""
        self._loop.wake()

    async def run(self) -> None:
        """Run until cancelled; unsettled postings are due again when their lease ends."""
        try:
            await self._loop.run()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            with contextlib.suppress(UnavailableError):
                await self._settle(self._results)

    async def run_once(self) -> int:
        """Send and settle all postings that are due now; return their number."""
        claimed = await self._sending.claim(at_once=self._concurrency, busy={})
        if claimed:
            results = await asyncio.gather(*(self._sending.attempt(posting) for posting in claimed))
            await self._sending.settle(results)
        return len(claimed)

    async def _poll(self) -> float:
        if not await self._settle_and_claim():
            return idle_seconds(await self._sending.queue.next_due(), self._clock.now())
        if (delay := self._throttle.delay()) > 0:
            # ``wake`` does not shorten this: the throttle protects users who are chatting.
            await asyncio.sleep(delay)
        return 0.0

    async def _settle_and_claim(self) -> bool:
        """Settle the results so far and start due postings; return whether there were any."""
        results, self._results = self._results, []
        # Submitted together, so that both share a commit. The claim comes second and so includes
        # the postings that settling makes due.
        _, started = await asyncio.gather(self._settle(results), self._start_due())
        return bool(started or results)

    async def _start_due(self) -> int:
        """Claim due postings and start a task for each; return their number."""
        limit = self._throttle.max_batch(self._concurrency)
        claimed = await self._sending.claim(at_once=limit, busy=self._in_progress)
        self._throttle.record_started(len(claimed))
        for posting in claimed:
            self._in_progress[posting.endpoint.id] += 1
            task = asyncio.create_task(self._send(posting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return len(claimed)

    async def _settle(self, results: list[PostingResult]) -> None:
        if not results:
            return
        try:
            await self._sending.settle(results)
        except UnavailableError:
            # Keep the results until the database is available again.
            self._results = results + self._results
            raise

    async def _send(self, claimed: ClaimedPosting) -> None:
        try:
            result = await self._sending.attempt(claimed)
            # Not one expression: ``_settle_and_claim`` may replace the list during the attempt.
            self._results.append(result)
        except Exception as error:  # noqa: BLE001 - one bad posting must not stop the others; it is logged
            if not is_outage(error):
                _log.warning("webhook_failed", error=type(error).__name__, exc_info=error)
        finally:
            self._in_progress[claimed.endpoint.id] -= 1
            self.wake()
