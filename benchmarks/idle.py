"""Measures the memory of an idle WebSocket: the desk compared with bare aiohttp.

    python benchmarks/idle.py [--sockets 5000] [--at-once 50]

Each client sends a hello and nothing else. The conversations are all different, so the figure
includes what the desk caches for each of them (state, data key). ``--at-once`` is the number of
clients that connect concurrently, as after a restart of the server.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load import ChatClient, Tally
from benchmarks.servers import SERVERS, Server

GOAL = 1.5
_FIRST = 50
_SETTLE = 2.0


async def open_sockets(server: Server, sockets: int, at_once: int) -> tuple[float, float]:
    """Open sockets; return the bytes per socket in the server, and connections per second."""
    loop = asyncio.get_running_loop()
    tally = Tally()
    # The first clients cause one-time loading, which is not measured.
    await _open(loop, server, tally, _FIRST)
    before, started = server.resident(), time.perf_counter()
    clients: list[ChatClient] = []
    while len(clients) < sockets:
        clients += await _open(loop, server, tally, min(at_once, sockets - len(clients)))
    elapsed = time.perf_counter() - started
    await asyncio.sleep(_SETTLE)
    bytes_per_socket = (server.resident() - before) / sockets
    tally.stopped = True
    return bytes_per_socket, sockets / elapsed


async def _open(
    loop: asyncio.AbstractEventLoop, server: Server, tally: Tally, count: int
) -> list[ChatClient]:
    clients = [ChatClient(number, tally) for number in range(count)]
    await asyncio.gather(
        *(
            loop.create_connection(lambda protocol=client: protocol, "127.0.0.1", server.port)  # type: ignore[misc]
            for client in clients
        )
    )
    await asyncio.wait_for(asyncio.gather(*(client.welcomed for client in clients)), 60)
    return clients


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sockets", type=int, default=5_000)
    parser.add_argument("--at-once", type=int, default=50)
    options = parser.parse_args()
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    for loop in ("standard", "uvloop"):
        bytes_by_server: dict[str, float] = {}
        for name, start in SERVERS.items():
            with start(loop) as server:
                bytes_by_server[name], speed = asyncio.run(
                    open_sockets(server, options.sockets, options.at_once)
                )
                print(
                    f"{loop:9} {name:5} {bytes_by_server[name] / 1024:7.1f} KiB each"
                    f"  ({options.sockets} sockets, {speed:.0f} opened a second)",
                    flush=True,
                )
        ratio = bytes_by_server["desk"] / bytes_by_server["raw"]
        print(f"{loop:9} ratio {ratio:7.2f}  goal ≤ {GOAL}: {'met' if ratio <= GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()
