"""A viewer over HTTP (long poll or event stream), which is woken up and then reads the log."""

from __future__ import annotations

import asyncio
import contextlib

from privacydesk.services.api import Session, View


class HttpViewer:
    """A long poll or an event stream; implements ``hub.Viewer``.

    Attributes:
        cursor: the offset of the last event that was sent.
        last_view: the view that was sent last.
        restarted: whether the conversation's epoch has changed.
    """

    def __init__(self, session: Session, cursor: int) -> None:
        self.session = session
        self.cursor = cursor
        self.last_view: View | None = None
        self.restarted = False
        self._woken = asyncio.Event()

    def deliver(self, first: int, last: int, frame: bytes) -> None:  # noqa: ARG002 - of the protocol
        """Wake up for new events."""
        if last > self.cursor:
            self._woken.set()

    def catch_up_to(self, head: int) -> None:
        """Wake up for events whose notification was lost."""
        if head > self.cursor:
            self._woken.set()

    def send(self, frame: bytes) -> None:  # noqa: ARG002 - of the protocol
        """Wake up for a new view."""
        self._woken.set()

    def restart(self) -> None:
        """Wake up because the client's copy of the log is void."""
        self.restarted = True
        self._woken.set()

    def expire(self) -> None:
        """Wake up because the token has expired."""
        self._woken.set()

    async def wait(self, stopping: asyncio.Event) -> None:
        """Wait until woken up, or until the server stops."""
        tasks = {asyncio.create_task(self._woken.wait()), asyncio.create_task(stopping.wait())}
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)
        self._woken.clear()
