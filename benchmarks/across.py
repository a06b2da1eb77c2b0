"""Measures how long a message takes from one process to a viewer of another, on one PostgreSQL.

    python benchmarks/across.py [--url postgresql://desk@/desk] [--messages 300] [--pairs 8]
    python benchmarks/across.py --staff [--messages 100] [--pairs 8]

Two ``privacydesk serve`` share the database, which must be empty or migrated; without ``--url``, a
server is started for it, with ``fsync`` on. Of each pair, one
client writes to the first process and the other one watches the same conversation at the second.
The time runs from the answer that the writer sees to the same event at the watcher.

With ``--staff``, the writers are agents who reply in the console of the first process, and the time
runs from the sending of their form. The goal: 99 of 100 within 100 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.agent_screen import JSON, Screen, add_agent, owner_seen, screen_session
from benchmarks.databases import postgresql_database
from benchmarks.servers import ROOT, Server, desk_environment, desk_in

GOAL = 0.1
"""Seconds within which 99 of 100 events are to be seen."""
_PAUSE = 0.2
"""The mean pause between two messages of a client, in seconds."""
_PATIENCE = 30.0
_EVER = 10**9
_SETTLE = 1.0
"""Seconds until a user has seen that an agent has come."""


@dataclass(slots=True)
class Client:
    """A client of one process.

    Attributes:
        secret: opens the conversation elsewhere.
        arrived: by offset, when the event arrived.
    """

    socket: ClientWebSocketResponse
    secret: str = ""
    prompt: int = 0
    head: int = 0
    arrived: dict[int, float] = field(default_factory=dict)

    @classmethod
    async def connect(cls, session: ClientSession, server: Server, secret: str = "") -> Self:
        """Open a new conversation, or the one of a secret, and read what it holds."""
        url = f"ws://127.0.0.1:{server.port}/chat/v1/socket"
        client = cls(await session.ws_connect(url), secret)
        hello = {"type": "hello", "languages": "zh-CN"} | ({"secret": secret} if secret else {})
        await client.socket.send_json(hello)
        await client.read_until(2)
        return client

    async def read_until(self, offset: int) -> None:
        """Read frames until an event with this offset, or a later one, has arrived."""
        while self.head < offset:
            frame: dict[str, Any] = await self.socket.receive_json(timeout=_PATIENCE)
            now = time.perf_counter()
            self.secret = frame.get("secret") or self.secret
            self.prompt = (frame.get("view") or {}).get("prompt") or self.prompt
            for event in frame.get("events", ()):
                self.arrived.setdefault(event["offset"], now)
                self.head = max(self.head, event["offset"])


async def _talk(
    session: ClientSession, servers: tuple[Server, Server], messages: int
) -> list[float]:
    writer = await Client.connect(session, servers[0])
    watcher = await Client.connect(session, servers[1], writer.secret)
    for count in range(messages):
        await asyncio.sleep(random.uniform(0, 2 * _PAUSE))
        before = writer.head
        await writer.socket.send_json(
            {"type": "send", "text": "你好", "id": f"m{count}", "offset": writer.prompt}
        )
        await asyncio.gather(writer.read_until(before + 2), watcher.read_until(before + 2))
    return [watcher.arrived[at] - writer.arrived[at] for at in writer.arrived if at > 2]


async def measure(servers: tuple[Server, Server], pairs: int, messages: int) -> list[float]:
    """Return the seconds that each event took from its writer's screen to the watcher's."""
    async with ClientSession() as session:
        talks = await asyncio.gather(*(_talk(session, servers, messages) for _ in range(pairs)))
    return [seconds for talk in talks for seconds in talk]


@dataclass(slots=True)
class Case:
    """A conversation on an agent's screen, and the user elsewhere."""

    screen: Screen
    user: Client
    address: str
    owner_seen: str

    @classmethod
    async def open(cls, screen: Screen, user: Client, opened: set[str]) -> Self:
        """Have a user ask for a person, and an agent open the conversation.

        Args:
            screen: the agent's.
            user: the user.
            opened: the conversations that agents have opened so far.
        """
        frame = {"type": "choose", "id": "person", "offset": 0, "choice": "desk:human"}
        await user.socket.send_json(frame)
        name = await screen.newest(opened)
        opened.add(name)
        address = f"/console/conversations/{name}"
        return cls(screen, user, address, owner_seen(await screen.get(address)))

    async def reply(self, messages: int) -> list[float]:
        """Reply again and again; return how long each took to the user, in seconds."""
        reading = asyncio.create_task(self.user.read_until(_EVER))
        # The first one takes the conversation over.
        await self._send("hello", take="yes")
        await asyncio.sleep(_SETTLE)
        self.owner_seen = owner_seen(await self.screen.get(self.address))
        times = []
        for count in range(messages):
            await asyncio.sleep(random.uniform(0, 2 * _PAUSE))
            awaited, sent_at = self.user.head + 1, time.perf_counter()
            await self._send(f"r{count}")
            async with asyncio.timeout(_PATIENCE):
                while self.user.head < awaited:  # noqa: ASYNC110 - another task reads
                    await asyncio.sleep(0.001)
            times.append(self.user.arrived[awaited] - sent_at)
        reading.cancel()
        return times

    async def _send(self, job: str, **more: str) -> None:
        """Send the form as the console's script does."""
        form = {
            "form_token": self.screen.token, "owner_seen": self.owner_seen, "job": job,
            "text": f"This is answer {job}.", **more,
        }  # fmt: skip
        url = f"{self.screen.address}{self.address}/reply"
        async with self.screen.session.post(url, data=form, headers=JSON) as answer:
            if not answer.ok:
                raise RuntimeError(f"a reply was refused: {await answer.text()}")


