"""File uploads: accepted by what they really are, never by their names.

Pictures are decoded and re-encoded, which removes metadata, scripts and anything hidden behind the
image; anything else is refused. Decoding is left to processes that may fail (see
``decoding``).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog

from privacydesk import confined
from privacydesk.errors import DeskError, ErrorCode, UnavailableError
from privacydesk.services import decoding

_log = structlog.get_logger(__name__)

MAX_BYTES = 10 * 1024 * 1024
_MEDIA_TYPE: Final = "image/jpeg"
_PROGRAM = Path(decoding.__file__)
_AT_ONCE = 2
_PATIENCE = 20.0
"""Seconds that one picture may take."""
_IN_LINE = 60.0
"""Seconds that a picture waits for those before it."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded picture."""

    body: bytes
    media_type: str = _MEDIA_TYPE


async def read_all(content: AsyncIterator[bytes], limit: int = MAX_BYTES) -> bytes:
    """Return a file's bytes.

    Raises:
        DeskError: ``TOO_LARGE`` as soon as the limit is passed; the rest is not read.
    """
    parts: list[bytes] = []
    size = 0
    async for part in content:
        size += len(part)
        if size > limit:
            raise file_too_large(limit)
        parts.append(part)
    return b"".join(parts)


class Pictures:
    """Re-encodes pictures in a few processes, started at the first picture.

    A context manager: the processes end with it.

    Args:
        at_once: the number of processes.
        patience: seconds after which a process still working on a picture is killed.
    """

    def __init__(self, at_once: int = _AT_ONCE, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._free = asyncio.Semaphore(at_once)
        self._idle: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        """Start nothing yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def rewrite(self, raw: bytes) -> Picture:
        """Re-encode a picture: upright, without metadata, no larger than is useful.

        Raises:
            DeskError: ``UNSUPPORTED_MEDIA`` when it is no picture of a known format, is broken or
                animated, or takes more memory or time to decode than a picture should.
            UnavailableError: too many wait, or no process can be started.
        """
        try:
            async with asyncio.timeout(_IN_LINE):
                await self._free.acquire()
        except TimeoutError:
            raise UnavailableError("too many pictures wait") from None
        try:
            verdict, body = await self._decoded(raw)
        finally:
            self._free.release()
        if verdict == decoding.TAKEN:
            return Picture(body)
        if verdict == decoding.TOO_MANY_PIXELS:
            raise _refused(reason="too_many_pixels")
        raise _refused()

    async def _decoded(self, raw: bytes) -> tuple[bytes, bytes]:
        process = self._idle.pop() if self._idle else await _start()
        answered = False
        try:
            async with asyncio.timeout(self._patience):
                answer = await _ask(process, raw)
            answered = True
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
            # It timed out, or crashed at its memory limit or on the file itself.
            _log.warning("picture_given_up", fault=type(error).__name__)
            return decoding.REFUSED, b""
        finally:
            if answered and process.returncode is None:
                self._idle.append(process)
            else:
                await _end(process)
        return answer


async def _start() -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *confined.command(_PROGRAM, memory=decoding.MEMORY),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
    except OSError as error:
        raise UnavailableError("no process for decoding pictures can be started") from error


async def _ask(process: asyncio.subprocess.Process, raw: bytes) -> tuple[bytes, bytes]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(raw).to_bytes(4, "big") + raw)
    await process.stdin.drain()
    head = await process.stdout.readexactly(5)
    return head[:1], await process.stdout.readexactly(int.from_bytes(head[1:], "big"))


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def file_too_large(limit: int) -> DeskError:
    """Return the error that tells how large a file may be."""
    size = f"{limit / 1024 / 1024:.0f} MB" if limit >= 1024 * 1024 else f"{limit // 1024} KB"
    return DeskError("the file is too large", code=ErrorCode.TOO_LARGE, limit=limit, size=size)


def _refused(**data: str) -> DeskError:
    return DeskError(
        "the file is not a picture that can be taken", code=ErrorCode.UNSUPPORTED_MEDIA, **data
    )
