"""Measures what it costs to read messages: the whole pipeline, memory, loading, long messages.

    python benchmarks/reading.py [--messages 600]

Reads messages of the voices that the network never learnt from, each once. Times are the
processor's, on one core, so that whatever else runs on the machine does not count; loading is what
the clock says.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from privacydesk.data import voice_files

GOAL_MEAN = 3.0
GOAL_SLOW = 8.0
GOAL_MEMORY = 200.0
GOAL_LOAD = 1.5
GOAL_LONG = 100.0
TODAY = date(2026, 11, 29)
_P95_INDEX = 18
_LONG_LENGTH = 4_000
_LONG = {
    "one wish over and over": "把我的动态删了但是照片留着，",
    "in English": "delete my photos but keep the ones with Mei, ",
    "one letter": "a",
    "one character": "删",
    "dates": "2024年1月5日到2024年3月5日的动态，",
    "numbers": "13800138000 ",
    "nothing seen": "\u200b",
}
_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> float:
    """Return this process's resident memory in MB."""
    pages = Path("/proc/self/statm").read_text("ascii").split()[1]
    return int(pages) * _PAGE / 1e6


def unseen(count: int) -> Sequence[str]:
    """Return messages of the voices in the test set, at most ``count``."""
    from privacydesk.training.corpus import parted, read_voice  # noqa: PLC0415 - no loading

    _, voices = parted([read_voice(*file) for file in voice_files()])
    texts = [example.text for voice in voices for example in voice.examples]
    return texts[:: max(1, len(texts) // count)][:count]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=600)
    options = parser.parse_args()
    before, started = resident(), time.perf_counter()
    from privacydesk.nlu.pipeline import Pipeline  # noqa: PLC0415 - timed

    pipeline = Pipeline.load()
    pipeline.parse("我有一个问题想问", TODAY)
    loaded = time.perf_counter() - started

    def measure_cpu_ms(text: str) -> float:
        started_at = time.process_time()
        pipeline.parse(text, TODAY)
        return (time.process_time() - started_at) * 1e3

    texts = unseen(options.messages)
    times = [measure_cpu_ms(text) for text in texts]
    long = {
        name: measure_cpu_ms((words * _LONG_LENGTH)[:_LONG_LENGTH]) for name, words in _LONG.items()
    }
    print(f"{len(texts)} messages, {statistics.mean(map(len, texts)):.0f} characters on average")
    for name, unit, value, goal in (
        ("mean", "ms", statistics.mean(times), GOAL_MEAN),
        (
            "19 of 20 within",
            "ms",
            statistics.quantiles(times, n=20)[_P95_INDEX],
            GOAL_SLOW,
        ),
        ("memory added", "MB", resident() - before, GOAL_MEMORY),
        ("loading", "s", loaded, GOAL_LOAD),
        *((f"4,000 characters: {name}", "ms", value, GOAL_LONG) for name, value in long.items()),
    ):
        verdict = "met" if value <= goal else "MISSED"
        print(f"{name:42} {value:7.2f} {unit}  goal ≤ {goal:g} {unit}: {verdict}")
    print(f"{'median':42} {statistics.median(times):7.2f} ms")


if __name__ == "__main__":
    main()
