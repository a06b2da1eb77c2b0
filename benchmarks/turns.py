"""Measures turns: the desk compared with a bare server that writes the same amount to disk.

    python benchmarks/turns.py [--rounds 3] [--seconds 3]
    python benchmarks/turns.py --sentences [--rounds 3] [--seconds 3]

Each server and the load generator run in processes of their own. The two servers alternate, and
the results are medians of the rounds. The goals: with 32 and 256 conversations, at least 0.40 of
the raw server's turns per second on the standard loop (0.55 is aimed at), and at most three times
its p99; with one conversation, at most twice its p50.

With ``--sentences``, every second turn sends a message of the corpus's test set, each only once,
and only the desk is measured.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.reading import unseen
from benchmarks.servers import ROOT, SERVERS, environment

CONVERSATIONS = (1, 32, 256)
LOOPS = ("standard", "uvloop")
EVERY_MESSAGE = 10**6

Figures = dict[str, float]


def load(port: int, conversations: int, seconds: float, sentences: str = "") -> Figures:
    """Run the load generator and return its figures.

    Args:
        port: the server's port.
        conversations: the number of concurrent conversations.
        seconds: the duration of the measurement.
        sentences: a file with the messages for every second turn, if any.
    """
    command = [
        sys.executable, "-m", "benchmarks.load", "--port", str(port),
        "--conversations", str(conversations), "--seconds", str(seconds),
        *(("--sentences", sentences) if sentences else ()),
    ]  # fmt: skip
    result = subprocess.run(  # noqa: S603 - our own program
        command,
        env=environment(),
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60 + seconds,
    )
    figures: Figures = json.loads(result.stdout)
    return figures


def one_round(
    name: str, loop: str, sizes: list[int], seconds: float, sentences: str = ""
) -> dict[int, Figures]:
    """Measure a server with each number of conversations, starting it anew each time."""
    figures_by_size: dict[int, Figures] = {}
    for size in sizes:
        with SERVERS[name](loop) as server:
            # Includes the warm-up, whose turns cost about the same.
            before = server.cpu()
            figures = load(server.port, size, seconds, sentences)
            turns = figures["turns"] * (seconds + 1.0)
            figures["cpu"] = (server.cpu() - before) / turns * 1e6
            figures_by_size[size] = figures
    return figures_by_size


def with_sentences(loop: str, sizes: list[int], rounds: int, seconds: float) -> None:
    """Measure the desk with every second turn a message that has to be interpreted."""
    print("turns: every second one a sentence that nobody said before, the others tapped")
    print("loop      conversations   turns/s   p50 ms   p99 ms   cpu µs")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(" ".join(text.split()) + "\n" for text in unseen(EVERY_MESSAGE))
        file.flush()
        for size in sizes:
            rounds_seen = [
                one_round("desk", loop, [size], seconds, file.name)[size] for _ in range(rounds)
            ]
            medians = {
                key: statistics.median(figures[key] for figures in rounds_seen)
                for key in rounds_seen[0]
            }
            print(
                f"{loop:9} {size:13} {medians['turns']:9.0f} {medians['p50']:8.1f}"
                f" {medians['p99']:8.1f} {medians['cpu']:8.0f}",
                flush=True,
            )


def print_goals(goals: list[tuple[str, float, float, bool]]) -> None:
    """Print whether each goal was met."""
    for goal, value, bound, at_least in goals:
        met = value >= bound if at_least else value <= bound
        relation = "≥" if at_least else "≤"
        print(f"  {'met   ' if met else 'MISSED'}  {goal}: {value:.2f} ({relation} {bound:.2f})")


def against_raw(loops: list[str], sizes: list[int], rounds: int, seconds: float) -> None:
    """Measure the desk and the raw server alternately, and print the goals."""
    print("turns: half typed, half tapped, in and out of a form; 2.2 events each (raw: 2)")
    print(f"medians of {rounds} rounds of {seconds:g} s; cpu: server's µs a turn\n")
    print("loop      conversations  server   turns/s   p50 ms   p99 ms   cpu µs  generator busy")
    goals: list[tuple[str, float, float, bool]] = []
    for loop in loops:
        seen: dict[tuple[str, int], list[Figures]] = defaultdict(list)
        for _ in range(rounds):
            for name in SERVERS:
                for size, figures in one_round(name, loop, sizes, seconds).items():
                    seen[name, size].append(figures)
        for size in sizes:
            medians = {
                name: {
                    key: statistics.median(figures[key] for figures in seen[name, size])
                    for key in seen[name, size][0]
                }
                for name in SERVERS
            }
            for name, figures in medians.items():
                print(
                    f"{loop:9} {size:13}  {name:6} {figures['turns']:9.0f} {figures['p50']:8.2f}"
                    f" {figures['p99']:8.2f} {figures['cpu']:8.0f} {figures['generator']:15.0%}"
                )
            desk, raw = medians["desk"], medians["raw"]
            ratio = desk["turns"] / raw["turns"]
            print(
                f"{'':24}  ratio  {ratio:9.2f} {desk['p50'] / raw['p50']:8.2f}"
                f" {desk['p99'] / raw['p99']:8.2f}",
                flush=True,
            )
            setting = f"{loop} loop, {size} conversations"
            if size == 1:
                goals.append((f"{setting}: p50, times raw", desk["p50"] / raw["p50"], 2.0, False))
            else:
                if loop == "standard":
                    goals.append((f"{setting}: turns/s, of raw", ratio, 0.40, True))
                goals.append((f"{setting}: p99, times raw", desk["p99"] / raw["p99"], 3.0, False))
    print("\ngoals")
    print_goals(goals)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--loops", nargs="+", choices=LOOPS, default=list(LOOPS))
    parser.add_argument("--conversations", nargs="+", type=int, default=list(CONVERSATIONS))
    parser.add_argument("--sentences", action="store_true")
    options = parser.parse_args()
    if options.sentences:
        for loop in options.loops:
            with_sentences(loop, options.conversations, options.rounds, options.seconds)
        return
    against_raw(options.loops, options.conversations, options.rounds, options.seconds)


if __name__ == "__main__":
    main()
