"""Measures what it costs to tell wishes: the quick look, the closer one, memory and loading.

    python benchmarks/understanding.py [--sentences 600]

Asks about every so-many-th of the shipped sentences. Times are the processor's, on one core, so
that whatever else runs on the machine does not count; loading is what the clock says.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from privacydesk.data import sentence_files
from privacydesk.understanding.training.sentences import read_sentences

GOAL_QUICK = 1.0
GOAL_CLOSER = 30.0
GOAL_MEMORY = 250.0
GOAL_LOAD = 2.0
_NINETEEN_OF_TWENTY = 18
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> float:
    """Return this process's resident memory in MB."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * _PAGE / 1e6


def timed(ask: Callable[[str], object], texts: Sequence[str]) -> list[float]:
    """Return the milliseconds that each text took."""
    found = []
    for text in texts:
        started = time.process_time()
        ask(text)
        found.append((time.process_time() - started) * 1e3)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=600)
    options = parser.parse_args()
    texts = [one.text for one in read_sentences(sentence_files())]
    texts = texts[:: max(1, len(texts) // options.sentences)]
    before = resident()
    started = time.perf_counter()
    from privacydesk.understanding.embedding import E5WishEmbedder  # noqa: PLC0415 - timed
    from privacydesk.understanding.trained import TrainedRecogniser  # noqa: PLC0415 - timed

    embedder = E5WishEmbedder()
    recogniser = TrainedRecogniser.load(embedder)
    embedder.load()
    recogniser.recognise("我有一个问题想问")
    loaded = time.perf_counter() - started
    quick = timed(recogniser.glance, texts)
    closer = timed(recogniser.recognise, [t for t in texts if recogniser.glance(t) is None])
    added = resident() - before
    slow = statistics.quantiles(closer, n=20)[_NINETEEN_OF_TWENTY]
    print(f"{len(texts)} sentences, {len(closer)} of them take a closer look")
    for name, unit, value, goal in (
        ("quick look, median", "ms", statistics.median(quick), GOAL_QUICK),
        ("closer look, 19 of 20 within", "ms", slow, GOAL_CLOSER),
        ("memory added", "MB", added, GOAL_MEMORY),
        ("loading", "s", loaded, GOAL_LOAD),
    ):
        verdict = "met" if value <= goal else "MISSED"
        print(f"{name:30} {value:7.2f} {unit}  goal ≤ {goal:g} {unit}: {verdict}")
    print(f"closer look, median            {statistics.median(closer):7.2f} ms")


if __name__ == "__main__":
    main()
