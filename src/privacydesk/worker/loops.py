"""The loops that work on due rows, side by side: none waits for another.

A claim moves a row ahead by the lease, so a worker that dies gives it back by itself: there is no
leader and no reaper.
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from privacydesk.worker.dispatcher import DispatcherWorker
from privacydesk.worker.dues import DuesWorker
from privacydesk.worker.outbox import OutboxWorker


@dataclass(frozen=True, slots=True)
class Worker:
    """What works on the due rows of one store.

    Attributes:
        outbox: works on outbox rows.
        dues: works on due tickets.
        dispatcher: gives waiting users to agents; None where there are none.
    """

    outbox: OutboxWorker
    dues: DuesWorker
    dispatcher: DispatcherWorker

    def wake(self) -> None:
        """Look at once for all that is due; called when the clock was moved."""
        for part in self._parts():
            part.wake()

    async def hurry_overlooked(self) -> None:
        """Look at once for rows that were put off by a clock that was ahead."""
        if await self.dues.hurry_overlooked():
            self.wake()

    def loops(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """Yield the loops that run until cancelled, with their names."""
        yield "outbox", self.outbox.run()
        yield "dues", self.dues.run()
        yield "dispatcher", self.dispatcher.run()

    async def round(self) -> int:
        """Do all that is due now, once; return how much that was."""
        done = 0
        for part in self._parts():
            done += await part.round()
        return done

    def _parts(self) -> Iterator[OutboxWorker | DuesWorker | DispatcherWorker]:
        # Dues first: a due ticket may leave outbox rows.
        yield self.dues
        yield self.outbox
        yield self.dispatcher
