"""Runs several ``serve`` processes on one port, and starts those anew that end.

Each listens on a socket of its own, among which the kernel shares out new connections
(``SO_REUSEPORT``).
"""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog
import typer

from privacydesk.errors import SettingsError
from privacydesk.system_errors import describe_listen_error

_log = structlog.get_logger(__name__)

_PAUSE_SECONDS: Final = 0.5
"""The pause before a process is started anew; doubled each time that it ends early."""
_MAX_PAUSE_SECONDS: Final = 30.0
_STEADY_SECONDS: Final = 60.0
"""A process that served this long did not end early."""


@contextmanager
def reserved_port(host: str, port: int) -> Iterator[int]:
    """Reserve a port for the processes, without listening on it; yield its number.

    Raises:
        SettingsError: the address can't be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            reserved.bind((host, port))
        except OSError as error:
            raise SettingsError(describe_listen_error(error), key="port") from None
        yield reserved.getsockname()[1]


class WorkerProcesses:
    """Several processes that run the same command.

    Args:
        command: the arguments of Python.
        count: how many processes.
    """

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = command
        self._count = count
        self._processes: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._listening: set[int] = set()
        self._all_listen = asyncio.Event()
        self._exit_code = 0

    async def run(self, announcement: str) -> int:
        """Run the processes until SIGTERM or SIGINT, which is passed on; return the exit code.

        A process that ends before all have listened once ends the others, too: its settings are
        wrong, and its message says how.

        Args:
            announcement: printed as soon as all processes listen.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        async with asyncio.TaskGroup() as group:
            for place in range(self._count):
                group.create_task(self._keep(place))
            waiting = group.create_task(self._all_listen.wait())
            stopping = group.create_task(self._stopping.wait())
            await asyncio.wait((waiting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                typer.echo(announcement)
            else:
                waiting.cancel()
        return self._exit_code

    def _stop(self, number: int) -> None:
        self._stopping.set()
        for process in self._processes.values():
            process.send_signal(number)

    async def _keep(self, place: int) -> None:
        """Run one of the processes, again and again, until all are to stop."""
        loop, pause = asyncio.get_running_loop(), _PAUSE_SECONDS
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._run_once(place)
            if self._stopping.is_set():
                return
            if not self._all_listen.is_set():
                self._exit_code = code or 1
                self._stop(signal.SIGTERM)
                return
            _log.error("worker_ended", worker=place, code=code)
            pause = _PAUSE_SECONDS if loop.time() - began > _STEADY_SECONDS else pause * 2
            try:
                async with asyncio.timeout(min(pause, _MAX_PAUSE_SECONDS)):
                    await self._stopping.wait()
            except TimeoutError:
                pass

    async def _run_once(self, place: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            "--place",
            str(place),
            # Closed with this process, however it ends: then the others stop, too.
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._processes[place] = process
        if self._stopping.is_set():
            process.terminate()
        assert process.stdout is not None
        if await process.stdout.readline():
            self._listening.add(place)
            if len(self._listening) == self._count:
                self._all_listen.set()
        code = await process.wait()
        del self._processes[place]
        return code
