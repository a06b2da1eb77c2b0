"""Starting the servers that benchmarks measure, each in a process and a folder of its own.

Reads ``/proc``, so it runs on Linux.
"""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROFILE = ROOT / "src" / "privacydesk" / "demo" / "data" / "profile.yaml"
LISTENING = re.compile(r"Listening on http://[^:]+:(\d+)/")
UNLIMITED = 1e9
"""Messages a second: the load comes from few conversations that each talk without a pause."""


_PATIENCE = 30.0
_LOOK_EVERY = 0.4
_RESTING = 0.1
"""The part of a processor up to which a server counts as resting."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens.

    Attributes:
        env: what programs beside it need to work on its database.
    """

    port: int
    pid: int
    env: Mapping[str, str]

    def cpu(self) -> float:
        """Return the seconds of processor time spent so far, by its own programs, too."""
        # After the name in brackets, which may hold anything; user and system time are 14 and 15.
        each = (fields for fields in map(_fields, self._processes()) if fields)
        ticks = sum(int(fields[11]) + int(fields[12]) for fields in each)
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident(self) -> int:
        """Return the bytes of memory held, by its own programs, too."""
        each = (fields for fields in map(_fields, self._processes()) if fields)
        return sum(int(fields[21]) for fields in each) * os.sysconf("SC_PAGE_SIZE")

    def _processes(self) -> list[int]:
        """Return the server and the programs that it has started."""
        others = (int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit())
        mine = str(self.pid)
        return [self.pid, *(one for one in others if _fields(one)[1:2] == [mine])]


def _fields(pid: int) -> list[str]:
    """Return what ``/proc`` tells of a process behind its name; empty once it has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def environment() -> dict[str, str]:
    """Return the environment of processes that find the package and these modules."""
    path = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    mine = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))}
    # Installed programs run from compiled files; a shell that forbids these measures the compiler.
    mine.pop("PYTHONDONTWRITEBYTECODE", None)
    return mine


def desk_environment(folder: Path) -> dict[str, str]:
    """Return what ``privacydesk serve`` needs to run in ``folder``; nothing outside is reached."""
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    nowhere = "http://127.0.0.1:9/"
    return environment() | {
        "PRIVACYDESK_DATA_DIR": str(folder),
        "PRIVACYDESK_PROFILE": str(PROFILE),
        "PRIVACYDESK_RING_KEYS": json.dumps({"bench": secret}),
        "PRIVACYDESK_RING_KEY": "bench",
        "PRIVACYDESK_HASHING_SECRET": secret,
        "PRIVACYDESK_ACCOUNT_SERVICE_URL": nowhere,
        "PRIVACYDESK_ACCOUNT_SERVICE_SECRET": secret,
        "PRIVACYDESK_CODE_GATEWAY_URL": nowhere,
        "PRIVACYDESK_CODE_GATEWAY_SECRET": secret,
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
) -> Iterator[Server]:
    """Run ``privacydesk serve`` with an environment.

    Args:
        env: what it reads.
        loop: which event loop.
        settled: wait until it rests.
        program: Python's arguments; another one changes what is to be compared.
    """
    command = [*program, "serve", "--port", "0", "--loop", loop]
    with _running(command, env, settled=settled) as server:
        yield server


@contextmanager
def raw(loop: str) -> Iterator[Server]:
    """Run ``benchmarks/raw.py`` on a fresh database."""
    with tempfile.TemporaryDirectory(prefix="privacydesk-") as folder:
        command = ["-m", "benchmarks.raw", str(Path(folder) / "raw.db"), "--loop", loop]
        with _running(command, environment()) as server:
            yield server


SERVERS = {"desk": desk, "raw": raw}


def settle(server: Server) -> None:
    """Wait until a server rests; after its start the desk reads calendars on the side."""
    until = time.monotonic() + _PATIENCE
    spent = server.cpu()
    while time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
        before, spent = spent, server.cpu()
        if spent - before < _RESTING * _LOOK_EVERY:
            return
    raise RuntimeError("the server does not come to rest")


@contextmanager
def _running(
    arguments: list[str], env: Mapping[str, str], *, settled: bool = True
) -> Iterator[Server]:
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own programs
        assert process.stdout is not None
        try:
            found = LISTENING.search(process.stdout.readline())
            if found is None:
                raise RuntimeError("the server did not start")
            server = Server(int(found[1]), process.pid, env)
            if settled:
                settle(server)
            yield server
        finally:
            process.kill()
