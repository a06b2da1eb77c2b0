"""The event log: numbering what was committed, and reading it by a cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.event_log import EventPage, LoggedEvent, LogPosition
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.domain.webhooks import EndpointStatus, Posting
from privacydesk.errors import NotFoundError
from privacydesk.ports import EventLogStore, WebhookStore
from privacydesk.services.change_waiters import EVENT_LOG, ChangeWaiters

_SWEPT: Final = 500
_ID_BYTES: Final = 16
_HEX: Final = frozenset("0123456789abcdef")


class EventLog:
    """Numbers, reads and sweeps the event log.

    Args:
        store: where events are kept.
        book: the webhook endpoints.
        waiters: the requests that wait for events.
        clock: the present.
        keep: how long events are kept.
    """

    def __init__(
        self,
        store: EventLogStore,
        book: WebhookStore,
        waiters: ChangeWaiters,
        clock: Clock,
        *,
        keep: timedelta,
    ) -> None:
        self._store = store
        self._book = book
        self._waiters = waiters
        self._clock = clock
        self._keep = keep
        self._seen = 0

    async def number_pending(self) -> bool:
        """Number committed events, and wake those who wait for them.

        Returns:
            Whether there may be more to number now.
        """
        has_pending, last = await self._store.state()
        if last > self._seen:
            # Another process numbered them, and its notification may have been lost.
            self._seen = last
            self._waiters.wake(EVENT_LOG)
        if not has_pending:
            return False
        numbered = await self._store.number_pending()
        if numbered.count:
            self._waiters.announce(EVENT_LOG)
        return numbered.is_busy

    async def read(
        self,
        cursor: str | None,
        *,
        since: datetime | None,
        kinds: Collection[WebhookEventKind] | None,
        limit: int,
        wait: float,
        client: str,
    ) -> EventPage:
        """Return events, oldest first.

        Args:
            cursor: where the reader stands; None to begin at ``since``.
            since: the time to begin at; None for the oldest event that is kept.
            kinds: only events of these types; None for all.
            limit: the maximum number of events.
            wait: how many seconds to wait for an event if there is none.
            client: who reads.

        Raises:
            CursorExpiredError: events after the cursor, or since then, were deleted.
            DeskError: RATE_LIMITED if too many requests wait.
        """
        position = await self._store.start(since) if cursor is None else LogPosition.parse(cursor)
        if not wait:
            return await self._store.page(position, kinds, limit)
        until = asyncio.get_running_loop().time() + wait
        with self._waiters.waiting(EVENT_LOG, client) as wakeup:
            while True:
                page = await self._store.page(position, kinds, limit)
                if page.events:
                    return page
                position = page.next
                if page.has_more:
                    continue
                if self._waiters.is_closed or not await wakeup.wait(until):
                    return page

    async def newest(
        self,
        kinds: Collection[WebhookEventKind] | None = None,
        *,
        before: int | None = None,
        limit: int = 50,
    ) -> tuple[LoggedEvent, ...]:
        """Return the newest events, newest first.

        Args:
            kinds: only events of these types; None for all.
            before: the number of the last event of the previous page.
            limit: the maximum number of events.
        """
        return await self._store.newest(kinds, before, limit)

    async def event(
        self, name: str
    ) -> tuple[LoggedEvent, tuple[tuple[EndpointStatus, Posting], ...]]:
        """Return an event by its id in hex, with its deliveries.

        Raises:
            NotFoundError: there is none (any more).
        """
        is_id = len(name) == 2 * _ID_BYTES and set(name) <= _HEX
        event = await self._store.event(bytes.fromhex(name)) if is_id else None
        if event is None:
            raise NotFoundError("there is no such event", reason="event_missing")
        endpoints = {one.endpoint.id: one for one in await self._book.endpoints()}
        postings = await self._store.postings(event, endpoints)
        return event, tuple((endpoints[one.endpoint], one) for one in postings)

    async def sweep(self) -> None:
        """Delete events whose time is over."""
        before = self._clock.now() - self._keep
        while await self._store.sweep(before, limit=_SWEPT) == _SWEPT:
            continue
