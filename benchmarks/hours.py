"""Hours of mixed load: whether memory, tables and times stay as they are.

    python benchmarks/hours.py [--minutes 120] [--every 5] [--pause 1.6] [--out hours.jsonl]

Half of the messages that 32 people send are sentences of the corpus's test set, each with a number
of its own, so that no reading is kept; the others are taps. Each person leaves after 30 turns, and
somebody else comes. Beside them eight people file requests again and again, with codes and
decisions of the account service; a program reads tickets and the event log, and a webhook endpoint
takes every event. A line is printed every few minutes.

The goal: in the second half, memory grows by five per cent at most. The p99 of each line is
printed, and which tables grow; those with rows for messages, requests and events are meant to.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load import ChatClient, Tally, connect
from benchmarks.reading import unseen
from benchmarks.servers import UNLIMITED, Server
from tests.common.faulty_clock import FaultyClock
from tests.common.faulty_network import FaultyNetwork
from tests.common.kill_client import Client
from tests.common.kill_rounds import ACCOUNTS
from tests.common.kill_server import KillableServer, environment, open_outside

_TALKERS = 32
_FILERS = 8
_TURNS = 30
_FILERS_PACE = (1.0, 4.0)
_MEMORY_GOAL = 1.05
_SENTENCES = 2_000


@dataclass(slots=True)
class Watch:
    """What is looked at every few minutes.

    Attributes:
        server: the desk.
        database: its file.
        tally: the turns of all who talk.
        filers: those who file requests.
        seen: events taken by the webhook endpoint, and read from the log.
    """

    server: Server
    database: Path
    tally: Tally
    filers: Sequence[Client]
    seen: Counter[str] = field(default_factory=Counter)

    def look(self, minutes: float, spent: float) -> dict[str, Any]:
        """Return the figures since the last look."""
        times, self.tally.latencies = sorted(self.tally.latencies), []
        self.tally.counts.clear()
        cuts = statistics.quantiles(times, n=100)
        return {
            "minutes": round(minutes, 1),
            "turns": len(times),
            "p50_ms": round(cuts[49] * 1e3, 1),
            "p99_ms": round(cuts[98] * 1e3, 1),
            "processor_s": round(self.server.cpu() - spent, 1),
            "resident_mb": round(self.server.resident() / 1e6, 1),
            "files": len(list(Path(f"/proc/{self.server.pid}/fd").iterdir())),
            "filed": sum(client.acknowledged for client in self.filers),
            "seen": dict(self.seen),
            "rows": rows(self.database),
        }


def rows(database: Path) -> dict[str, int]:
    """Return how many rows each table has."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        listed = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [name for (name,) in connection.execute(listed)]
        counts = ((name, f"SELECT count(*) FROM {name}") for name in names)  # noqa: S608
        return {name: connection.execute(count).fetchone()[0] for name, count in counts}


async def talk(
    port: int, number: int, sentences: Iterator[str], tally: Tally, pause: float
) -> None:
    """Have one conversation after the other."""
    await asyncio.sleep(number * pause / _TALKERS)
    while True:
        client = ChatClient(number, tally, pause, sentences, most=_TURNS)
        await connect(port, client)
        client.send_next()
        await client.done
        client.leave()


