"""What metrics cost: a turn, a reading, and an answer to Prometheus.

    python benchmarks/metrics.py

Processor time, the least of several rounds, so that other work on the machine counts for little.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import process_time

from prometheus_client.exposition import generate_latest

from privacydesk.app.metrics.instruments import Instruments
from privacydesk.clock import SystemClock
from privacydesk.domain.counters import CounterIncrement, CounterKind
from privacydesk.domain.deliveries import Channel
from privacydesk.domain.intents import RequestKind
from privacydesk.ports import Changes, Committed

_ROUNDS, _TIMES = 15, 20_000


def micros(measured: Callable[[], object], times: int = _TIMES) -> float:
    """Return the processor time of one call in microseconds."""
    best = float("inf")
    gc.disable()
    for _ in range(_ROUNDS):
        began = process_time()
        for _ in range(times):
            measured()
        best = min(best, process_time() - began)
    gc.enable()
    return best / times * 1e6


def main() -> None:
    instruments = Instruments()
    day = SystemClock().now().date()
    tap = Committed(7, duplicate=False, changes=Changes())
    heard = CounterIncrement(day, CounterKind.HEARD, "en")
    text = Committed(7, duplicate=False, changes=Changes(counter_increments=(heard,)))

    def reading() -> None:
        with instruments.reading("message"):
            pass

    def calling() -> None:
        with instruments.calling("code_gateway", "code") as outcome:
            outcome.append("sent")

    def count(kind: str, committed: Committed) -> Callable[[], None]:
        def turn() -> None:
            with instruments.turn(kind) as result:
                result.append(committed)

        return turn

    print(f"a tap                  {micros(count('choice', tap)):8.2f} us")
    print(f"a text                 {micros(count('text', text)):8.2f} us")
    print(f"a reading              {micros(reading):8.2f} us")
    print(f"a call outside         {micros(calling):8.2f} us")
    for kind in RequestKind:
        for channel in Channel:
            with instruments.calling(channel.value, kind.value) as outcome:
                outcome.append("sent")
    size = len(generate_latest(instruments.registry))
    answer = micros(lambda: generate_latest(instruments.registry), 20) / 1000
    print(f"an answer of {size / 1000:.0f} KB     {answer:8.2f} ms, in a thread")


if __name__ == "__main__":
    main()
