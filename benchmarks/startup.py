"""Measures the start-up time of ``privacydesk serve``, until ``/healthz`` answers 200.

    python benchmarks/startup.py [--rounds 5]

Each round starts with a new database, and then again with the same one.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.servers import ROOT, desk_environment

GOAL = 1.5
_TIMEOUT = 30.0
_OK = 200


def start_once(env: dict[str, str]) -> float:
    """Start the server, wait for the first answer, stop it; return the seconds until the answer."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "privacydesk", "serve", "--port", str(port)]
    started = time.perf_counter()
    with subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL) as process:  # noqa: S603 - our own program
        try:
            while not _answers(port):
                if process.poll() is not None or time.perf_counter() - started > _TIMEOUT:
                    raise RuntimeError("the server did not start")
                time.sleep(0.005)
            return time.perf_counter() - started
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == _OK
    except OSError:
        return False
    finally:
        connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    durations: dict[str, list[float]] = {"fresh": [], "existing": []}
    with tempfile.TemporaryDirectory() as warm:
        # Compiles the modules, which is not measured.
        start_once(desk_environment(Path(warm)))
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            env = desk_environment(Path(folder))
            durations["fresh"].append(start_once(env))
            durations["existing"].append(start_once(env))
    for name, seconds in durations.items():
        median = statistics.median(seconds)
        print(
            f"{name:9} database: median {median:.2f} s, {min(seconds):.2f} to {max(seconds):.2f} s"
            f"  goal ≤ {GOAL} s: {'met' if median <= GOAL else 'MISSED'}"
        )


if __name__ == "__main__":
    main()
