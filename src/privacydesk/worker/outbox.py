"""The loop that works on outbox rows, with a concurrency limit for each pool.

    due ─► claimed, up to the free slots of its pool ─► one task per row ─► slot free again
                                                         └ still running: lease renewed

Rows are started one by one, not in batches. A slow external service fills only the slots of its own
pool and delays nothing else. Only the oldest open row of a lane is due, so lanes stay in order.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.deliveries import Delivery, Pool
from privacydesk.domain.ids import DeliveryId
from privacydesk.errors import is_outage
from privacydesk.ports import RowClaims
from privacydesk.services.deliveries import Deliveries
from privacydesk.worker.polling import PollingLoop, idle_seconds, run_logging_errors

_log = structlog.get_logger(__name__)

_LEASE: Final = timedelta(minutes=1)
"""How long a row stays claimed without renewal; then it is due again, as its process has died."""
_RENEWAL_INTERVAL: Final = 20.0
"""Seconds between two renewals of a lease, so that two may fail before it ends."""
_MAX_EXPORTS: Final = 2
"""Limit for the export pool: an export is kept in memory, and building its files is CPU-bound."""


class OutboxWorker:
    """Claims due outbox rows and works on them.

    Args:
        claims: claims due rows.
        deliveries: works on a claimed row.
        clock: source of the current time.
        concurrency: how many rows of one pool may be in progress; fewer for exports.
        renewal_interval: seconds between two renewals of the lease of a row in progress.
    """

    def __init__(
        self,
        claims: RowClaims,
        deliveries: Deliveries,
        clock: Clock,
        *,
        concurrency: int = 8,
        renewal_interval: float = _RENEWAL_INTERVAL,
    ) -> None:
        self._claims = claims
        self._deliveries = deliveries
        self._clock = clock
        self._renewal_interval = renewal_interval
        self._slots = dict.fromkeys(Pool, concurrency) | {
            Pool.EXPORT: min(concurrency, _MAX_EXPORTS)
        }
        self._in_progress: dict[DeliveryId, Pool] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = PollingLoop(self._poll, "outbox")

    def wake(self) -> None:
        """Poll at once, because a commit has added rows."""
        self._loop.wake()

    async def run(self) -> None:
        """Run until cancelled; unfinished rows are due again when their lease ends."""
        try:
            await self._loop.run()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def run_once(self) -> int:
        """Work on the due rows that have a free slot; return their number."""
        tasks = await self._start_due()
        await asyncio.gather(*tasks, return_exceptions=True)
        return len(tasks)

    async def _poll(self) -> float:
        await self._start_due()
        # Pools without a free slot are left out: a slot that becomes free wakes the loop.
        due = await self._claims.next_delivery(self._free_slots(), without=tuple(self._in_progress))
        return idle_seconds(due, self._clock.now())

    async def _start_due(self) -> list[asyncio.Task[None]]:
        """Claim due rows, up to the free slots, and start a task for each."""
        free = self._free_slots()
        if not free:
            return []
        rows = await self._claims.deliveries(
            self._clock.now(), lease=_LEASE, places=free, without=tuple(self._in_progress)
        )
        return [self._start(row) for row in rows]

    def _free_slots(self) -> dict[Pool, int]:
        """Return the number of free slots for each pool that has any."""
        free = dict(self._slots)
        for pool in self._in_progress.values():
            free[pool] -= 1
        return {pool: count for pool, count in free.items() if count > 0}

    def _start(self, row: Delivery) -> asyncio.Task[None]:
        self._in_progress[row.id] = row.pool
        task = asyncio.create_task(self._work_on(row))
        self._tasks.add(task)
        task.add_done_callback(partial(self._release_slot, row.id))
        return task

    def _release_slot(self, row: DeliveryId, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        del self._in_progress[row]
        # The slot is free, and the next row of the lane is due.
        self.wake()

    async def _work_on(self, row: Delivery) -> None:
        work = asyncio.current_task()
        assert work is not None
        renewal = asyncio.create_task(self._renew_lease(row, work))
        try:
            await run_logging_errors(row, self._deliveries.deliver)
        finally:
            renewal.cancel()

    async def _renew_lease(self, row: Delivery, work: asyncio.Task[None]) -> None:
        """Renew a row's lease while ``work`` runs; cancel ``work`` if the lease was lost."""
        while True:
            await asyncio.sleep(self._renewal_interval)
            until = self._clock.now() + _LEASE
            try:
                is_renewed = await self._claims.extend(row, until=until)
            except Exception as error:  # noqa: BLE001 - the next renewal may succeed; it is logged
                if not is_outage(error):
                    _log.warning("claim_not_renewed", error=type(error).__name__, exc_info=error)
                continue
            if not is_renewed:
                # This process was blocked for longer than the lease; another has claimed the row.
                _log.warning("delivery_claimed_elsewhere", action=row.action)
                work.cancel()
                return
            row = replace(row, due_at=until)