async def read(base: str, token: str, seen: Counter[str]) -> None:
    """Read tickets, the log from where it was read before, and metrics."""
    cursor = ""
    headers = {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(base, headers=headers) as session:
        while True:
            query = {"cursor": cursor} if cursor else {}
            async with session.get("/api/v1/events", params={**query, "wait": "10"}) as answer:
                assert answer.status == 200, await answer.text()
                page = await answer.json()
                cursor = page["next"]
                seen["read"] += len(page["events"])
            async with session.get("/api/v1/tickets") as answer:
                assert answer.status == 200, await answer.text()
                await answer.read()
            await asyncio.sleep(1)


async def run(folder: Path, options: argparse.Namespace) -> bool:
    """Load the desk for the time, and return whether the goals were met."""
    said = unseen(_SENTENCES)
    clock = FaultyClock(folder / "clock")
    async with open_outside() as outside:
        seen: Counter[str] = Counter()
        receiver = await take_webhooks(seen)
        env = {
            **environment(folder, outside),
            "PRIVACYDESK_NEW_CHATS_PER_MINUTE": str(UNLIMITED),
            "PRIVACYDESK_NEW_CHATS_AT_ONCE": str(int(UNLIMITED)),
            "PRIVACYDESK_WEBHOOK_NETWORKS": '["127.0.0.0/8"]',
        }
        desk = KillableServer(env, log=options.log or folder / "desk.log")
        await desk.start()
        token = await command(env, "tokens", "add", "reader", "--scope", "tickets:read",
                              "--scope", "events:read", "--json")  # fmt: skip
        await command(env, "webhooks", "add", f"http://127.0.0.1:{receiver}/", "--json")
        server = Server(desk.port, desk.pid, env)
        network = FaultyNetwork(lambda: asyncio.open_connection("127.0.0.1", desk.port))
        dice = random.Random(1)
        async with network.listening(), aiohttp.ClientSession() as session:
            filers = [
                Client(
                    number, ACCOUNTS[number] if number < len(ACCOUNTS) else "", desk, network,
                    outside, random.Random(dice.random()), clock, 30.0, pace=_FILERS_PACE,
                )
                for number in range(_FILERS)
            ]  # fmt: skip
            tally = Tally(measuring=True)
            sentences = (f"{text}（{number}）" for number, text in enumerate(itertools.cycle(said)))
            watch = Watch(server, folder / "privacydesk.db", tally, filers, seen)
            tasks = [
                *(asyncio.create_task(client.live(session)) for client in filers),
                *(
                    asyncio.create_task(talk(desk.port, n, sentences, tally, options.pause))
                    for n in range(_TALKERS)
                ),
                asyncio.create_task(read(f"http://127.0.0.1:{desk.port}", token["token"], seen)),
            ]
            try:
                looks = await watch_over(watch, tasks, options)
            finally:
                await desk.kill()
                for task in tasks:
                    task.cancel()
    return verdict(looks)


async def watch_over(
    watch: Watch, tasks: Sequence[asyncio.Task[None]], options: argparse.Namespace
) -> list[Mapping[str, Any]]:
    """Look every few minutes; ends early if a task fails."""
    looks: list[Mapping[str, Any]] = []
    began = time.monotonic()
    while time.monotonic() - began < options.minutes * 60:
        spent = watch.server.cpu()
        done, _ = await asyncio.wait(
            tasks, timeout=options.every * 60, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            task.result()
        assert not watch.tally.errors, watch.tally.errors[:3]
        look = watch.look((time.monotonic() - began) / 60, spent)
        looks.append(look)
        print(json.dumps({name: one for name, one in look.items() if name != "rows"}), flush=True)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(look) + "\n")
    return looks


async def take_webhooks(seen: Counter[str]) -> int:
    """Take webhooks on a free port, and return it."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        seen["webhooks"] += 1
        return web.Response()

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port: int = runner.addresses[0][1]
    return port


async def command(env: Mapping[str, str], *arguments: str) -> dict[str, Any]:
    """Run a command of the desk, and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "privacydesk", *arguments, env=env, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    result: dict[str, Any] = json.loads(printed)
    return result


def verdict(looks: Sequence[Mapping[str, Any]]) -> bool:
    """Print what grew, and return whether memory stayed within the goal in the second half."""
    half = looks[len(looks) // 2 :]
    memory = [look["resident_mb"] for look in half]
    ratio = memory[-1] / memory[0]
    first, last = looks[0]["rows"], looks[-1]["rows"]
    turns = sum(look["turns"] for look in looks[1:])
    for name in sorted(last, key=lambda name: first.get(name, 0) - last[name]):
        if grown := last[name] - first.get(name, 0):
            print(f"{name:28} {last[name]:>9,}   {grown / turns:+.4f} a turn")
    met: bool = ratio <= _MEMORY_GOAL
    print(f"p99 ms: {', '.join(str(look['p99_ms']) for look in looks)}")
    print(f"{'met   ' if met else 'MISSED'} memory {ratio:.3f} (≤ {_MEMORY_GOAL})")
    return met


def main() -> None:
    """Run the benchmark; the exit status is 0 if the goal was met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--every", type=float, default=5, help="minutes between two lines")
    parser.add_argument("--pause", type=float, default=1.6, help="seconds between two messages")
    parser.add_argument("--log", type=Path, help="the file for the desk's errors")
    parser.add_argument("--out", type=Path, default=Path("hours.jsonl"), help="gets all figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hours-") as folder:
        sys.exit(0 if asyncio.run(run(Path(folder), options)) else 1)


if __name__ == "__main__":
    main()
