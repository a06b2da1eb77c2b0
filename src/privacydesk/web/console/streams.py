"""Server-sent events of the console: what is told whenever it differs from what was told last."""

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
"""How often a stream shows that it lives, and asks whether its agent is still let in."""

Look = Callable[[], Awaitable[Any]]


class Topic(Struct, frozen=True):
    """What a stream tells of, under the name of its events."""

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
    """Tell what is found of the topics whenever it differs from what was told last.

    Args:
        request: who listens; the stream ends with their session, or with the process.
        topics: looked at in this order.
        woken: set when it is worth looking at once.
        every: seconds between looks otherwise.
        settle: seconds in which a burst of wakings is told once.
    """
    room = request.config_dict[ROOM]
    line = _Line()
    try:
        await line.response.prepare(request)
        # Nothing may have to be said for long, and only writing would find out who left.
        while not room.stopping.is_set() and not is_gone(request):
            woken.clear()
            # Where the database is away for a moment, the page keeps what it shows.
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
    """What is said on one stream."""

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
        """Say what was found, unless it was said already."""
        if name not in self._told or found != self._told[name]:
            self._told[name] = found
            head = f"event: {name}\ndata: ".encode()
            await self.response.write(head + encode(found) + b"\n\n")

    async def beat(self) -> bool:
        """Show that the stream lives, every now and then; return whether it was time to."""
        now = asyncio.get_running_loop().time()
        if now - self._beaten_at < BEAT:
            return False
        self._beaten_at = now
        await self.response.write(b":\n\n")
        return True


async def _either(woken: asyncio.Event, stopping: asyncio.Event, seconds: float) -> None:
    """Wait until there is something to tell, the process stops, or the time is over."""
    waits = [asyncio.create_task(one.wait()) for one in (woken, stopping)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()
