"""Requests that wait for a change: of a conversation, or of the event log.

They wait in memory and read again when they are woken, so that waiting costs no queries. A wake-up
may be lost, as with all notifications; a request reads again when its time is over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Final

from privacydesk.domain.ids import ConversationId
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.commit_notifier import CommitNotifier

EVENT_LOG: Final = ConversationId(b"event-log".ljust(16, b"\0"))
"""Stands for the event log in notifications; no conversation has it, as their ids are UUIDs."""

_MAX_WAITING: Final = 500
_MAX_WAITING_OF_ONE: Final = 20
_RETRY_AFTER: Final = 5


class Wakeup:
    """Waits for the next change; for one request."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def set(self) -> None:
        """Wake the request."""
        self._changed.set()

    async def wait(self, until: float) -> bool:
        """Wait for a change since the last call.

        Args:
            until: when to stop waiting, by the clock of the event loop.

        Returns:
            False if there was none.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._changed.wait()
        has_changed = self._changed.is_set()
        self._changed.clear()
        return has_changed


class ChangeWaiters:
    """The waiting requests of this process.

    Args:
        notifier: tells of changes that this and other processes have made.
    """

    def __init__(self, notifier: CommitNotifier) -> None:
        self._notifier = notifier
        self._waiting: dict[ConversationId, set[Wakeup]] = {}
        self._by_client: dict[str, int] = {}
        self._is_closed = False
        notifier.watch(self.wake)

    @property
    def count(self) -> int:
        """How many requests wait."""
        return sum(self._by_client.values())

    @contextlib.contextmanager
    def waiting(self, what: ConversationId, client: str) -> Iterator[Wakeup]:
        """Be woken by changes until the block ends; enter it before the first read.

        Args:
            what: a conversation, or ``EVENT_LOG``.
            client: who waits; each may have a limited number of requests that wait.

        Raises:
            DeskError: RATE_LIMITED if too many requests wait.
        """
        own = self._by_client.get(client, 0)
        if own >= _MAX_WAITING_OF_ONE or self.count >= _MAX_WAITING:
            raise DeskError(
                "too many requests wait",
                code=ErrorCode.RATE_LIMITED,
                reason="api_waiting",
                retry_after=_RETRY_AFTER,
            )
        wakeup = Wakeup()
        self._by_client[client] = own + 1
        self._waiting.setdefault(what, set()).add(wakeup)
        if self._is_closed:
            wakeup.set()
        try:
            yield wakeup
        finally:
            self._by_client[client] -= 1
            if not self._by_client[client]:
                del self._by_client[client]
            self._waiting[what].discard(wakeup)
            if not self._waiting[what]:
                del self._waiting[what]

    @property
    def is_closed(self) -> bool:
        """Whether the process is ending, and nobody is to wait any longer."""
        return self._is_closed

    def close(self) -> None:
        """Wake everybody, and let nobody wait any longer: the process is ending."""
        self._is_closed = True
        for wakeups in self._waiting.values():
            for wakeup in wakeups:
                wakeup.set()

    def announce(self, what: ConversationId) -> None:
        """Wake those who wait for something, here and in other processes."""
        self._notifier.notify_watchers(what)

    def wake(self, what: ConversationId) -> None:
        """Wake those who wait for something in this process."""
        for wakeup in self._waiting.get(what, ()):
            wakeup.set()