async def measure_staff(servers: tuple[Server, Server], pairs: int, messages: int) -> list[float]:
    """Return the seconds from the sending of each reply until its user saw it."""
    cases: list[Case] = []
    async with AsyncExitStack() as opened:
        users = await opened.enter_async_context(ClientSession())
        conversations = set[str]()
        for number in range(pairs):
            temporary = await asyncio.to_thread(add_agent, servers[0], f"agent-{number}")
            session = await opened.enter_async_context(screen_session())
            screen = Screen(session, f"http://127.0.0.1:{servers[0].port}")
            await screen.sign_in(f"agent-{number}", temporary)
            user = await Client.connect(users, servers[1])
            cases.append(await Case.open(screen, user, conversations))
        replies = await asyncio.gather(*(case.reply(messages) for case in cases))
    return [seconds for one in replies for seconds in one]


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--url", default="", help="a PostgreSQL database of its own")
    parser.add_argument("--messages", type=int, default=100, help="by each writer")
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--staff", action="store_true", help="agents write, users watch")
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="privacydesk-") as folder,
        postgresql_database(args.url) as database,
    ):
        env = desk_environment(Path(folder)) | {"PRIVACYDESK_DATABASE_URL": database}
        subprocess.run(
            [sys.executable, "-m", "privacydesk", "db", "upgrade"], env=env, cwd=ROOT, check=True
        )
        with desk_in(env, "standard") as first, desk_in(env, "standard") as second:
            seen = measure_staff if args.staff else measure
            taken = asyncio.run(seen((first, second), args.pairs, args.messages))
    hundredths = statistics.quantiles(taken, n=100)
    print(
        f"{len(taken)} events: p50 {hundredths[49] * 1e3:.1f} ms,"
        f" p99 {hundredths[98] * 1e3:.1f} ms, most {max(taken) * 1e3:.1f} ms"
    )
    met = hundredths[98] <= GOAL
    print(f"  {'met   ' if met else 'MISSED'}  99 of 100 within {GOAL * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
