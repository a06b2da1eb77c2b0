"""Memory limits for buffered bytes, per origin and in total.

Unread output lies in send queues and in the transport; input that arrives faster than it is
handled lies in the reader. When an origin, or all origins together, exceed their limit, the
connection with the most buffered bytes of the largest origin is disconnected. Nothing is lost: the
log is in the database, and the client reconnects and resumes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Protocol

from privacydesk.web.chat.fair_slots import AbortCallback


class Buffered(Protocol):
    """A connection or response for which bytes are buffered.

    Attributes:
        origin: the client address that it is counted under.
    """

    @property
    def origin(self) -> Hashable:
        """The client address that it is counted under."""
        ...

    def buffered_bytes(self) -> int:
        """Return how many bytes are buffered for it now."""
        ...

    def disconnect(self) -> None:
        """Disconnect it, which frees its buffers; must not call ``Backlog.record``."""
        ...


class PendingResponse:
    """An HTTP response or stream that is being sent.

    Attributes:
        pending: bytes that are about to be handed to the transport.
    """

    def __init__(
        self, origin: Hashable, transport: asyncio.Transport, abort: AbortCallback
    ) -> None:
        self.origin = origin
        self.pending = 0
        self._transport = transport
        self._abort = abort

    def buffered_bytes(self) -> int:
        """Return how many bytes are buffered for it now."""
        return max(self.pending, self._transport.get_write_buffer_size())

    def disconnect(self) -> None:
        """Abort its connection."""
        self._abort()


class Backlog:
    """The buffered bytes of all connections, by origin.

    Connections without buffered bytes are not stored. Sizes are those last recorded; before a
    connection is disconnected, all of its origin's are measured again, since transports drain
    without notice.

    Args:
        max_per_origin: maximum number of bytes of one origin.
        max_total: maximum number of bytes of all origins together.
    """

    def __init__(self, max_per_origin: int, max_total: int) -> None:
        self._max_per_origin = max_per_origin
        self._max_total = max_total
        self._sizes: dict[Hashable, dict[Buffered, int]] = {}
        self._origin_totals: dict[Hashable, int] = {}
        self.total = 0
        self.disconnected = 0

    def record(self, connection: Buffered, size: int) -> None:
        """Record how many bytes are buffered for a connection now, and enforce the limits."""
        if self._set_size(connection, size):
            self._enforce_limit(self._max_per_origin, connection.origin)
            while self.total > self._max_total:
                largest = max(self._origin_totals, key=self._origin_totals.__getitem__)
                excess = self.total - self._max_total
                self._enforce_limit(max(0, self._origin_totals[largest] - excess), largest)

    def remove(self, connection: Buffered) -> None:
        """Remove a connection that is closing."""
        self._set_size(connection, 0)

    def has_room(self, origin: Hashable, size: int) -> bool:
        """Whether ``size`` more bytes may be buffered for an origin; always if it has none."""
        if origin in self._sizes:
            self._measure(origin)
        buffered = self._origin_totals.get(origin, 0)
        return buffered == 0 or buffered + size <= self._max_per_origin

    def _set_size(self, connection: Buffered, size: int) -> bool:
        """Record a connection's size; return whether it grew."""
        origin = connection.origin
        sizes = self._sizes.get(origin)
        previous = 0 if sizes is None else sizes.get(connection, 0)
        if size == previous:
            return False
        if sizes is None:
            sizes = self._sizes[origin] = {}
        sizes[connection] = size
        if not size:
            del sizes[connection]
        self._origin_totals[origin] = self._origin_totals.get(origin, 0) + size - previous
        self.total += size - previous
        if not sizes:
            del self._sizes[origin], self._origin_totals[origin]
        return size > previous

    def _enforce_limit(self, limit: int, origin: Hashable) -> None:
        """Disconnect the largest connections of an origin until its bytes are within ``limit``."""
        if self._origin_totals.get(origin, 0) <= limit:
            return
        self._measure(origin)
        while self._origin_totals.get(origin, 0) > limit:
            sizes = self._sizes[origin]
            largest = max(sizes, key=sizes.__getitem__)
            self.remove(largest)
            self.disconnected += 1
            largest.disconnect()

    def _measure(self, origin: Hashable) -> None:
        for connection in tuple(self._sizes[origin]):
            self._set_size(connection, connection.buffered_bytes())
