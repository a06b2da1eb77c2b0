"""Measures what an idle WebSocket costs: the desk against bare aiohttp.

    python benchmarks/idle.py [--sockets 5000] [--at-once 50]

Each client has said hello once and then keeps quiet. The desk's conversations are all different,
so what is kept at hand for each (state, data key) is part of the figure, as it is in use. How many
say hello at once is given; all of them do after a restart.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load import Talker, Tally
from benchmarks.servers import SERVERS, Server

GOAL = 1.5
_FIRST = 50
_SETTLE = 2.0


async def hold(server: Server, sockets: int, at_once: int) -> tuple[float, float]:
    """Open sockets and return the bytes each takes in the server, and connections a second."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    # The first ones pay for what is loaded once.
    await _open(loop, server, tally, _FIRST)
    before, started = server.resident(), time.perf_counter()
    held: list[Talker] = []
    while len(held) < sockets:
        held += await _open(loop, server, tally, min(at_once, sockets - len(held)))
    elapsed = time.perf_counter() - started
    await asyncio.sleep(_SETTLE)
    each = (server.resident() - before) / sockets
    tally.stopped = True
    return each, sockets / elapsed


async def _open(
    loop: asyncio.AbstractEventLoop, server: Server, tally: Tally, count: int
) -> list[Talker]:
    talkers = [Talker(number, tally) for number in range(count)]
    await asyncio.gather(
        *(
            loop.create_connection(lambda one=talker: one, "127.0.0.1", server.port)  # type: ignore[misc]
            for talker in talkers
        )
    )
    await asyncio.wait_for(asyncio.gather(*(talker.welcomed for talker in talkers)), 60)
    return talkers


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sockets", type=int, default=5_000)
    parser.add_argument("--at-once", type=int, default=50)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for loop in ("standard", "uvloop"):
        each: dict[str, float] = {}
        for name, start in SERVERS.items():
            with start(loop) as server:
                each[name], speed = asyncio.run(hold(server, options.sockets, options.at_once))
                print(
                    f"{loop:9} {name:5} {each[name] / 1024:7.1f} KiB each"
                    f"  ({options.sockets} sockets, {speed:.0f} opened a second)",
                    flush=True,
                )
        ratio = each["desk"] / each["raw"]
        print(f"{loop:9} ratio {ratio:7.2f}  goal ≤ {GOAL}: {'met' if ratio <= GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()
