"""How much turns lose while webhooks are sent, and how quickly these go out meanwhile.

    python benchmarks/webhooks_and_turns.py [--rounds 3] [--seconds 4] [--tickets 10000]

One ``privacydesk serve`` does both; the receiver and those who talk are processes of their own. In
each round people talk while nothing is to be sent, and then while events wait: once as fast as they
are answered, and once with pauses, which leaves the desk two thirds of its time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.servers import ROOT, Server, desk_environment, desk_in, environment
from benchmarks.webhooks import LOOPBACK, fill, receive, verdict

from privacydesk.clock import SystemClock
from privacydesk.services.webhooks.endpoints import Endpoints
from privacydesk.settings import load_settings
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.schema import upgrade
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

CONVERSATIONS = 32
PAUSES = {"as fast as they are answered": 0.0, "with pauses": 0.02}
"""Seconds between an answer and the next message."""
_CHANGES = 4
"""Events of a ticket."""

Figures = dict[str, float]


def talk(server: Server, pause: float, seconds: float) -> Figures:
    """Have people talk; return turns a second and latencies in milliseconds."""
    command = [
        sys.executable, "-m", "benchmarks.load", "--port", str(server.port), "--pause", str(pause),
        "--conversations", str(CONVERSATIONS), "--seconds", str(seconds),
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603 - our own program
        command, env=environment(), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    figures: Figures = json.loads(done.stdout)
    return figures


async def prepare(port: int, tickets: int) -> None:
    """Make a database in which events wait for a receiver."""
    settings = load_settings()
    upgrade(settings.url)
    async with SqlStore(settings.url, KeyRing(*settings.keys()), SystemClock()) as store:
        endpoints = Endpoints(
            store.webhook_store, LOOPBACK.check, SecureIdGenerator(), SystemClock()
        )
        await endpoints.add(f"http://127.0.0.1:{port}/0", by="operator")
        if tickets:
            await fill(store, tickets, _CHANGES)


async def waiting() -> int:
    """Return how many events wait."""
    settings = load_settings()
    async with SqlStore(settings.url, KeyRing(*settings.keys()), SystemClock()) as store:
        return sum(one.waiting for one in await store.webhook_store.endpoints())


def one_round(pause: float, seconds: float, tickets: int) -> tuple[Figures, Figures]:
    """Return the figures without anything to send, and with."""
    found: list[Figures] = []
    for wait in (0, tickets):
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        receiver = context.Process(target=receive, args=(there,), kwargs={"fast": True})
        receiver.start()
        with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
            env = desk_environment(Path(folder))
            env["PRIVACYDESK_WEBHOOK_NETWORKS"] = '["127.0.0.0/8"]'
            os.environ.update(env)
            asyncio.run(prepare(here.recv(), wait))
            # What waits is sent from the first moment on, so this one does not come to rest.
            with desk_in(env, "standard", settled=not wait) as server:
                before = asyncio.run(waiting())
                figures = talk(server, pause, seconds)
                after = asyncio.run(waiting())
            here.send("stop")
            taken = here.recv()
            receiver.join()
        if wait and not after:
            raise RuntimeError("too few events waited: all were sent before the end")
        if wait and verdict(taken, sum(map(len, taken.values()))) != "clean":
            raise RuntimeError("events came twice or out of order")
        # The load warms up for a second, and opens its conversations before.
        figures["sent"] = before - after
        found.append(figures)
    return found[0], found[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--tickets", type=int, default=5_000)
    options = parser.parse_args()
    print(f"{CONVERSATIONS} conversations; medians of {options.rounds} rounds")
    print("                                             turns/s   p50 ms   p99 ms  events/s")
    for how, pause in PAUSES.items():
        seen: dict[str, list[Figures]] = defaultdict(list)
        for _ in range(options.rounds):
            alone, beside = one_round(pause, options.seconds, options.tickets)
            seen["nothing to send"].append(alone)
            seen["while sending"].append(beside)
        medians = {
            name: {key: statistics.median(one[key] for one in many) for key in many[0]}
            for name, many in seen.items()
        }
        for name, found in medians.items():
            print(
                f"{how:29} {name:15} {found['turns']:8.0f} {found['p50']:8.2f} {found['p99']:8.2f}"
                f" {found['sent'] / found['elapsed']:9.0f}"
            )
        alone, beside = medians["nothing to send"], medians["while sending"]
        slower = 1 - beside["turns"] / alone["turns"]
        longer = beside["p50"] / alone["p50"] - 1
        print(f"{'':29} turns lost {slower:.0%}, p50 longer by {longer:.0%}", flush=True)


if __name__ == "__main__":
    main()
