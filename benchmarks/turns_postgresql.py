"""Measures turns on PostgreSQL: one process of the desk, two of them, and a bare server.

    python benchmarks/turns_postgresql.py [--rounds 3] [--seconds 5] [--conversations 32]

The bare server is ``benchmarks/raw.py`` with asyncpg, which must be installed: one statement and
one commit a turn. Each has a fresh database on one server with ``fsync`` on, which is on this
machine, too, like the load generator. The goals: one process makes at least as many turns as the
bare server, and two at least 1.6 times as many as one, if there is a processor for them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.databases import durable_server
from benchmarks.servers import Server, desk_environment, desk_in, raw_postgresql
from benchmarks.turns import Figures, Run, load, medians_of, print_goals
from tests.common import postgresql

LOOP = "standard"
ONE_GOAL = 1.0
TWO_GOAL = 1.6


@contextmanager
def _desk(server: postgresql.Server, workers: int) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
        env = desk_environment(Path(folder)) | {"PRIVACYDESK_DATABASE_URL": server.database()}
        with desk_in(env, LOOP, workers=workers) as running:
            yield running


def measure(server: postgresql.Server, size: int, rounds: int, run: Run) -> dict[str, Figures]:
    """Return the medians of each of the three; they alternate."""
    variants: dict[str, Callable[[], AbstractContextManager[Server]]] = {
        "raw": lambda: raw_postgresql(server.database(migrated=False), LOOP),
        "one process": lambda: _desk(server, 1),
        "two processes": lambda: _desk(server, 2),
    }
    seen: dict[str, list[Figures]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, start in variants.items():
            with start() as running:
                before = running.cpu()
                figures = load(running.port, size, run)
                turns = figures["turns"] * (run.seconds + run.warm_up)
                figures["cpu"] = (running.cpu() - before) / turns * 1e6
                seen[name].append(figures)
    return {name: medians_of(each) for name, each in seen.items()}


def main() -> None:
    """Run the benchmark and print its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--warm-up", type=float, default=2)
    parser.add_argument("--conversations", type=int, default=32)
    options = parser.parse_args()
    with durable_server() as server:
        run = Run(options.seconds, options.warm_up)
        found = measure(server, options.conversations, options.rounds, run)
    print(f"{options.conversations} conversations, medians of {options.rounds} rounds")
    print("server          turns/s   p50 ms   p99 ms   cpu µs  generator busy")
    for name, figures in found.items():
        print(
            f"{name:14} {figures['turns']:8.0f} {figures['p50']:8.2f} {figures['p99']:8.2f}"
            f" {figures['cpu']:8.0f} {figures['generator']:15.0%}"
        )
    raw, one, two = (figures["turns"] for figures in found.values())
    print_goals(
        [
            ("one process, of raw", one / raw, ONE_GOAL, True),
            ("two processes, of one", two / one, TWO_GOAL, True),
        ]
    )


if __name__ == "__main__":
    main()
