"""Measures how long a message takes from one process to a viewer of another, on one PostgreSQL.

    python benchmarks/across.py --url postgresql://desk@/desk --messages 300 --pairs 8

Two ``privacydesk serve`` share the database, which must be empty or migrated. Of each pair, one
client writes to the first process and the other one watches the same conversation at the second.
The time runs from the answer that the writer sees to the same event at the watcher.
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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientSession, ClientWebSocketResponse

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.servers import ROOT, Server, desk_environment, desk_in

_PAUSE = 0.2
"""The mean pause between two messages of a client, in seconds."""
_PATIENCE = 30.0


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


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="a PostgreSQL database of its own")
    parser.add_argument("--messages", type=int, default=100, help="by each writer")
    parser.add_argument("--pairs", type=int, default=8)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
        env = desk_environment(Path(folder)) | {"PRIVACYDESK_DATABASE_URL": args.url}
        subprocess.run(
            [sys.executable, "-m", "privacydesk", "db", "upgrade"], env=env, cwd=ROOT, check=True
        )
        with desk_in(env, "standard") as first, desk_in(env, "standard") as second:
            taken = asyncio.run(measure((first, second), args.pairs, args.messages))
    hundredths = statistics.quantiles(taken, n=100)
    print(
        f"{len(taken)} events: p50 {hundredths[49] * 1e3:.1f} ms,"
        f" p99 {hundredths[98] * 1e3:.1f} ms, most {max(taken) * 1e3:.1f} ms"
    )


if __name__ == "__main__":
    main()
