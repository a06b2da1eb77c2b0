"""What becomes of people while the program that understands them is not there."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from tests.common.kill_server import KillableServer, environment, open_outside
from tests.common.stories import token_for

from privacydesk.clock import MovableClock

_PROGRAM = b"understanding/program.py"


def programs(parent: int) -> list[int]:
    """Return the programs that understand, of a server."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            mine = (process / "stat").read_text("ascii").rpartition(")")[2].split()[1]
            runs = (process / "cmdline").read_bytes()
        except (OSError, IndexError):
            continue
        if mine == str(parent) and _PROGRAM in runs:
            found.append(int(process.name))
    return found


class Person:
    """Somebody who talks over HTTP."""

    def __init__(self, client: aiohttp.ClientSession, name: str) -> None:
        clock = MovableClock(datetime.now(UTC), frozen=True)
        self._client = client
        self.headers = {"Authorization": f"Bearer {token_for(name, clock, 'zh-Hans')}"}
        self._said = 0
        self._epoch = ""

    async def begin(self) -> None:
        """Open the chat."""
        async with self._client.post("/chat/v1/session", json={}, headers=self.headers) as answer:
            self._epoch = (await answer.json())["epoch"]

    async def says(self, text: str) -> str:
        """Say something; return what the desk says to it."""
        return await self._do(type="send", text=text)

    async def taps(self, choice: str) -> str:
        """Tap a button of the page; return what the desk says to it."""
        return await self._do(type="choose", choice=choice, offset=0)

    async def _do(self, **frame: Any) -> str:
        self._said += 1
        frame["id"] = f"m{self._said}"
        url = "/chat/v1/messages"
        async with self._client.post(url, json=frame, headers=self.headers) as answer:
            assert answer.status == 200, await answer.text()
        at = {"epoch": self._epoch, "after": "0"}
        async with self._client.get("/chat/v1/events", params=at, headers=self.headers) as answer:
            events = (await answer.json())["events"]
        (mine,) = [at for at, event in enumerate(events) if event.get("id") == frame["id"]]
        return "\n".join(event.get("text", "") for event in events[mine + 1 :])


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[tuple[aiohttp.ClientSession, int]]:
    """Serve a desk; give a client of it and its process, of which nothing is left at the end."""
    async with open_outside() as outside:
        server = KillableServer(environment(folder / "data", outside))
        await server.start()
        assert server._process is not None
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{server.port}") as client:
                yield client, server._process.pid
        finally:
            await server.kill()
        async with asyncio.timeout(10):
            while programs(server._process.pid):  # noqa: ASYNC110 - another process ends
                await asyncio.sleep(0.05)


async def test_people_are_understood_though_the_program_is_killed_again_and_again(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as (client, desk):
        person = Person(client, "u-1001")
        await person.begin()
        for wish, word in (("我要导出我的数据", "副本"), ("算了，注销账号", "注销")):
            (program,) = programs(desk)
            os.kill(program, signal.SIGSTOP)
            saying = asyncio.create_task(person.says(wish))
            await asyncio.sleep(0.3)
            # It has the message and will never answer.
            os.kill(program, signal.SIGKILL)
            said = await asyncio.wait_for(saying, 30)
            assert word in said


async def test_buttons_work_while_nothing_can_be_understood(tmp_path: Path) -> None:
    async with served(tmp_path) as (client, desk):
        person, other = Person(client, "u-1001"), Person(client, "u-1002")
        await person.begin()
        (program,) = programs(desk)
        os.kill(program, signal.SIGSTOP)
        waiting = asyncio.create_task(person.says("我要导出我的数据"))
        await asyncio.sleep(0.1)
        await other.begin()
        await asyncio.wait_for(other.taps("desk:menu"), 5)
        assert not waiting.done()
        os.kill(program, signal.SIGCONT)
        assert "副本" in await asyncio.wait_for(waiting, 30)
