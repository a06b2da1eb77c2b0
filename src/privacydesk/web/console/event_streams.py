"""Server-sent events of the console: a value is sent whenever it has changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from aiohttp import web
from msgspec import Struct

from privacydesk.errors import DeskError
from privacydesk.web.chat.encoding import encode
from privacydesk.web.console.access import is_still_authorized
from privacydesk.web.keys import CHAT_SERVER
from privacydesk.web.responses import is_disconnected

HEARTBEAT_INTERVAL: Final = 15.0
"""Seconds between heartbeats of a stream."""


class Topic(Struct, frozen=True):
    """A value that a stream reports.

    Attributes:
        name: the name of the topic's events.
        read: returns the current value, which must be encodable as JSON.
    """

    name: str
    read: Callable[[], Awaitable[Any]]


async def stream_changes(
    request: web.Request,
    topics: Sequence[Topic],
    wakeup: asyncio.Event,
    *,
    poll_interval: float,
    merge_window: float = 0.0,
) -> web.StreamResponse:
    """Send the value of each topic whenever it has changed.

    The stream ends when the client disconnects, when the agent loses access, or when the process
    stops.

    Args:
        request: the request for the stream.
        topics: the values to send, read in this order.
        wakeup: set by the caller when the topics should be read at once; cleared here.
        poll_interval: seconds between reads without a wake-up.
        merge_window: seconds to wait after a wake-up, so that a burst causes one read.
    """
    chat = request.config_dict[CHAT_SERVER]
    stream = _EventStream()
    try:
        await stream.response.prepare(request)
        # There may be nothing to send for long, and only writing would detect a disconnect.
        while not chat.stopping.is_set() and not is_disconnected(request):
            wakeup.clear()
            # During a brief database outage the page keeps what it shows.
            with contextlib.suppress(DeskError):
                await stream.send_heartbeat_if_due()
                # Each time, so that nothing is sent after a session has ended, in any process.
                if not await is_still_authorized(request):
                    break
                for topic in topics:
                    await stream.send_if_changed(topic.name, await topic.read())
            await _wait_for_any((wakeup, chat.stopping), poll_interval)
            if wakeup.is_set():
                await asyncio.sleep(merge_window)
    except ConnectionError:
        pass
    return stream.response


class _EventStream:
    """A response with server-sent events, which remembers the last value of each event."""

    def __init__(self) -> None:
        self.response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        self._last_values: dict[str, Any] = {}
        self._heartbeat_at = asyncio.get_running_loop().time()

    async def send_if_changed(self, name: str, value: Any) -> None:
        """Send an event, unless its last value was the same."""
        if name not in self._last_values or value != self._last_values[name]:
            self._last_values[name] = value
            head = f"event: {name}\ndata: ".encode()
            await self.response.write(head + encode(value) + b"\n\n")

    async def send_heartbeat_if_due(self) -> None:
        """Send a heartbeat if the last one is old enough."""
        now = asyncio.get_running_loop().time()
        if now - self._heartbeat_at >= HEARTBEAT_INTERVAL:
            self._heartbeat_at = now
            await self.response.write(b":\n\n")


async def _wait_for_any(events: Sequence[asyncio.Event], seconds: float) -> None:
    """Wait until one of the events is set, or until the time is over."""
    waiters = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiters, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in waiters:
            waiter.cancel()
