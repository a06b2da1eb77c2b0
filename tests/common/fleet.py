"""Processes of one desk that are exchanged, one for another, while people write."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Self

from tests.common.stories import Player, World, reader, understanding

from privacydesk.app import ExternalServices, open_services
from privacydesk.domain.events import Sender
from privacydesk.settings import Settings

Connect = Callable[[World, Settings], AbstractAsyncContextManager[ExternalServices]]


@asynccontextmanager
async def twins(world: World, _: Settings) -> AsyncIterator[ExternalServices]:
    """Give the outside services of the world itself to a process."""
    yield ExternalServices(world.accounts, world.codes)


@dataclass
class _Process:
    world: World
    closing: AsyncExitStack
    turns: int = 0


@dataclass
class Fleet:
    """Processes that serve one database at the same time.

    Attributes:
        world: gives the database, the clock and the people; nobody writes there.
        connect: connects a process with the outside, as its settings say.
        turned: told of each turn that ends.
    """

    world: World
    connect: Connect = twins
    _running: list[_Process] = field(default_factory=list)
    turned: asyncio.Condition = field(default_factory=asyncio.Condition)
    _turns: Iterator[int] = field(default_factory=itertools.count)

    async def start(self, **settings: Any) -> World:
        """Start another process, with other settings."""
        told = self.world.services.settings.model_copy(update=settings)
        profile = self.world.services.profile
        async with AsyncExitStack() as stack:
            services = await stack.enter_async_context(
                open_services(
                    told,
                    await stack.enter_async_context(self.connect(self.world, told)),
                    profile=profile,
                    clock=self.world.clock,
                    understanding=understanding(told.data_dir, profile, reader),
                )
            )
            started = _Process(replace(self.world, services=services), stack.pop_all())
        self._running.append(started)
        return started.world

    async def exchange(self, **settings: Any) -> None:
        """Exchange each process for one with other settings: for a while, both kinds serve."""
        for _ in range(len(self._running)):
            await self.start(**settings)
            await self.stop()

    async def stop(self) -> None:
        """Stop the oldest process, once the turns that it has begun are done."""
        oldest = self._running.pop(0)
        async with self.turned:
            await self.turned.wait_for(lambda: not oldest.turns)
        await oldest.closing.aclose()

    async def __aenter__(self) -> Self:
        """Start with two processes, as the world's settings say."""
        for _ in range(2):
            await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop all processes."""
        while self._running:
            await self.stop()

    @asynccontextmanager
    async def process(self) -> AsyncIterator[World]:
        """Give the process that serves the next turn: each in its turn."""
        chosen = self._running[next(self._turns) % len(self._running)]
        chosen.turns += 1
        try:
            yield chosen.world
        finally:
            chosen.turns -= 1
            async with self.turned:
                self.turned.notify_all()


_words = itertools.count()
"""Numbers what is written, so that nothing is written twice."""


@dataclass
class Writers:
    """People who write without a pause, each time from a newly opened chat of any process."""

    fleet: Fleet
    players: Mapping[str, Player]
    said: Mapping[str, list[str]]

    async def more(self, turns: int = 2) -> None:
        """Wait until everybody has written some more."""
        goal = {name: len(said) + turns for name, said in self.said.items()}
        async with self.fleet.turned:
            await self.fleet.turned.wait_for(
                lambda: all(len(self.said[name]) >= count for name, count in goal.items())
            )

    async def write(self, name: str, stop: asyncio.Event) -> None:
        player, said = self.players[name], self.said[name]
        while not stop.is_set():
            async with self.fleet.process() as player.world:
                words = f"word {next(_words)}"
                await player.open()
                await player.do("say", text=words, offset=0)
                said.append(words)

    def check(self) -> None:
        """Fail unless everything was kept once, in order."""
        for name, said in self.said.items():
            own = [one.text for one in self.players[name].events if one.sender is Sender.USER]
            assert own[-len(said) :] == said, name
            assert len(set(own)) == len(own), name


@asynccontextmanager
async def writing(fleet: Fleet, players: Mapping[str, Player]) -> AsyncIterator[Writers]:
    """Have people write until the block ends; fail if anything was refused, lost or doubled."""
    writers = Writers(fleet, players, {name: [] for name in players})
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for name in players:
            group.create_task(writers.write(name, stop))
        yield writers
        await writers.more()
        stop.set()
    writers.check()
