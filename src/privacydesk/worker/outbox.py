"""The loop that works on outbox rows: each is begun as soon as there is a place for it.

    due ─► claimed, of each pool as many as it has places ─► one task a row ─► its place is free
                                                              └ takes long: the claim is renewed

Nothing waits for a batch to end. A slow outside service fills the places of its own pool and holds
up nothing else; only the oldest open row of a lane is due, so its order is kept.
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
from privacydesk.ports import Claims
from privacydesk.services.deliveries import Deliveries
from privacydesk.worker.polling import Loop, guarded, rest_until

_log = structlog.get_logger(__name__)

_LEASE: Final = timedelta(minutes=1)
"""After this a row of a process that died is due again."""
_KEEP_EVERY: Final = 20.0
"""Seconds until a claim is renewed: two renewals may fail before the lease ends."""
_EXPORTS: Final = 2
"""The most exports at once: each is held in memory whole, and making its files is CPU-bound."""


class OutboxWorker:
    """Works on outbox rows of one store until it is stopped.

    Args:
        claims: what is due.
        deliveries: works on a row.
        clock: the present.
        at_once: how many rows of each pool are worked on at the same time; of exports fewer.
        keep_every: seconds after which the claim of a row that is still worked on is renewed.
    """

    def __init__(
        self,
        claims: Claims,
        deliveries: Deliveries,
        clock: Clock,
        *,
        at_once: int = 8,
        keep_every: float = _KEEP_EVERY,
    ) -> None:
        self._claims = claims
        self._deliveries = deliveries
        self._clock = clock
        self._keep_every = keep_every
        self._places = dict.fromkeys(Pool, at_once) | {Pool.EXPORT: min(at_once, _EXPORTS)}
        self._working: dict[DeliveryId, Pool] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = Loop(self._look, "outbox")

    def wake(self) -> None:
        """Look for due rows at once; called after a commit that left some."""
        self._loop.wake()

    async def run(self) -> None:
        """Claim and work until cancelled; unfinished rows are due again when their lease ends."""
        try:
            await self._loop.run()
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def round(self) -> int:
        """Work on all that is due now and has a place, once; return how many rows that was."""
        begun = await self._begin()
        await asyncio.gather(*begun, return_exceptions=True)
        return len(begun)

    async def _look(self) -> float:
        await self._begin()
        # Due rows without a free place need no new look: a place becoming free triggers one.
        due = await self._claims.next_delivery(self._free(), without=tuple(self._working))
        return rest_until(due, self._clock.now())

    async def _begin(self) -> list[asyncio.Task[None]]:
        """Claim what is due and has a place, and begin to work on it."""
        free = self._free()
        if not free:
            return []
        rows = await self._claims.deliveries(
            self._clock.now(), lease=_LEASE, places=free, without=tuple(self._working)
        )
        return [self._start(row) for row in rows]

    def _free(self) -> dict[Pool, int]:
        """Return how many places are free, of the pools that have any."""
        left = dict(self._places)
        for pool in self._working.values():
            left[pool] -= 1
        return {pool: places for pool, places in left.items() if places > 0}

    def _start(self, row: Delivery) -> asyncio.Task[None]:
        self._working[row.id] = row.pool
        task = asyncio.create_task(self._work(row))
        self._tasks.add(task)
        task.add_done_callback(partial(self._end, row.id))
        return task

    def _end(self, row: DeliveryId, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        del self._working[row]
        # Its place is free, and the next of its lane is due.
        self.wake()

    async def _work(self, row: Delivery) -> None:
        work = asyncio.current_task()
        assert work is not None
        keeping = asyncio.create_task(self._keep(row, work))
        try:
            await guarded(row, self._deliveries.work)
        finally:
            keeping.cancel()

    async def _keep(self, row: Delivery, work: asyncio.Task[None]) -> None:
        """Renew a claim while a row is worked on, so that no other process begins it, too."""
        while True:
            await asyncio.sleep(self._keep_every)
            until = self._clock.now() + _LEASE
            try:
                held = await self._claims.keep(row, until=until)
            except Exception as error:  # noqa: BLE001 - the next renewal may work; it is logged
                if not is_outage(error):
                    _log.warning("claim_not_renewed", error=type(error).__name__, exc_info=error)
                continue
            if not held:
                # This process was held up for longer than the lease, and another one has begun.
                _log.warning("delivery_claimed_elsewhere", action=row.action)
                work.cancel()
                return
            row = replace(row, due_at=until)
