"""A client that follows a conversation over HTTP: woken for new events, then reads them."""

from __future__ import annotations

import asyncio
import contextlib

from privacydesk.services.api import Session, View


class Follower:
    """A long poll or an event stream.

    Attributes:
        cursor: the last offset that was sent.
        shown: the view that was sent last.
        restarted: whether the conversation's epoch has changed.
    """

    def __init__(self, session: Session, cursor: int) -> None:
        self.session = session
        self.cursor = cursor
        self.shown: View | None = None
        self.restarted = False
        self._more = asyncio.Event()

    def deliver(self, first: int, last: int, frame: bytes) -> None:  # noqa: ARG002 - a viewer's
        """Wake up for new events."""
        if last > self.cursor:
            self._more.set()

    def behind(self, head: int) -> None:
        """Wake up for events whose notification was lost."""
        if head > self.cursor:
            self._more.set()

    def show(self, frame: bytes) -> None:  # noqa: ARG002 - a viewer's
        """Wake up for a new view."""
        self._more.set()

    def restart(self) -> None:
        """Wake up because the client's copy is void."""
        self.restarted = True
        self._more.set()

    def expire(self) -> None:
        """Wake up because the token has expired."""
        self._more.set()

    async def wait(self, stopping: asyncio.Event) -> None:
        """Wait until there is more, or the server stops."""
        ends = {asyncio.create_task(self._more.wait()), asyncio.create_task(stopping.wait())}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*ends, return_exceptions=True)
        self._more.clear()
