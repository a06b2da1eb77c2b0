"""The loop of every worker: what one look meets does not end it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from privacydesk.clock import MovableClock
from privacydesk.errors import UnavailableError
from privacydesk.worker import polling
from privacydesk.worker.dispatcher import DispatcherWorker
from privacydesk.worker.outbox import OutboxWorker
from privacydesk.worker.scheduled_events import ScheduledEventWorker
from privacydesk.worker.throttle import Throttle
from privacydesk.worker.webhooks import WebhookWorker

START = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_ERROR_PAUSE_SECONDS", 0.0)


class Away:
    """A database with nothing due in it that can't be read for some time."""

    def __init__(self, *, fails: int) -> None:
        self.fails = fails
        self.looked = asyncio.Event()

    async def next_due(self, *_: object, **__: object) -> datetime | None:
        if self.fails:
            self.fails -= 1
            raise UnavailableError("the database is away")
        self.looked.set()
        return None

    next_delivery = next_ticket = next_due

    async def deliveries(self, *_: object, **__: object) -> tuple[()]:
        return ()

    async def tickets(self, *_: object, **__: object) -> tuple[()]:
        return ()

    async def provisional_tickets(self, **_: object) -> Sequence[Any]:
        return ()

    async def execute_due(self, _row: object) -> None:
        raise AssertionError("nothing is due")


class Rounds:
    """A dispatcher over such a database."""

    def __init__(self, away: Away) -> None:
        self._away = away

    async def run_round(self) -> int:
        await self._away.next_due()
        return 0


class Quiet:
    """A sending of webhooks over such a database."""

    def __init__(self, queue: Away) -> None:
        self.queue = queue

    async def claim(self, **_: object) -> tuple[()]:
        return ()


@asynccontextmanager
async def running(loop: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(loop)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("which", ["outbox", "dues"])
async def test_a_look_ahead_that_fails_does_not_end_the_loop(which: str) -> None:
    away = Away(fails=2)
    some = cast("Any", away)
    clock = MovableClock(START, frozen=True)
    worker = (
        OutboxWorker(some, some, clock)
        if which == "outbox"
        else ScheduledEventWorker(some, some, some, clock)
    )
    async with running(worker.run()), asyncio.timeout(5):
        await away.looked.wait()


async def test_a_round_of_the_usher_that_fails_does_not_end_the_loop() -> None:
    away = Away(fails=2)
    async with running(DispatcherWorker(cast("Any", Rounds(away))).run()), asyncio.timeout(5):
        await away.looked.wait()


async def test_a_look_ahead_that_fails_does_not_end_the_sending_of_webhooks() -> None:
    away = Away(fails=2)
    clock = MovableClock(START, frozen=True)
    worker = WebhookWorker(cast("Any", Quiet(away)), clock, Throttle(lambda: 0))
    async with running(worker.run()), asyncio.timeout(5):
        await away.looked.wait()


async def test_a_loop_that_is_woken_and_stopped_in_one_moment_stops() -> None:
    async def look() -> float:
        return 60.0

    loop = polling.PollingLoop(look, "x")
    running = asyncio.create_task(loop.run())
    await asyncio.sleep(0.01)
    loop.wake()
    # The waking has come through by now, and the loop has not run on yet.
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(running, 5)
