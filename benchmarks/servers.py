"""Starts the servers for benchmarks, each in its own process and folder; on Linux only."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from privacydesk.settings import new_secret

ROOT = Path(__file__).parents[1]
PROFILE = ROOT / "src" / "privacydesk" / "demo" / "data" / "profile.yaml"
LISTENING = re.compile(r"Listening on http://[^:]+:(\d+)/")
UNLIMITED = 1e9
"""Messages per second: the load comes from few conversations without pauses."""


_TIMEOUT = 30.0
_SAMPLE_SECONDS = 0.4
_IDLE_SHARE = 0.1
"""The share of a CPU up to which a server counts as idle."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        port: its port.
        pid: its process ID.
        env: its environment, for other programs that use its database.
    """

    port: int
    pid: int
    env: Mapping[str, str]

    def cpu(self) -> float:
        """Return the CPU time so far in seconds, including its child processes."""
        # Fields 14 and 15 of /proc/PID/stat: user and system time.
        processes = (fields for fields in map(_fields, self._processes()) if fields)
        ticks = sum(int(fields[11]) + int(fields[12]) for fields in processes)
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Return the resident memory in bytes, including its child processes."""
        processes = (fields for fields in map(_fields, self._processes()) if fields)
        return sum(int(fields[21]) for fields in processes) * os.sysconf("SC_PAGE_SIZE")

    def _processes(self) -> list[int]:
        """Return the process IDs of the server, its child processes and theirs."""
        all_pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        parents = {pid: int(fields[1]) for pid in all_pids if (fields := _fields(pid))}
        found = [self.pid]
        for parent in found:
            found += [pid for pid in parents if parents[pid] == parent]
        return found


def _fields(pid: int) -> list[str]:
    """Return the fields of ``/proc/PID/stat`` after the name; empty if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def environment() -> dict[str, str]:
    """Return an environment in which processes can import the package and these modules."""
    path = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    # Installed programs run from compiled files; without them, compilation would be measured.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    return env


def desk_environment(folder: Path) -> dict[str, str]:
    """Return the environment of ``privacydesk serve`` in ``folder``, without external services."""
    ring_key, hashing_secret, outside_secret = new_secret(), new_secret(), new_secret()
    unreachable = "http://127.0.0.1:9/"
    return environment() | {
        "PRIVACYDESK_DATA_DIR": str(folder),
        "PRIVACYDESK_PROFILE": str(PROFILE),
        "PRIVACYDESK_RING_KEYS": json.dumps({"bench": ring_key}),
        "PRIVACYDESK_RING_KEY": "bench",
        "PRIVACYDESK_HASHING_SECRET": hashing_secret,
        "PRIVACYDESK_ACCOUNT_SERVICE_URL": unreachable,
        "PRIVACYDESK_ACCOUNT_SERVICE_SECRET": outside_secret,
        "PRIVACYDESK_CODE_GATEWAY_URL": unreachable,
        "PRIVACYDESK_CODE_GATEWAY_SECRET": outside_secret,
        "PRIVACYDESK_MESSAGES_PER_SECOND": str(UNLIMITED),
        "PRIVACYDESK_MESSAGE_BURST": str(int(UNLIMITED)),
        "PRIVACYDESK_NEW_CHATS_PER_MINUTE": str(UNLIMITED),
        "PRIVACYDESK_NEW_CHATS_AT_ONCE": str(int(UNLIMITED)),
        "PRIVACYDESK_SOCKETS_PER_ADDRESS": str(int(UNLIMITED)),
        "PRIVACYDESK_SILENT_SOCKETS_PER_ADDRESS": str(int(UNLIMITED)),
        "PRIVACYDESK_STAFF_ENTRIES_PER_MINUTE": str(UNLIMITED),
        "PRIVACYDESK_LOG_LEVEL": "error",
    }


@contextmanager
def desk(loop: str) -> Iterator[Server]:
    """Run ``privacydesk serve`` on a fresh database."""
    with (
        tempfile.TemporaryDirectory(prefix="privacydesk-") as folder,
        desk_in(desk_environment(Path(folder)), loop) as server,
    ):
        yield server


@contextmanager
def desk_in(
    env: Mapping[str, str],
    loop: str,
    *,
    settled: bool = True,
    program: Sequence[str] = ("-m", "privacydesk"),
    workers: int = 1,
) -> Iterator[Server]:
    """Run ``privacydesk serve`` with an environment.

    Args:
        env: its environment.
        loop: the event loop, ``standard`` or ``uvloop``.
        settled: whether to wait until it is idle.
        program: the arguments of Python, to measure a variant of the desk.
        workers: how many processes serve; several need PostgreSQL.
    """
    command = [*program, "serve", "--port", "0", "--loop", loop, "--workers", str(workers)]
    with _running(command, env, settled=settled) as server:
        yield server


@contextmanager
def raw(loop: str) -> Iterator[Server]:
    """Run ``benchmarks/raw.py`` on a fresh database."""
    with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
        command = ["-m", "benchmarks.raw", str(Path(folder) / "raw.db"), "--loop", loop]
        with _running(command, environment()) as server:
            yield server


@contextmanager
def raw_postgresql(url: str, loop: str) -> Iterator[Server]:
    """Run ``benchmarks/raw.py`` on an empty PostgreSQL database."""
    command = ["-m", "benchmarks.raw", "--url", url, "--loop", loop]
    with _running(command, environment()) as server:
        yield server


SERVERS = {"desk": desk, "raw": raw}


def settle(server: Server) -> None:
    """Wait until a server is idle; after its start, the desk loads calendars in the background."""
    until = time.monotonic() + _TIMEOUT
    spent = server.cpu()
    while time.monotonic() < until:
        time.sleep(_SAMPLE_SECONDS)
        before, spent = spent, server.cpu()
        if spent - before < _IDLE_SHARE * _SAMPLE_SECONDS:
            return
    raise RuntimeError("the server does not become idle")


@contextmanager
def _running(
    arguments: list[str], env: Mapping[str, str], *, settled: bool = True
) -> Iterator[Server]:
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own programs
        assert process.stdout is not None
        try:
            match = LISTENING.search(process.stdout.readline())
            if match is None:
                raise RuntimeError("the server did not start")
            server = Server(int(match[1]), process.pid, env)
            if settled:
                settle(server)
            yield server
        finally:
            process.kill()
