"""The panel's live data: a person's phone and account, the requests and the clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Final

import orjson
from aiohttp import web

from privacydesk.app import Services
from privacydesk.connectors.account_book import AccountBook
from privacydesk.connectors.memory import MemoryCodeSender
from privacydesk.demo.person import SamplePerson
from privacydesk.demo.personas import Message, Personas
from privacydesk.demo.staff import SampleStaff
from privacydesk.demo.views import Words, account_view, message_view, person_view, ticket_view
from privacydesk.domain.instants import write_instant

_POLL_SECONDS: Final = 0.5
"""Seconds between reads of the account and the requests; codes are sent at once."""
_KEEPALIVE_SECONDS: Final = 20.0
_MAX_TICKETS: Final = 8
_MAX_MESSAGES: Final = 20
_MAX_OTHER_PHONES: Final = 3


@dataclass(frozen=True, slots=True)
class PanelSource:
    """Reads the data that the panel shows."""

    services: Services
    personas: Personas
    book: AccountBook
    sender: MemoryCodeSender
    staff: SampleStaff

    async def snapshot(self, person: SamplePerson, words: Words) -> dict[str, Any]:
        """Return what the panel shows of a person now."""
        record = None if person.account is None else self.book.find(person.account)
        tickets = await self.services.store.reader.list_tickets(limit=100)
        newest = sorted(tickets, key=lambda ticket: ticket.received_at, reverse=True)[:_MAX_TICKETS]
        lifetime = timedelta(minutes=self.services.profile.codes.lifetime_minutes)

        def view_all(messages: Iterable[Message]) -> list[dict[str, Any]]:
            return [message_view(message, words, lifetime) for message in messages]

        others = islice(self.personas.other_messages().items(), _MAX_OTHER_PHONES)
        return {
            "person": person_view(person, words),
            "messages": view_all(self.personas.messages(person)[:_MAX_MESSAGES]),
            "others": [{"to": to, "messages": view_all(messages)} for to, messages in others],
            "account": account_view(record, words),
            "tickets": [ticket_view(ticket, words) for ticket in newest],
            "staff": await self.staff.list_members(words),
        }

    def clock(self) -> dict[str, str | None]:
        """Return the current time, and the zone to show it in."""
        return {
            "now": write_instant(self.services.clock.now()),
            "zone": self.services.profile.zone,
        }


class Streams:
    """The open event streams, which end when the demo stops."""

    def __init__(self, source: PanelSource) -> None:
        self._source = source
        self._stopping = asyncio.Event()
        self._moved: set[asyncio.Event] = set()

    def clock_moved(self) -> None:
        """Send the clock to every open page now."""
        for event in self._moved:
            event.set()

    async def close_all(self, _: web.Application) -> None:
        """End all streams; an ``on_shutdown`` handler."""
        self._stopping.set()
        self.clock_moved()

    async def serve(
        self, request: web.Request, person: SamplePerson, words: Words
    ) -> web.StreamResponse:
        """Send a person's data at each change, until the page or the demo is closed."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        moved = asyncio.Event()
        self._moved.add(moved)
        try:
            with self._source.sender.subscribe() as arrivals, contextlib.suppress(ConnectionError):
                await self._run(response, person, words, (arrivals, moved))
        finally:
            self._moved.discard(moved)
        return response

    async def _run(
        self,
        response: web.StreamResponse,
        person: SamplePerson,
        words: Words,
        news: tuple[asyncio.Queue[Any], asyncio.Event],
    ) -> None:
        arrivals, moved = news
        sent: dict[str, Any] = {}
        silent_seconds = 0.0
        await _send(response, "clock", self._source.clock())
        while not self._stopping.is_set():
            if moved.is_set():
                moved.clear()
                await _send(response, "clock", self._source.clock())
            snapshot = await self._source.snapshot(person, words)
            if snapshot != sent:
                sent, silent_seconds = snapshot, 0.0
                await _send(response, "panel", snapshot)
            elif silent_seconds > _KEEPALIVE_SECONDS:
                silent_seconds = 0.0
                await response.write(b":\n\n")
            silent_seconds += await _wait(arrivals.get, moved.wait)


async def _wait(*sources: Callable[[], Any]) -> float:
    """Wait for the first of several events, or a short while."""
    tasks = [asyncio.ensure_future(source()) for source in sources]
    try:
        await asyncio.wait(tasks, timeout=_POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _POLL_SECONDS


async def _send(response: web.StreamResponse, name: str, value: Any) -> None:
    await response.write(f"event: {name}\ndata: ".encode() + orjson.dumps(value) + b"\n\n")
