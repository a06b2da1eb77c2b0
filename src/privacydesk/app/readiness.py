"""Readiness of a process to do its work: checked in the background, reported on request.

A proxy gets the result of a few seconds ago, and costs nothing however often it asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from privacydesk.app.rooms import Rooms
from privacydesk.storage.store import SqlStore
from privacydesk.web.health import Health, Part

_EVERY = 1.0
"""Seconds between two checks."""
_PATIENCE = 3.0
"""Seconds that the database may take; beyond that people would be waiting, too."""


class ReadingProgram(Protocol):
    """The program that reads messages."""

    @property
    def digest(self) -> str:
        """The digest of the policy version that it answers from; empty without one."""
        ...

    def is_alive(self) -> bool:
        """Return whether it has lately given a sign of life, and ask it for the next."""
        ...


class Readiness:
    """Checks everything that handling a message needs.

    Args:
        rooms: the desk.
        reader: reads messages; None where this process does.
        health: gets what does not work.
    """

    def __init__(self, rooms: Rooms, reader: ReadingProgram | None, health: Health) -> None:
        self._rooms = rooms
        self._reader = reader
        self._health = health

    async def run(self) -> None:
        """Check repeatedly until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY)

    async def look(self) -> None:
        """Check once."""
        self._health.failing = frozenset([part async for part in self._failing()])

    async def _failing(self) -> AsyncIterator[Part]:
        reader = self._reader
        if reader is not None:
            if not reader.is_alive():
                yield Part.READER
            elif not self._rooms.policy.is_answered_from(reader.digest):
                yield Part.POLICY
        for part in await self._of_database():
            yield part

    async def _of_database(self) -> tuple[Part, ...]:
        store = self._rooms.store
        if not isinstance(store, SqlStore):
            return ()
        try:
            async with asyncio.timeout(_PATIENCE):
                failing = await store.probe.look(self._rooms.clock.now())
        except TimeoutError:
            store.writer.outage.begin("no_answer", "probe")
            return (Part.DATABASE,)
        store.writer.outage.end("probe")
        return tuple(Part(one) for one in failing)
