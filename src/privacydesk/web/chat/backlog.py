"""Memory budgets for bytes that wait for clients, or for the desk: by origin and in total.

Unread output lies in queues and in the transport; input that arrives faster than it is handled
lies in the reader. When an origin, or all together, exceed their budget, the largest holder of
the largest origin is disconnected. Nothing is lost: the log is in the database, and the client
reconnects and resumes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from typing import Protocol

from privacydesk.web.chat.fair_slots import GiveUp


class Holder(Protocol):
    """A connection or answer that bytes are held for.

    Attributes:
        origin: the address it belongs to.
    """

    @property
    def origin(self) -> Hashable:
        """The address it belongs to."""
        ...

    def weigh(self) -> int:
        """Return how many bytes are held for it now."""
        ...

    def let_go(self) -> None:
        """Disconnect it, which frees its bytes; must not call ``account``."""
        ...


class Answer:
    """An HTTP answer or stream on its way.

    Attributes:
        pending: bytes that are about to be handed to the transport.
    """

    def __init__(self, origin: Hashable, transport: asyncio.Transport, give_up: GiveUp) -> None:
        self.origin = origin
        self.pending = 0
        self._transport = transport
        self._give_up = give_up

    def weigh(self) -> int:
        """Return how many bytes are held for it now."""
        return max(self.pending, self._transport.get_write_buffer_size())

    def let_go(self) -> None:
        """End its connection."""
        self._give_up()


class Backlog:
    """How many bytes are held for each origin's connections.

    Holders without any are not kept. Sizes are those last reported; before a holder is
    disconnected, its origin's are measured again, since transports drain without notice.

    Args:
        each: bytes of one origin.
        most: bytes of all origins together.
    """

    def __init__(self, each: int, most: int) -> None:
        self._each = each
        self._most = most
        self._held: dict[Hashable, dict[Holder, int]] = {}
        self._sums: dict[Hashable, int] = {}
        self.total = 0
        self.let_go = 0

    def account(self, holder: Holder, size: int) -> None:
        """Record how many bytes are held for a connection now, and enforce the budgets."""
        if self._note(holder, size):
            self._keep_to(self._each, holder.origin)
            while self.total > self._most:
                largest = max(self._sums, key=self._sums.__getitem__)
                excess = self.total - self._most
                self._keep_to(max(0, self._sums[largest] - excess), largest)

    def forget(self, holder: Holder) -> None:
        """Forget a connection that ends."""
        self._note(holder, 0)

    def has_room(self, origin: Hashable, size: int) -> bool:
        """Whether an origin may hold ``size`` more bytes; always if it holds none."""
        if origin in self._held:
            self._weigh(origin)
        held = self._sums.get(origin, 0)
        return held == 0 or held + size <= self._each

    def _note(self, holder: Holder, size: int) -> bool:
        """Record a holder's size; return whether it grew."""
        origin = holder.origin
        held = self._held.get(origin)
        before = 0 if held is None else held.get(holder, 0)
        if size == before:
            return False
        if held is None:
            held = self._held[origin] = {}
        held[holder] = size
        if not size:
            del held[holder]
        self._sums[origin] = self._sums.get(origin, 0) + size - before
        self.total += size - before
        if not held:
            del self._held[origin], self._sums[origin]
        return size > before

    def _keep_to(self, most: int, origin: Hashable) -> None:
        """Disconnect the largest holders of an origin until it holds no more than ``most``."""
        if self._sums.get(origin, 0) <= most:
            return
        self._weigh(origin)
        while self._sums.get(origin, 0) > most:
            held = self._held[origin]
            largest = max(held, key=held.__getitem__)
            self.forget(largest)
            self.let_go += 1
            largest.let_go()

    def _weigh(self, origin: Hashable) -> None:
        for holder in tuple(self._held[origin]):
            self._note(holder, holder.weigh())
