"""The understanding program while it runs: what is sent to it, and what it sends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Self, TypeAlias, cast

import msgspec

from privacydesk.understanding import wire

_IN: Final = 0
_OUT: Final = 1
_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""Its matrices are small; more threads would only take memory."""

Take: TypeAlias = "Callable[[Running, wire.Reply], None]"
"""Called with each reply and the program that sent it."""


class Running(asyncio.SubprocessProtocol):
    """A started program.

    Args:
        briefing: sent to it first.
        take: called with each reply, until the program is told to end.

    Attributes:
        is_ready: whether it can be asked; set by ``take``.
        ended: done when it has ended.
        heard_at: when it last gave a sign of life, in the loop's time.
        fault: what was wrong with its last reply; empty when nothing was.
    """

    def __init__(self, briefing: bytes, take: Take) -> None:
        self._briefing = briefing
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._frames = wire.Frames()
        self._ending = False
        self._transport: asyncio.SubprocessTransport | None = None
        self.is_ready = False
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self.heard_at = self._loop.time()
        self.fault = ""

    @classmethod
    async def start(cls, command: Sequence[str], briefing: bytes, take: Take) -> Self:
        """Start a program and brief it.

        Raises:
            OSError: it can't be started.
        """
        _, running = await asyncio.get_running_loop().subprocess_exec(
            lambda: cls(briefing, take),
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Its log lines go to the desk's log.
            stderr=None,
            env=_ENVIRONMENT,
        )
        return running

    @property
    def code(self) -> int | None:
        """Its exit code; None as long as it is not known."""
        return self._transport.get_returncode() if self._transport is not None else None

    @property
    def pid(self) -> int | None:
        """Its process id."""
        return self._transport.get_pid() if self._transport is not None else None

    def send(self, request: wire.Request) -> None:
        """Send a request at once: the program works on it while others are served here."""
        self._write(wire.frame(request))

    async def end(self) -> None:
        """End it; answers that it still owes are lost."""
        self._close()
        if self._transport is not None:
            await self.ended

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the briefing."""
        self._transport = cast("asyncio.SubprocessTransport", transport)
        self._write(self._briefing)

    def pipe_data_received(self, fd: int, data: bytes | str) -> None:
        """Take replies; a program that sends a malformed one is ended."""
        assert isinstance(data, bytes)
        assert fd == _OUT
        try:
            for body in self._frames.split(data):
                reply = wire.read_reply(body)
                if self._ending:
                    return
                self.heard_at = self._loop.time()
                self._take(self, reply)
        except (msgspec.MsgspecError, ValueError) as error:
            self.fault = type(error).__name__
            self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark it as ended."""
        del exc
        if not self.ended.done():
            self.ended.set_result(None)

    def _close(self) -> None:
        self._ending = True
        if self._transport is not None:
            self._transport.close()

    def _write(self, frames: bytes) -> None:
        assert self._transport is not None
        pipe = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(_IN))
        if not pipe.is_closing():
            pipe.write(frames)
