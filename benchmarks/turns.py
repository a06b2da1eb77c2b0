"""Measures turns: the desk compared with a bare server that writes the same amount to disk.

    python benchmarks/turns.py [--rounds 3] [--seconds 3]
    python benchmarks/turns.py --sentences [--rounds 3] [--seconds 3]
    python benchmarks/turns.py --later 200 [--rounds 3] [--seconds 3]

Each server and the load generator run in processes of their own. The two servers alternate, and
the results are medians of the rounds. The goals: with 32 and 256 conversations, at least 0.50 of
the raw server's turns per second on the standard loop, and at most 2.5 times its p99; with one
conversation, at most 1.7 times its p50.

With ``--sentences``, every second turn sends a message of the corpus's test set, each only once,
and only the desk is measured. With ``--later``, only the desk is measured, too: turns from this one
of a conversation on, beside turns 5 to 14 of others at the same time. The goal is 0.95 of their
speed.
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
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load import EARLY
from benchmarks.reading import unseen
from benchmarks.servers import ROOT, SERVERS, environment

CONVERSATIONS = (1, 32, 256)
LOOPS = ("standard", "uvloop")
EVERY_MESSAGE = 10**6
TURNS_GOAL = 0.50
P99_GOAL = 2.5
P50_GOAL = 1.7
LATER_GOAL = 0.95

Figures = dict[str, float]


class Run(NamedTuple):
    """How each measurement is made.

    Attributes:
        seconds: its duration.
        warm_up: seconds before it.
        sentences: a file with the messages for every second turn, if any.
        later: the turn that early ones are compared with; 0 for no comparison.
    """

    seconds: float
    warm_up: float
    sentences: str = ""
    later: int = 0


def load(port: int, conversations: int, run: Run) -> Figures:
    """Run the load generator and return its figures.

    Args:
        port: the server's port.
        conversations: the number of concurrent conversations.
        run: how the measurement is made.
    """
    command = [
        sys.executable, "-m", "benchmarks.load", "--port", str(port),
        "--conversations", str(conversations), "--seconds", str(run.seconds),
        "--warm-up", str(run.warm_up), "--later", str(run.later),
        *(("--sentences", run.sentences) if run.sentences else ()),
    ]  # fmt: skip
    result = subprocess.run(  # noqa: S603 - our own program
        command,
        env=environment(),
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120 + run.warm_up + run.seconds,
    )
    figures: Figures = json.loads(result.stdout)
    return figures


def one_round(name: str, loop: str, sizes: list[int], run: Run) -> dict[int, Figures]:
    """Measure a server with each number of conversations, starting it anew each time."""
    figures_by_size: dict[int, Figures] = {}
    for size in sizes:
        with SERVERS[name](loop) as server:
            # Includes the warm-up, whose turns cost about the same.
            before = server.cpu()
            figures = load(server.port, size, run)
            turns = figures["turns"] * (run.seconds + run.warm_up)
            figures["cpu"] = (server.cpu() - before) / turns * 1e6
            figures_by_size[size] = figures
    return figures_by_size


def with_sentences(loop: str, sizes: list[int], rounds: int, run: Run) -> None:
    """Measure the desk with every second turn a message that has to be interpreted."""
    print("turns: every second one a sentence that nobody said before, the others tapped")
    print("loop      conversations   turns/s   p50 ms   p99 ms   cpu µs")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(" ".join(text.split()) + "\n" for text in unseen(EVERY_MESSAGE))
        file.flush()
        for size in sizes:
            told = run._replace(sentences=file.name)
            medians = medians_of(
                [one_round("desk", loop, [size], told)[size] for _ in range(rounds)]
            )
            print(
                f"{loop:9} {size:13} {medians['turns']:9.0f} {medians['p50']:8.1f}"
                f" {medians['p99']:8.1f} {medians['cpu']:8.0f}",
                flush=True,
            )


def medians_of(rounds: list[Figures]) -> Figures:
    """Return the median of each figure."""
    return {key: statistics.median(figures[key] for figures in rounds) for key in rounds[0]}


def later_turns(loop: str, size: int, rounds: int, run: Run) -> None:
    """Measure late turns of conversations beside early ones."""
    seen = [one_round("desk", loop, [size], run)[size] for _ in range(rounds)]
    for figures in seen:
        figures["ratio"] = figures["early"] / figures["late"]
    medians = medians_of(seen)
    print(
        f"{loop} loop, {size} conversations, {medians['turns']:.0f} turns/s: turns"
        f" {EARLY[0]} to {EARLY[-1]} take {medians['early']:.2f} ms in the mean, turns {run.later}"
        f" to {medians['latest']:.0f} {medians['late']:.2f} ms"
    )
    print_goals([(f"turn {run.later}, of turn {EARLY[0]}", medians["ratio"], LATER_GOAL, True)])


def print_goals(goals: list[tuple[str, float, float, bool]]) -> None:
    """Print whether each goal was met."""
    for goal, value, bound, at_least in goals:
        met = value >= bound if at_least else value <= bound
        relation = "≥" if at_least else "≤"
        print(f"  {'met   ' if met else 'MISSED'}  {goal}: {value:.2f} ({relation} {bound:.2f})")


def against_raw(loops: list[str], sizes: list[int], rounds: int, run: Run) -> None:
    """Measure the desk and the raw server alternately, and print the goals."""
    print("turns: half typed, half tapped, in and out of a form; 2.2 events each (raw: 2)")
    print(
        f"medians of {rounds} rounds of {run.seconds:g} s after {run.warm_up:g} s;"
        " cpu: server's µs a turn\n"
    )
    print("loop      conversations  server   turns/s   p50 ms   p99 ms   cpu µs  generator busy")
    goals: list[tuple[str, float, float, bool]] = []
    for loop in loops:
        seen: dict[tuple[str, int], list[Figures]] = defaultdict(list)
        for _ in range(rounds):
            for name in SERVERS:
                for size, figures in one_round(name, loop, sizes, run).items():
                    seen[name, size].append(figures)
        for size in sizes:
            medians = {name: medians_of(seen[name, size]) for name in SERVERS}
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
                times = desk["p50"] / raw["p50"]
                goals.append((f"{setting}: p50, times raw", times, P50_GOAL, False))
            else:
                if loop == "standard":
                    goals.append((f"{setting}: turns/s, of raw", ratio, TURNS_GOAL, True))
                times = desk["p99"] / raw["p99"]
                goals.append((f"{setting}: p99, times raw", times, P99_GOAL, False))
    print("\ngoals")
    print_goals(goals)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--warm-up", type=float, default=1, help="seconds before measuring")
    parser.add_argument("--loops", nargs="+", choices=LOOPS, default=list(LOOPS))
    parser.add_argument("--conversations", nargs="+", type=int, default=list(CONVERSATIONS))
    parser.add_argument("--sentences", action="store_true")
    parser.add_argument("--later", type=int, default=0, help="compare this turn with early ones")
    options = parser.parse_args()
    run = Run(options.seconds, options.warm_up, later=options.later)
    if options.later:
        for loop in options.loops:
            for size in options.conversations:
                later_turns(loop, size, options.rounds, run)
    elif options.sentences:
        for loop in options.loops:
            with_sentences(loop, options.conversations, options.rounds, run)
    else:
        against_raw(options.loops, options.conversations, options.rounds, run)


if __name__ == "__main__":
    main()
