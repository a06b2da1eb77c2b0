"""File uploads: the type of a file is detected from its content, never from its name.

Pictures are decoded and re-encoded, which removes metadata, scripts and anything hidden behind the
image; the pages of a PDF become pictures; anything else is refused. Both run in separate processes,
so that a malicious file can crash only its own process (see ``decoding`` and ``rasterising``).
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
from privacydesk.services import decoding, rasterising

_log = structlog.get_logger(__name__)

MAX_BYTES = 10 * 1024 * 1024
_MEDIA_TYPE: Final = "image/jpeg"
_PROGRAM = Path(decoding.__file__)
_PDF: Final = b"%PDF-"
_PDF_PROGRAM: Final = Path(rasterising.__file__)
_PDF_REFUSALS: Final = {
    rasterising.LOCKED: "pdf_locked",
    rasterising.ACTIVE: "pdf_active",
    rasterising.TOO_MANY_PAGES: "pdf_pages",
}
"""The reasons of errors by the verdicts on a PDF."""
_MAX_PROCESSES = 2
_DECODE_TIMEOUT = 20.0
"""In seconds, for one picture."""
_QUEUE_TIMEOUT = 60.0
"""In seconds, while a picture waits for a free process."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A re-encoded picture."""

    body: bytes
    media_type: str = _MEDIA_TYPE


async def read_all(content: AsyncIterator[bytes], limit: int = MAX_BYTES) -> bytes:
    """Return the bytes of a file.

    Args:
        content: the file in parts.
        limit: the maximum size in bytes.

    Raises:
        DeskError: ``TOO_LARGE`` as soon as the limit is exceeded; the rest is not read.
    """
    parts: list[bytes] = []
    size = 0
    async for part in content:
        size += len(part)
        if size > limit:
            raise file_too_large(limit)
        parts.append(part)
    return b"".join(parts)


