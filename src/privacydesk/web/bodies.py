"""Reading request bodies up to a size limit; a too large ``Content-Length`` is refused at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.web.keys import SETTINGS

ErrorFactory = Callable[[int], DeskError]
"""Returns the error for a body that is larger than a limit in bytes."""

MULTIPART_ERRORS: Final = (
    ValueError,
    LookupError,
    AssertionError,
    RuntimeError,
    HttpProcessingError,
)
"""Exceptions of aiohttp for a body that is not multipart, or whose parts have broken headers."""


def check_content_length(request: web.Request, limit: int, too_large: ErrorFactory) -> None:
    """Refuse a body whose ``Content-Length`` is over the limit, before reading any of it.

    Args:
        request: the request whose body is to be read.
        limit: the maximum size of the body in bytes.
        too_large: returns the error to raise.

    Raises:
        DeskError: ``TOO_LARGE``.
    """
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)


async def read_chunks(
    content: StreamReader, limit: int, too_large: ErrorFactory
) -> AsyncIterator[bytes]:
    """Yield a body in chunks, up to a limit in bytes.

    Raises:
        DeskError: ``TOO_LARGE``, as soon as the limit is exceeded.
    """
    size = 0
    async for chunk in content.iter_any():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        yield chunk


async def read_body(request: web.Request, limit: int) -> bytes:
    """Return the whole body of a request that carries no file.

    Raises:
        DeskError: ``TOO_LARGE``, or ``RATE_LIMITED`` if the body does not arrive in time.
    """
    check_content_length(request, limit, frame_too_large)
    chunks = read_chunks(request.content, limit, frame_too_large)
    try:
        async with asyncio.timeout(request.config_dict[SETTINGS].body_timeout):
            return b"".join([chunk async for chunk in chunks])
    except TimeoutError:
        raise slow_body() from None


def slow_body() -> DeskError:
    """Return the error for a body that does not arrive in time."""
    return DeskError("the body arrives too slowly", code=ErrorCode.RATE_LIMITED, reason="slow_body")


def frame_too_large(limit: int) -> DeskError:
    """Return the error for a body that is larger than a limit in bytes."""
    return DeskError(
        "the body is too large", code=ErrorCode.TOO_LARGE, reason="frame_too_large", limit=limit
    )
