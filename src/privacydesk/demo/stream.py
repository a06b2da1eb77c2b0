"""The live part of the panel: what a person's phone, account and the clock show, as it changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
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
from privacydesk.demo.personas import Personas
from privacydesk.demo.staff import SampleStaff
from privacydesk.demo.views import Words, account_view, message_view, person_view, ticket_view
from privacydesk.domain.instants import write_instant

_LOOK_EVERY: Final = 0.5
"""Seconds between looks at the account and the desk; codes come at once."""
_QUIET: Final = 20.0
_SHOWN_TICKETS: Final = 8
_SHOWN_MESSAGES: Final = 20
_SHOWN_PHONES: Final = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """All data that the panel shows."""

    services: Services
    personas: Personas
    book: AccountBook
    sender: MemoryCodeSender
    staff: SampleStaff

    async def look(self, person: SamplePerson, words: Words) -> dict[str, Any]:
        """Return everything shown of a person now."""
        record = None if person.account is None else self.book.find(person.account)
        tickets = await self.services.store.reader.list_tickets(limit=100)
        newest = sorted(tickets, key=lambda one: one.received_at, reverse=True)[:_SHOWN_TICKETS]
        messages = self.personas.messages(person)[:_SHOWN_MESSAGES]
        lifetime = timedelta(minutes=self.services.profile.codes.lifetime_minutes)
        return {
            "person": person_view(person, words),
            "messages": [message_view(one, words, lifetime) for one in messages],
            "others": [
                {"to": to, "messages": [message_view(one, words, lifetime) for one in found]}
                for to, found in islice(self.personas.other_messages().items(), _SHOWN_PHONES)
            ],
            "account": account_view(record, words),
            "tickets": [ticket_view(one, words) for one in newest],
            "staff": await self.staff.look(words),
        }

    def clock(self) -> dict[str, str | None]:
        """Return the present and the zone to show it in."""
        return {
            "now": write_instant(self.services.clock.now()),
            "zone": self.services.profile.zone,
        }


class Streams:
    """Open event streams, so that stopping the demo doesn't wait for pages to close."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._stopping = asyncio.Event()
        self._moved: set[asyncio.Event] = set()

    def clock_moved(self) -> None:
        """Have every open page look at the clock now."""
        for event in self._moved:
            event.set()

    async def shut(self, _: web.Application) -> None:
        """End all streams; an ``on_shutdown`` handler."""
        self._stopping.set()
        self.clock_moved()

    async def serve(
        self, request: web.Request, person: SamplePerson, words: Words
    ) -> web.StreamResponse:
        """Send what a person's panel shows until the page or the demo is gone."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        moved = asyncio.Event()
        self._moved.add(moved)
        try:
            with self._stage.sender.subscribe() as arrivals, contextlib.suppress(ConnectionError):
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
        shown: dict[str, Any] = {}
        quiet = 0.0
        await _send(response, "clock", self._stage.clock())
        while not self._stopping.is_set():
            if moved.is_set():
                moved.clear()
                await _send(response, "clock", self._stage.clock())
            looked = await self._stage.look(person, words)
            if looked != shown:
                shown, quiet = looked, 0.0
                await _send(response, "panel", looked)
            elif quiet > _QUIET:
                quiet = 0.0
                await response.write(b":\n\n")
            quiet += await _wait(arrivals.get, moved.wait)


async def _wait(*sources: Callable[[], Any]) -> float:
    """Wait for the first of several events, or a short while."""
    tasks = [asyncio.ensure_future(source()) for source in sources]
    try:
        await asyncio.wait(tasks, timeout=_LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return _LOOK_EVERY


async def _send(response: web.StreamResponse, name: str, value: Any) -> None:
    await response.write(f"event: {name}\ndata: ".encode() + orjson.dumps(value) + b"\n\n")
