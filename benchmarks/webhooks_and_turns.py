"""Measures how much webhooks slow down turns, and the webhooks per second during that.

    python benchmarks/webhooks_and_turns.py [--rounds 3] [--seconds 4] [--tickets 10000]

One ``privacydesk serve`` does both; the receiver and the load generator are processes of their own.
Each round measures turns without webhooks, and then while webhooks wait: with conversations in a
closed loop, and with pauses, which leave the desk idle for two thirds of its time.
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
"""The number of events per ticket."""

Figures = dict[str, float]


def run_load(server: Server, pause: float, seconds: float) -> Figures:
    """Run the load generator; return turns per second and latencies in milliseconds."""
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
    """Create a database with events that wait for a receiver."""
    settings = load_settings()
    upgrade(settings.url)
    async with SqlStore(settings.url, KeyRing(*settings.keys()), SystemClock()) as store:
        endpoints = Endpoints(
            store.webhook_store, LOOPBACK.check, SecureIdGenerator(), SystemClock()
        )
        await endpoints.add(f"http://127.0.0.1:{port}/0", by="operator")
        if tickets:
            await fill(store, tickets, _CHANGES)


async def waiting_count() -> int:
    """Return the number of waiting events."""
    settings = load_settings()
    async with SqlStore(settings.url, KeyRing(*settings.keys()), SystemClock()) as store:
        return sum(endpoint.waiting for endpoint in await store.webhook_store.endpoints())


def one_round(pause: float, seconds: float, tickets: int) -> tuple[Figures, Figures]:
    """Return the figures without and with waiting webhooks."""
    results: list[Figures] = []
    for wait in (0, tickets):
        parent_pipe, child_pipe = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        receiver = context.Process(target=receive, args=(child_pipe,), kwargs={"fast": True})
        receiver.start()
        with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
            env = desk_environment(Path(folder))
            env["PRIVACYDESK_WEBHOOK_NETWORKS"] = '["127.0.0.0/8"]'
            os.environ.update(env)
            asyncio.run(prepare(parent_pipe.recv(), wait))
            # With waiting webhooks the server starts to send at once and is never idle.
            with desk_in(env, "standard", settled=not wait) as server:
                before = asyncio.run(waiting_count())
                figures = run_load(server, pause, seconds)
                after = asyncio.run(waiting_count())
            parent_pipe.send("stop")
            taken = parent_pipe.recv()
            receiver.join()
        if wait and not after:
            raise RuntimeError("too few events waited: all were sent before the end")
        if wait and verdict(taken, sum(map(len, taken.values()))) != "clean":
            raise RuntimeError("events came twice or out of order")
        # Counted over the whole run of the load generator, including its warm-up.
        figures["sent"] = before - after
        results.append(figures)
    return results[0], results[1]


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
    for label, pause in PAUSES.items():
        seen: dict[str, list[Figures]] = defaultdict(list)
        for _ in range(options.rounds):
            without, during = one_round(pause, options.seconds, options.tickets)
            seen["nothing to send"].append(without)
            seen["while sending"].append(during)
        medians = {
            name: {key: statistics.median(figures[key] for figures in many) for key in many[0]}
            for name, many in seen.items()
        }
        for name, figures in medians.items():
            print(
                f"{label:29} {name:15} {figures['turns']:8.0f} {figures['p50']:8.2f}"
                f" {figures['p99']:8.2f}"
                f" {figures['sent'] / figures['elapsed']:9.0f}"
            )
        without, during = medians["nothing to send"], medians["while sending"]
        slower = 1 - during["turns"] / without["turns"]
        longer = during["p50"] / without["p50"] - 1
        print(f"{'':29} turns lost {slower:.0%}, p50 longer by {longer:.0%}", flush=True)


if __name__ == "__main__":
    main()
