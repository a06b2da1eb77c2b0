"""Measures turns: the desk as ``serve`` runs it against a bare server with the same disk work.

    python benchmarks/turns.py [--rounds 3] [--seconds 3]
    python benchmarks/turns.py --sentences [--rounds 3] [--seconds 3]

Each server runs in its own process, the load generator in another; the two servers alternate, and
medians over the rounds are shown. The goals are the project's own: of the raw server's turns at
least 0.40 on the standard loop (0.55 aimed at) and at most three times its p99 with 32 and 256
conversations; with one, at most twice its p50.

With ``--sentences`` every second turn says a message of the corpus that the network never learnt
from, none of them twice, and the desk is measured alone.
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
        port: of the server.
        conversations: that talk at once.
        seconds: of measuring.
        sentences: the file of what every second turn says, if any.
    """
    command = [
        sys.executable, "-m", "benchmarks.load", "--port", str(port),
        "--conversations", str(conversations), "--seconds", str(seconds),
        *(("--sentences", sentences) if sentences else ()),
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603 - our own program
        command,
        env=environment(),
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60 + seconds,
    )
    figures: Figures = json.loads(done.stdout)
    return figures


def one_round(
    name: str, loop: str, sizes: list[int], seconds: float, sentences: str = ""
) -> dict[int, Figures]:
    """Start a server afresh and measure it with each number of conversations; see ``load``."""
    found: dict[int, Figures] = {}
    for size in sizes:
        with SERVERS[name](loop) as server:
            # Warm-up included, which spends about as much a turn as the rest.
            before = server.cpu()
            figures = load(server.port, size, seconds, sentences)
            turns = figures["turns"] * (seconds + 1.0)
            figures["cpu"] = (server.cpu() - before) / turns * 1e6
            found[size] = figures
    return found


def with_sentences(loop: str, sizes: list[int], rounds: int, seconds: float) -> None:
    """Measure the desk where every second turn is a sentence that is read."""
    print("turns: every second one a sentence that nobody said before, the others tapped")
    print("loop      conversations   turns/s   p50 ms   p99 ms   cpu µs")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.writelines(" ".join(text.split()) + "\n" for text in unseen(EVERY_MESSAGE))
        file.flush()
        for size in sizes:
            seen = [
                one_round("desk", loop, [size], seconds, file.name)[size] for _ in range(rounds)
            ]
            found = {key: statistics.median(one[key] for one in seen) for key in seen[0]}
            print(
                f"{loop:9} {size:13} {found['turns']:9.0f} {found['p50']:8.1f}"
                f" {found['p99']:8.1f} {found['cpu']:8.0f}",
                flush=True,
            )


def judge(goals: list[tuple[str, float, float, bool]]) -> None:
    """Print each goal with what was found."""
    for what, found, bound, at_least in goals:
        met = found >= bound if at_least else found <= bound
        relation = "≥" if at_least else "≤"
        print(f"  {'met   ' if met else 'MISSED'}  {what}: {found:.2f} ({relation} {bound:.2f})")


def against_raw(loops: list[str], sizes: list[int], rounds: int, seconds: float) -> None:
    """Measure the desk and the raw server in turn, and judge the goals."""
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
                    key: statistics.median(one[key] for one in seen[name, size])
                    for key in seen[name, size][0]
                }
                for name in SERVERS
            }
            for name, found in medians.items():
                print(
                    f"{loop:9} {size:13}  {name:6} {found['turns']:9.0f} {found['p50']:8.2f}"
                    f" {found['p99']:8.2f} {found['cpu']:8.0f} {found['generator']:15.0%}"
                )
            desk, raw = medians["desk"], medians["raw"]
            ratio = desk["turns"] / raw["turns"]
            print(
                f"{'':24}  ratio  {ratio:9.2f} {desk['p50'] / raw['p50']:8.2f}"
                f" {desk['p99'] / raw['p99']:8.2f}",
                flush=True,
            )
            where = f"{loop} loop, {size} conversations"
            if size == 1:
                goals.append((f"{where}: p50, times raw", desk["p50"] / raw["p50"], 2.0, False))
            else:
                if loop == "standard":
                    goals.append((f"{where}: turns/s, of raw", ratio, 0.40, True))
                goals.append((f"{where}: p99, times raw", desk["p99"] / raw["p99"], 3.0, False))
    print("\ngoals")
    judge(goals)


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
