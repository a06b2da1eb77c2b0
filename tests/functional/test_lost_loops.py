"""A part of a process that serves stops for good: it is noticed, and the process ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest
from structlog.testing import capture_logs
from tests.common.stories import World, open_world

from privacydesk.app import Services
from privacydesk.app.process import run_server
from privacydesk.errors import DeskError

Run = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


class Stand:
    """Stands where a worker is, and runs as a test says."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def loops(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        yield "outbox", self._run()

    async def reset_excessive_delays(self) -> None:
        """Find nothing."""


def with_worker(world: World, run: Run) -> Services:
    settings = world.services.settings.model_copy(update={"port": 0})
    return replace(world.services, settings=settings, worker=cast("Any", Stand(run)))


async def _raises() -> None:
    raise RuntimeError("what nobody thought of")


async def _returns() -> None:
    return


async def _is_cancelled() -> None:
    raise asyncio.CancelledError


async def status(port: int) -> int:
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{port}/healthz") as answer,
    ):
        return answer.status


async def serve_until_failed(services: Services, told: list[int]) -> None:
    """Serve as a command does, and note how it stands just before the end."""
    failed = asyncio.Event()
    async with run_server(services, on_failure=failed.set) as port, asyncio.timeout(30):
        await failed.wait()
        told.append(await status(port))


@pytest.mark.parametrize(
    ("run", "told"),
    [(_raises, "RuntimeError"), (_returns, "returned"), (_is_cancelled, "cancelled")],
)
async def test_a_loop_that_ends_by_itself_ends_the_process(
    world: World, run: Run, told: str
) -> None:
    told_by: list[int] = []
    with capture_logs() as logs, pytest.raises(DeskError, match="had ended: outbox"):
        await serve_until_failed(with_worker(world, run), told_by)
    (lost,) = [one for one in logs if one["log_level"] == "critical"]
    assert (lost["event"], lost["loop"], lost["error"]) == ("loop_ended", "outbox", told)
    assert told_by == [503]


async def test_what_a_loop_meets_while_it_is_stopped_keeps_nothing_else_open(
    world: World,
) -> None:
    begun = asyncio.Event()

    async def run() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            await _raises()

    async with run_server(with_worker(world, run)) as port, asyncio.timeout(30):
        await begun.wait()
        assert await status(port) == 200
    with pytest.raises(aiohttp.ClientConnectionError):
        await status(port)
