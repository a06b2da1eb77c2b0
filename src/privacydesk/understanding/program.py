"""The understanding program, run by ``client`` in a process of its own.

It is ``confined``: it inherits no environment, is given no secret, and ends when its input or its
parent does. Its one argument is the module search path. It reads a ``Briefing`` first and requests
from then on, and answers each as soon as it can, in any order.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from typing import Final, NoReturn

if __name__ == "__main__":
    # Signals are for the desk alone; this program ends after it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # Run by its path, so it takes the module search path from the desk.
    sys.path[:] = json.loads(sys.argv[1])
    # Hardly anything allocated until it is ready becomes garbage.
    gc.disable()
    # Not used here, but structlog imports it where it is installed.
    sys.modules["rich"] = None  # type: ignore[assignment]  # as the import system says "not there"

import asyncio
from functools import partial
from pathlib import Path

import structlog

from privacydesk import logs
from privacydesk.background_threads import BackgroundThreadPool
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.understanding import wire
from privacydesk.understanding.here import UnderstandingHere

_log = structlog.get_logger(__name__)

_IN: Final = 0
_OUT: Final = 1
_ERRORS: Final = 2
_AFTER_START: Final = 0.2
"""Seconds until it loads what the first answers have not needed: those come first."""


class Answering(asyncio.Protocol):
    """Answers incoming requests.

    Args:
        understanding: answers them.
        out: where answers go.

    Attributes:
        ended: done when the input has ended.
    """

    def __init__(self, understanding: UnderstandingHere, out: asyncio.WriteTransport) -> None:
        self._understanding = understanding
        self._out = out
        self._frames = wire.Frames()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Start to answer each request."""
        for body in self._frames.split(data):
            request = wire.read_request(body)
            match request:
                case wire.Hear() | wire.Search() | wire.GoBy():
                    task = asyncio.create_task(self._answer(request))
                    self._tasks[request.number] = task
                    task.add_done_callback(partial(self._done, request.number))
                case wire.Drop():
                    if request.number in self._tasks:
                        self._tasks[request.number].cancel()
                case wire.Ping():
                    self._send(wire.Pong())

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark the input as ended."""
        del exc
        if not self.ended.done():
            self.ended.set_result(None)

    async def _answer(self, request: wire.Asking) -> None:
        number = request.number
        try:
            self._send(await self._answered(request))
        except UnavailableError as error:
            self._send(wire.Full(number, error.message, error.data.get("retry_after")))
        except Exception as error:  # noqa: BLE001 - the client is told, and goes on asking
            _log.error("not_understood", error=type(error).__name__, exc_info=error)
            self._send(wire.Failed(number, type(error).__name__))

    async def _answered(self, request: wire.Asking) -> wire.Answer:
        number, understanding = request.number, self._understanding
        match request:
            case wire.Hear(_, said, whose, today, question):
                heard = await understanding.interpret(wire.from_bytes(said), whose, today, question)
                return wire.Heard(number, wire.Seen.of(heard))
            case wire.Search(_, said, whose):
                found = await understanding.answer(wire.from_bytes(said), whose)
                return wire.Found(number, found)
            case wire.GoBy(_, policy, digest):
                return await self._gone_by(number, policy, digest)

    async def _gone_by(self, number: int, policy: str, digest: str) -> wire.Answer:
        try:
            await self._understanding.switch_policy(policy, digest)
        except UnavailableError:
            raise
        except DeskError as error:
            return wire.Stays(number, error.message)
        return wire.Goes(number)

    def _done(self, number: int, _task: asyncio.Task[None]) -> None:
        del self._tasks[number]

    def _send(self, reply: wire.Reply) -> None:
        self._out.write(wire.frame(reply))


async def _serve(understanding: UnderstandingHere, out: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(BackgroundThreadPool())
    with os.fdopen(out, "wb", 0) as pipe, os.fdopen(_IN, "rb", 0, closefd=False) as asked:
        sink, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, pipe)
        _, answering = await loop.connect_read_pipe(lambda: Answering(understanding, sink), asked)
        await asyncio.wait([answering.ended], timeout=_AFTER_START)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_warm(understanding))
            await answering.ended
            _end()


async def _warm(understanding: UnderstandingHere) -> None:
    try:
        await asyncio.to_thread(understanding.warm)
    except Exception as error:  # noqa: BLE001 - nobody waits for it here; it is logged
        _log.warning("not_ready", what="policy", error=type(error).__name__, exc_info=error)


def _end() -> NoReturn:
    # At once: a thread may still be reading a long message, or a whole policy, for nobody.
    sys.stderr.flush()
    os._exit(0)


def _briefing() -> wire.Briefing:
    # What follows it is left in the pipe.
    return wire.read_briefing(_exactly(int.from_bytes(_exactly(wire.LENGTH), "big")))


def _exactly(count: int) -> bytes:
    read = b""
    while len(read) < count:
        some = os.read(_IN, count - len(read))
        if not some:
            _end()
        read += some
    return read


def main() -> None:
    """Answer until the input ends."""
    # Whatever a library prints must not get in between the answers.
    out = os.dup(_OUT)
    os.dup2(_ERRORS, _OUT)
    briefing = _briefing()
    logs.set_up(briefing.log_level, as_json=briefing.log_json)
    ready, understanding = _ready(briefing)
    try:
        os.write(out, wire.frame(ready))
    except BrokenPipeError:
        _end()
    if understanding is not None:
        # What was allocated so far stays for good; collecting it, even once, wastes time.
        gc.freeze()
        gc.enable()
        asyncio.run(_serve(understanding, out))
    _end()


def _ready(briefing: wire.Briefing) -> tuple[wire.Reply, UnderstandingHere | None]:
    """Load what requests need, or report what is broken."""
    try:
        understanding = UnderstandingHere.of(
            data_dir=Path(briefing.data_dir),
            policy=briefing.policy,
            digest=briefing.digest,
        )
        fixed = tuple(understanding.load())
    except DeskError as error:
        return wire.Unusable(error.message, str(error.data.get("key", ""))), None
    return wire.Ready(fixed, understanding.digest), understanding


if __name__ == "__main__":
    main()
