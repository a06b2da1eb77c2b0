"""The group of workers for due rows; they run concurrently and don't wait for each other.

A claim postpones a row's due time by the lease, so the rows of a worker that dies become due again
by themselves. No leader and no cleanup process are needed.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from privacydesk.worker.dispatcher import DispatcherWorker
from privacydesk.worker.outbox import OutboxWorker
from privacydesk.worker.scheduled_events import ScheduledEventWorker


@dataclass(frozen=True, slots=True)
class WorkerGroup:
    """The workers for the due rows of one store.

    Attributes:
        outbox: works on outbox rows.
        scheduled_events: executes due events of tickets.
        dispatcher: assigns waiting users to agents.
    """

    outbox: OutboxWorker
    scheduled_events: ScheduledEventWorker
    dispatcher: DispatcherWorker

    def wake(self) -> None:
        """Make all workers poll at once, for example because the demo's clock was moved."""
        for worker in self._workers():
            worker.wake()

    async def reset_excessive_delays(self) -> None:
        """Make rows due that a clock running ahead had postponed, and work on them at once."""
        if await self.scheduled_events.reset_excessive_delays():
            self.wake()

    def loops(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """Yield the workers' loops with their names; each runs until it is cancelled."""
        yield "outbox", self.outbox.run()
        yield "dues", self.scheduled_events.run()
        yield "dispatcher", self.dispatcher.run()

    async def run_once(self) -> int:
        """Work on everything that is due now; return the number of rows and actions."""
        count = 0
        for worker in self._workers():
            count += await worker.run_once()
        return count

    def _workers(self) -> Iterator[OutboxWorker | ScheduledEventWorker | DispatcherWorker]:
        # Scheduled events come first, because they may create outbox rows.
        yield self.scheduled_events
        yield self.outbox
        yield self.dispatcher
