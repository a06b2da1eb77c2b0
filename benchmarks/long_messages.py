"""Measures latencies for users while others send long messages without pauses.

    python benchmarks/long_messages.py [--rounds 3] [--seconds 5] [--people 16]

Compares the desk, which interprets messages in a separate process, with a variant that does so in
threads, with a short and with a long switch interval.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.load import measure
from benchmarks.servers import Server, desk_environment, desk_in

DESKS = {
    "process": ("-m", "privacydesk"),
    "threads": ("-m", "benchmarks.together"),
    "threads, seldom": ("-m", "benchmarks.together", "seldom"),
}
LONG = ("我上周在直播间里被人骂了，然后我把他拉黑了，但是他又换了一个小号来加我好友。" * 250)[
    :9_000
]
_PAUSE = 0.1
_WARM_UP = 1.0
_SENDERS = (0, 1, 2)


async def _send_long(session: aiohttp.ClientSession, port: int, number: int) -> None:
    """Send long messages, each after the answer to the previous one."""
    async with session.ws_connect(f"http://127.0.0.1:{port}/chat/v1/socket", max_msg_size=0) as ws:
        await ws.send_str('{"type":"hello","offset":0,"languages":"zh-CN"}')
        await ws.receive_json()
        sent = 0
        while True:
            sent += 1
            name = f"long-{number}-{sent}"
            await ws.send_str(json.dumps({"type": "send", "text": LONG, "id": name}))
            while name not in await ws.receive_str():
                pass


async def one_round(server: Server, people: int, senders: int, seconds: float) -> dict[str, float]:
    """Return latencies in ms of users who pause between messages, while others send long ones."""
    async with aiohttp.ClientSession() as session:
        sending = [
            asyncio.create_task(_send_long(session, server.port, number))
            for number in range(senders)
        ]
        try:
            return await measure(server.port, people, seconds, _WARM_UP, _PAUSE)
        finally:
            for task in sending:
                task.cancel()
            await asyncio.gather(*sending, return_exceptions=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--people", type=int, default=16)
    options = parser.parse_args()
    results: dict[tuple[int, str], list[dict[str, float]]] = defaultdict(list)
    for _ in range(options.rounds):
        for name, program in DESKS.items():
            with (
                tempfile.TemporaryDirectory(prefix="privacydesk-") as folder,
                desk_in(desk_environment(Path(folder)), "uvloop", program=program) as server,
            ):
                for senders in _SENDERS:
                    figures = asyncio.run(
                        one_round(server, options.people, senders, options.seconds)
                    )
                    results[senders, name].append(figures)
    print(f"{options.people} people who pause; medians of {options.rounds} rounds\n")
    print("who send long ones  understood in     p50 ms   p99 ms")
    for senders in _SENDERS:
        for name in DESKS:
            rounds = results[senders, name]
            p50, p99 = (
                statistics.median(figures[key] for figures in rounds) for key in ("p50", "p99")
            )
            print(f"{senders:18}  {name:15} {p50:8.1f} {p99:8.1f}")


if __name__ == "__main__":
    main()
