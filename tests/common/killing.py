"""Killing two sides at random moments, for tests of what comes of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol


class Killable(Protocol):
    """A process that can be killed and started again."""

    async def kill(self) -> None:
        """SIGKILL it and wait until it is gone."""

    async def start(self) -> None:
        """Start it, and wait until it answers."""


async def kill_again_and_again(
    worker: Killable, site: Killable, chance: random.Random, *, times: int, longest: float
) -> None:
    """Kill the desk's worker and the other side, now one, now the other, now both.

    Args:
        worker: started last, as it looks for the other side at once.
        site: the other side.
        chance: when.
        times: how often.
        longest: seconds between two kills at most.
    """
    for time in range(times):
        # From the moment at which it begins to work: most of what a round does lies within.
        await asyncio.sleep(chance.uniform(0.05, longest))
        victims: list[Callable[[], Awaitable[None]]] = [worker.kill, site.kill]
        chosen = victims if time % 3 == 2 else [victims[time % 2]]
        await asyncio.gather(*(kill() for kill in chosen))
        if site.kill in chosen:
            await site.start()
        if worker.kill in chosen:
            await worker.start()