class PictureConverter:
    """Re-encodes pictures in a pool of processes.

    A process is started when a picture needs one. The pool is a context manager, which ends its
    processes on exit.

    Args:
        max_processes: the maximum number of processes.
        decode_timeout: seconds after which a process that is still decoding a picture is killed.
    """

    def __init__(
        self, max_processes: int = _MAX_PROCESSES, decode_timeout: float = _DECODE_TIMEOUT
    ) -> None:
        self._decode_timeout = decode_timeout
        self._slots = asyncio.Semaphore(max_processes)
        self._idle: list[asyncio.subprocess.Process] = []

    async def __aenter__(self) -> Self:
        """Return the pool; no process is started yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill the processes."""
        while self._idle:
            await _kill(self._idle.pop())

    async def convert(self, raw: bytes, *, otherwise: str = "") -> Picture:
        """Re-encode a picture: upright, without metadata, scaled down to ``decoding.MAX_SIDE``.

        Args:
            raw: the file.
            otherwise: the reason of the error for a file that is no usable picture.

        Raises:
            DeskError: ``UNSUPPORTED_MEDIA`` if the format is unknown, the file is broken or
                animated, or decoding exceeds a limit on pixels, memory or time.
            UnavailableError: too many pictures wait, or no process can be started.
        """
        async with self._slot():
            verdict, body = await self._decode(raw)
        if verdict == decoding.ACCEPTED:
            return Picture(body)
        if verdict == decoding.TOO_MANY_PIXELS:
            raise _unsupported(reason="too_many_pixels")
        raise _unsupported(**({"reason": otherwise} if otherwise else {}))

    async def convert_pages(self, raw: bytes) -> tuple[Picture, ...]:
        """Return the pages of a PDF as pictures; any other file as ``convert`` does.

        Raises:
            DeskError: ``UNSUPPORTED_MEDIA`` as for ``convert``, or if a PDF is broken, needs a
                password, brings scripts or has too many pages.
            UnavailableError: as for ``convert``.
        """
        if not raw.startswith(_PDF):
            return (await self.convert(raw, otherwise="neither_picture_nor_pdf"),)
        async with self._slot():
            verdict, pages = await self._rasterise(raw)
        if verdict == rasterising.ACCEPTED:
            return tuple(map(Picture, pages))
        raise _unsupported(reason=_PDF_REFUSALS.get(verdict, "pdf_broken"))

    async def _rasterise(self, raw: bytes) -> tuple[bytes, list[bytes]]:
        """Return the verdict of a process of its own on a PDF, and its pages."""
        process = await _start_process(_PDF_PROGRAM, rasterising.MEMORY_LIMIT)
        try:
            async with asyncio.timeout(self._decode_timeout):
                answer, _ = await process.communicate(raw)
        except TimeoutError:
            _log.warning("picture_given_up", fault="TimeoutError")
            return rasterising.BROKEN, []
        finally:
            if process.returncode is None:
                await _kill(process)
        if process.returncode:
            _log.warning("picture_given_up", fault=f"exit {process.returncode}")
        return _read_pages(answer)

    @contextlib.asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        """Wait for a free process."""
        try:
            async with asyncio.timeout(_QUEUE_TIMEOUT):
                await self._slots.acquire()
        except TimeoutError:
            raise UnavailableError("too many pictures wait") from None
        try:
            yield
        finally:
            self._slots.release()

    async def _decode(self, raw: bytes) -> tuple[bytes, bytes]:
        """Return the verdict of a process on a file, and the re-encoded picture."""
        process = (
            self._idle.pop()
            if self._idle
            else await _start_process(_PROGRAM, decoding.MEMORY_LIMIT)
        )
        answered = False
        try:
            async with asyncio.timeout(self._decode_timeout):
                answer = await _request(process, raw)
            answered = True
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError) as error:
            # The process timed out, or it crashed at its memory limit or on the file itself.
            _log.warning("picture_given_up", fault=type(error).__name__)
            return decoding.REFUSED, b""
        finally:
            if answered and process.returncode is None:
                self._idle.append(process)
            else:
                await _kill(process)
        return answer


async def _start_process(program: Path, memory: int) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *confined.command(program, memory=memory),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
        )
    except OSError as error:
        raise UnavailableError("no process for decoding pictures can be started") from error


async def _request(process: asyncio.subprocess.Process, raw: bytes) -> tuple[bytes, bytes]:
    """Send a file to a process; return its verdict and the picture, see ``decoding``."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(raw).to_bytes(4, "big") + raw)
    await process.stdin.drain()
    head = await process.stdout.readexactly(5)
    return head[:1], await process.stdout.readexactly(int.from_bytes(head[1:], "big"))


def _read_pages(answer: bytes) -> tuple[bytes, list[bytes]]:
    """Read the answer of ``rasterising``; one that was cut short is a refusal."""
    verdict, count, rest = answer[:1], int.from_bytes(answer[1:2], "big"), answer[2:]
    pages: list[bytes] = []
    for _ in range(count):
        size, rest = int.from_bytes(rest[:4], "big"), rest[4:]
        page, rest = rest[:size], rest[size:]
        if not size or len(page) < size:
            return rasterising.BROKEN, []
        pages.append(page)
    if not pages and verdict in {b"", rasterising.ACCEPTED}:
        return rasterising.BROKEN, []
    return verdict, pages


async def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def file_too_large(limit: int) -> DeskError:
    """Return the error for a file that is larger than a limit in bytes."""
    size = f"{limit / 1024 / 1024:.0f} MB" if limit >= 1024 * 1024 else f"{limit // 1024} KB"
    return DeskError("the file is too large", code=ErrorCode.TOO_LARGE, limit=limit, size=size)


def _unsupported(**data: str) -> DeskError:
    return DeskError(
        "the file is not a picture that can be taken", code=ErrorCode.UNSUPPORTED_MEDIA, **data
    )
