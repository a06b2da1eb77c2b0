"""Server-sent events of the console: each value is sent whenever it has changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.errors import DeskError
from privacydesk.web.answers import is_gone
from privacydesk.web.chat.encoding import encode
from privacydesk.web.console.access import still_signed_in
from privacydesk.web.keys import ROOM

BEAT: Final = 15.0
"""Seconds between heartbeats of a stream, each with a check that its agent still has access."""

Look = Callable[[], Awaitable[Any]]


class Topic(Struct, frozen=True):
    """A value that a stream reports, with the name of its events."""

    name: str
    look: Look


async def tell(
    request: web.Request,
    topics: Sequence[Topic],
    woken: asyncio.Event,
    *,
    every: float,
    settle: float = 0.0,
) -> web.StreamResponse:
    """Send the value of each topic whenever it has changed.

    Args:
        request: the listener's; the stream ends with their session, or with the process.
        topics: read in this order.
        woken: set when the topics should be read at once.
        every: seconds between reads otherwise.
        settle: seconds over which a burst of wake-ups is merged.
    """
    room = request.config_dict[ROOM]
    line = _Line()
    try:
        await line.response.prepare(request)
        # There may be nothing to send for long, and only writing would detect a disconnect.
        while not room.stopping.is_set() and not is_gone(request):
            woken.clear()
            # During a brief database outage the page keeps what it shows.
            with contextlib.suppress(DeskError):
                if await line.beat() and not await still_signed_in(request):
                    break
                for topic in topics:
                    await line.tell(topic.name, await topic.look())
            await _either(woken, room.stopping, every)
            if woken.is_set():
                await asyncio.sleep(settle)
    except ConnectionError:
        pass
    return line.response


class _Line:
    """One stream, with the values last sent."""

    def __init__(self) -> None:
        self.response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        self._told: dict[str, Any] = {}
        self._beaten_at = asyncio.get_running_loop().time()

    async def tell(self, name: str, found: Any) -> None:
        """Send a value, unless it was the last one sent."""
        if name not in self._told or found != self._told[name]:
            self._told[name] = found
            head = f"event: {name}\ndata: ".encode()
            await self.response.write(head + encode(found) + b"\n\n")

    async def beat(self) -> bool:
        """Send a heartbeat if one is due; return whether it was."""
        now = asyncio.get_running_loop().time()
        if now - self._beaten_at < BEAT:
            return False
        self._beaten_at = now
        await self.response.write(b":\n\n")
        return True


async def _either(woken: asyncio.Event, stopping: asyncio.Event, seconds: float) -> None:
    """Wait until woken, until the process stops, or until the time is over."""
    waits = [asyncio.create_task(one.wait()) for one in (woken, stopping)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
