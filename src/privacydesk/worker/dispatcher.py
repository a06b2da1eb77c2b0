"""The loop of the queue dispatcher: once a second, and when somebody joins the queue."""

from __future__ import annotations

from privacydesk.services.dispatcher import Dispatcher
from privacydesk.worker.polling import LONGEST_REST, Loop


class DispatcherWorker:
    """Has the dispatcher do rounds until it is stopped."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._loop = Loop(self._look, "dispatcher")

    def wake(self) -> None:
        """Look at once; called when somebody waits, or an agent has room again."""
        self._loop.wake()

    async def run(self) -> None:
        """Look after the queue until cancelled."""
        await self._loop.run()

    async def round(self) -> int:
        """Do all there is to do now; return how much that was."""
        return await self._dispatcher.round()

    async def _look(self) -> float:
        return 0.0 if await self.round() else LONGEST_REST
