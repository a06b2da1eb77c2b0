"""Several processes serve one port: what becomes of users when one of them dies, or all stop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from tests.common import postgresql
from tests.common.kill_server import KillableServer, environment, open_outside
from tests.common.stories import open_world
from tests.functional.test_outages import Talker

from privacydesk.app.process import run_server

pytestmark = pytest.mark.by_turns(2)

WORKERS = 2


def _workers(parent: int) -> set[int]:
    """Return the processes that a process has started, as far as they run."""
    found = set()
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError):
            fields = (process / "stat").read_text("ascii").rpartition(")")[2].split()
            if fields[1] == str(parent) and fields[0] != "Z":
                found.add(int(process.name))
    return found


def _run(processes: set[int]) -> bool:
    """Tell whether any of these processes is still there."""
    return any(Path(f"/proc/{one}").exists() for one in processes)


@asynccontextmanager
async def _serving(
    folder: Path, database: postgresql.Server, **more: str
) -> AsyncIterator[KillableServer]:
    async with open_outside() as outside:
        env = {
            **environment(folder, outside),
            "PRIVACYDESK_DATABASE_URL": database.database(),
            **more,
        }
        server = KillableServer(env, arguments=("--workers", str(WORKERS)))
        try:
            await server.start()
            yield server
        finally:
            await server.kill()


async def _say(url: str, talkers: list[Talker], name: str) -> None:
    """Have each say something, again until it is acknowledged, wherever they are connected."""
    for talker in talkers:
        frame = {"type": "choose", "id": name, "choice": "desk:menu", "offset": 0}
        while True:
            # A new connection for each, so that they come to all processes.
            async with aiohttp.ClientSession(url) as talker.client:
                with contextlib.suppress(aiohttp.ClientError):
                    await talker.send(frame)
                    break
            await asyncio.sleep(0.1)


async def test_a_process_that_dies_is_replaced_and_all_stop_together(
    tmp_path: Path, postgresql_server: postgresql.Server
) -> None:
    async with _serving(tmp_path, postgresql_server) as server, asyncio.timeout(120):
        url = f"http://127.0.0.1:{server.port}"
        first = _workers(server.pid)
        assert len(first) == WORKERS
        talkers = []
        for number in range(1, 9):
            async with aiohttp.ClientSession(url) as client:
                talkers.append(Talker(client, f"u-10{number:02}"))
                await talkers[-1].begin()
        await _say(url, talkers, "before")
        os.kill(min(first), signal.SIGKILL)
        await _say(url, talkers, "meanwhile")
        while len(_workers(server.pid) - first) < 1:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
        await _say(url, talkers, "after")
        for talker in talkers:
            async with aiohttp.ClientSession(url) as talker.client:
                said = [one["id"] for one in await talker.log() if "id" in one]
            assert said == ["before", "meanwhile", "after"]
        workers = _workers(server.pid)
        assert len(workers) == WORKERS
        assert await server.stop() == 0
        assert not _run(workers)


async def test_processes_do_not_outlive_the_one_that_started_them(
    tmp_path: Path, postgresql_server: postgresql.Server
) -> None:
    async with _serving(tmp_path, postgresql_server) as server, asyncio.timeout(60):
        workers = _workers(server.pid)
        await server.kill()
        while _run(workers):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


def _consecutive_ports() -> int:
    """Return a free port that is followed by another one."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port: int = first.getsockname()[1]
            with contextlib.suppress(OSError, OverflowError):
                socket.create_server(("127.0.0.1", port + 1)).close()
                return port


async def test_each_process_answers_prometheus_on_a_port_of_its_own(
    tmp_path: Path, postgresql_server: postgresql.Server
) -> None:
    port = _consecutive_ports()
    metrics = {"PRIVACYDESK_METRICS_PORT": str(port)}
    async with _serving(tmp_path, postgresql_server, **metrics), asyncio.timeout(60):
        for place in range(WORKERS):
            url = f"http://127.0.0.1:{port + place}/metrics"
            async with aiohttp.ClientSession() as client, client.get(url) as answer:
                text = await answer.text()
            assert "privacydesk_queue_length 0.0" in text
            assert "privacydesk_reader_process_resident_memory_bytes" in text


@pytest.mark.sqlite("one process serves its file")
async def test_a_file_is_served_by_one_process_alone(tmp_path: Path) -> None:
    async with open_outside() as outside:
        server = KillableServer(environment(tmp_path, outside), arguments=("--workers", "2"))
        with pytest.raises(AssertionError, match="did not start"):
            await server.start()
        assert await server.ended() == 2


async def test_while_it_stops_balancers_are_told_and_users_served(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world, aiohttp.ClientSession() as client:
        settings = world.services.settings.model_copy(update={"port": 0, "drain_seconds": 5.0})
        services = replace(world.services, settings=settings)

        async def ready(port: int) -> int:
            async with client.get(f"http://127.0.0.1:{port}/readyz") as answer:
                return answer.status

        async def serve(stop: asyncio.Event, told: asyncio.Future[int]) -> None:
            async with run_server(services) as port:
                told.set_result(port)
                await stop.wait()

        stop, told = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(serve(stop, told))
        port = await told
        async with asyncio.timeout(30):
            while await ready(port) != 200:  # noqa: ASYNC110 - as a balancer does
                await asyncio.sleep(0.05)
            stop.set()
            while await ready(port) != 503:  # noqa: ASYNC110 - as a balancer does
                await asyncio.sleep(0.05)
        async with client.get(f"http://127.0.0.1:{port}/chat/") as page:
            assert page.status == 200
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
