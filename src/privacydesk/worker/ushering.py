"""The loop that has the usher look after the queue: once a second, and when somebody joins it."""

from __future__ import annotations

from privacydesk.services.usher import Usher
from privacydesk.worker.looking import LONGEST_REST, Loop


class UsherWorker:
    """Has the usher do rounds until it is stopped."""

    def __init__(self, usher: Usher) -> None:
        self._usher = usher
        self._loop = Loop(self._look, "usher")

    def wake(self) -> None:
        """Look at once; called when somebody waits, or an agent has room again."""
        self._loop.wake()

    async def run(self) -> None:
        """Look after the queue until cancelled."""
        await self._loop.run()

    async def round(self) -> int:
        """Do all there is to do now; return how much that was."""
        return await self._usher.round()

    async def _look(self) -> float:
        return 0.0 if await self.round() else LONGEST_REST
