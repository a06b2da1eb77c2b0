"""Measures the memory of an idle WebSocket: the desk compared with bare aiohttp.

    python benchmarks/idle.py [--sockets 5000] [--at-once 50]
    python benchmarks/idle.py --resume [--sockets 500] [--turns 10]

Each client sends a hello and nothing else. The conversations are all different, so the figure
includes what the desk caches for each of them (state, data key). ``--at-once`` is the number of
clients that connect concurrently, as after a restart of the server.

With ``--resume``, clients that have had some turns reconnect at once as soon as the desk, which was
killed, listens again. Each has only the first event of its log, and counts as resumed once the last
one has come. The goal: 500 within five seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import orjson

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load import ChatClient, Tally
from benchmarks.servers import SERVERS, Server, desk_environment, desk_in

GOAL = 1.5
_RESUME_GOAL = 5.0
_PATIENCE = 60.0
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
    await _connect(loop, server, clients)
    return clients


async def _connect(
    loop: asyncio.AbstractEventLoop, server: Server, clients: Sequence[ChatClient]
) -> None:
    await asyncio.gather(
        *(
            loop.create_connection(lambda protocol=client: protocol, "127.0.0.1", server.port)  # type: ignore[misc]
            for client in clients
        )
    )
    await asyncio.wait_for(asyncio.gather(*(client.welcomed for client in clients)), _PATIENCE)


class Returning(ChatClient):
    """A client that comes back to a conversation, of which it has the first event.

    Args:
        number: of the client.
        tally: gets its errors.
        welcome: what it was welcomed with when it began the conversation.

    Attributes:
        head: the offset of the last event, once it is welcome.
        resumed: when it had the whole log.
    """

    def __init__(self, number: int, tally: Tally, welcome: bytes) -> None:
        super().__init__(number, tally)
        told = orjson.loads(welcome)
        self.head = 0
        self.resumed: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        hello = {"type": "hello", "secret": told["secret"], "epoch": told["epoch"], "offset": 1}
        self._hello = orjson.dumps(hello)

    def _handle(self, payload: bytes) -> None:
        super()._handle(payload)
        frame = orjson.loads(payload)
        if frame["type"] == "welcome":
            assert frame["after"] == 1, "the log is sent from the beginning"
            self.head = frame["head"]
        last = max((event["offset"] for event in frame.get("events", ())), default=0)
        if last >= self.head and not self.resumed.done():
            self.resumed.set_result(time.perf_counter())


async def _have_turns(server: Server, sockets: int, turns: int) -> list[bytes]:
    """Have conversations; return what their clients were welcomed with."""
    loop, tally = asyncio.get_running_loop(), Tally()
    clients = [ChatClient(number * 10, tally, most=turns) for number in range(sockets)]
    await _connect(loop, server, clients)
    for client in clients:
        client.send_next()
    await asyncio.wait_for(asyncio.gather(*(client.done for client in clients)), _PATIENCE)
    tally.stopped = True
    _check(tally)
    return [client.welcomed.result() for client in clients]


async def _resume(server: Server, welcomes: list[bytes]) -> tuple[list[float], int]:
    """Have all clients return at once; return the seconds of each, and the events of all."""
    loop, tally = asyncio.get_running_loop(), Tally()
    clients = [Returning(number, tally, welcome) for number, welcome in enumerate(welcomes)]
    began = time.perf_counter()
    await _connect(loop, server, clients)
    times = await asyncio.wait_for(asyncio.gather(*(one.resumed for one in clients)), _PATIENCE)
    tally.stopped = True
    _check(tally)
    return [taken - began for taken in times], sum(client.head - 1 for client in clients)


def _check(tally: Tally) -> None:
    if tally.errors:
        raise RuntimeError(f"{len(tally.errors)} errors, first: {tally.errors[0]}")


def resume(sockets: int, turns: int) -> bool:
    """Measure how soon clients go on after a restart; return whether the goal was met."""
    with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
        env = desk_environment(Path(folder))
        with desk_in(env, "standard") as server:
            welcomes = asyncio.run(_have_turns(server, sockets, turns))
        with desk_in(env, "standard", settled=False) as server:
            times, events = asyncio.run(_resume(server, welcomes))
    cuts, last = statistics.quantiles(times, n=100), max(times)
    print(
        f"{sockets} clients with {turns} turns each returned at once, {events} events were sent:"
        f" p50 {cuts[49]:.2f} s, p99 {cuts[98]:.2f} s, the last after {last:.2f} s"
    )
    met = last <= _RESUME_GOAL
    print(f"  {'met   ' if met else 'MISSED'}  all within {_RESUME_GOAL:g} s")
    return met


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sockets", type=int, help="5000, or 500 with --resume")
    parser.add_argument("--at-once", type=int, default=50)
    parser.add_argument("--resume", action="store_true", help="measure clients that come back")
    parser.add_argument("--turns", type=int, default=10, help="of each client before it comes back")
    options = parser.parse_args()
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    if options.resume:
        sys.exit(0 if resume(options.sockets or 500, options.turns) else 1)
    sockets = options.sockets or 5_000
    for loop in ("standard", "uvloop"):
        bytes_by_server: dict[str, float] = {}
        for name, start in SERVERS.items():
            with start(loop) as server:
                bytes_by_server[name], speed = asyncio.run(
                    open_sockets(server, sockets, options.at_once)
                )
                print(
                    f"{loop:9} {name:5} {bytes_by_server[name] / 1024:7.1f} KiB each"
                    f"  ({sockets} sockets, {speed:.0f} opened a second)",
                    flush=True,
                )
        ratio = bytes_by_server["desk"] / bytes_by_server["raw"]
        print(f"{loop:9} ratio {ratio:7.2f}  goal ≤ {GOAL}: {'met' if ratio <= GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()
