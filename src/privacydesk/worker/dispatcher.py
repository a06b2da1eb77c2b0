"""The loop of the queue dispatcher; it runs once a second and when a user joins the queue."""

from __future__ import annotations

from privacydesk.services.dispatcher import Dispatcher
from privacydesk.worker.polling import MAX_IDLE_SECONDS, PollingLoop


class DispatcherWorker:
    """Runs the dispatcher repeatedly."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher
        self._loop = PollingLoop(self._poll, "dispatcher")

    def wake(self) -> None:
        """Run at once, because a user joined the queue or an agent can take another one."""
        self._loop.wake()

    async def run(self) -> None:
        """Run the dispatcher until cancelled."""
        await self._loop.run()

    async def run_once(self) -> int:
        """Run the dispatcher once; return the number of actions it took."""
        return await self._dispatcher.run_round()

    async def _poll(self) -> float:
        return 0.0 if await self.run_once() else MAX_IDLE_SECONDS
