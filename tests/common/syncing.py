"""What tests with real ticketing systems have in common: requests, and rounds in a process."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.common.stories import PEOPLE, ROOT, Player, World

from privacydesk.domain.ticket import Ticket
from privacydesk.storage.store import SqlStore

_LOOKS = 100
"""How often it is looked whether all is brought over, some seconds apart."""


@dataclass
class Worker:
    """A process that does rounds, and can be killed."""

    folder: Path
    rounds: int = 0
    turned: asyncio.Condition = field(default_factory=asyncio.Condition)
    _process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.common.sync_worker", str(self.folder),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        async with asyncio.timeout(120):
            assert await self._process.stdout.readline() == b"ready\n"
        self._reading = asyncio.create_task(self._read(self._process.stdout))

    async def _read(self, out: asyncio.StreamReader) -> None:
        while line := await out.readline():
            if line.startswith(b"round") and line != b"round None\n":
                async with self.turned:
                    self.rounds += 1
                    self.turned.notify_all()

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGKILL)
            await self._process.wait()
        if self._reading is not None:
            await self._reading

    async def done(self, rounds: int) -> None:
        """Wait until so many more rounds are over."""
        wanted = self.rounds + rounds
        async with asyncio.timeout(120), self.turned:
            await self.turned.wait_for(lambda: self.rounds >= wanted)


async def settle(worker: Worker, world: World, system: str) -> None:
    """Wait until each link was brought over after the last kill.

    What failed while a side was dead waits, longer each time, so no number of rounds suffices.
    """
    store = world.services.store
    assert isinstance(store, SqlStore)
    for _ in range(_LOOKS):
        # One of two rounds has begun after whatever happened before.
        await worker.done(2)
        counts = await store.ticketing_link_store.counts(system)
        if not (counts.failing or counts.gone or counts.waiting):
            await worker.done(2)
            return
    raise AssertionError(f"not all is brought over: {counts}")


async def file(world: World, person: str) -> tuple[Player, Ticket]:
    player = Player(world, world.people[PEOPLE[person]], "en")
    await player.start()
    for step in (
        {"choose": "consent_withdrawal"}, {"choose": "marketing"}, {"choose": "yes"},
    ):  # fmt: skip
        await player.step(step)
    (ticket,) = await player.tickets()
    return player, ticket
