"""Reading request bodies up to a limit, refusing early what is announced as too large."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from aiohttp import StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.web.keys import SETTINGS

Refuse = Callable[[int], DeskError]

BROKEN_PARTS: Final = (
    ValueError,
    LookupError,
    AssertionError,
    RuntimeError,
    HttpProcessingError,
)
"""What aiohttp raises for a body that is not multipart, or whose parts have broken headers."""


def refuse_announced(request: web.Request, limit: int, refusal: Refuse) -> None:
    """Refuse a body whose announced length is over the limit, before reading any of it.

    Raises:
        DeskError: ``TOO_LARGE``.
    """
    if request.content_length is not None and request.content_length > limit:
        raise refusal(limit)


async def limited(content: StreamReader, limit: int, refusal: Refuse) -> AsyncIterator[bytes]:
    """Pass a body on in pieces and stop at the limit.

    Raises:
        DeskError: ``TOO_LARGE``, as soon as the limit is passed.
    """
    count = 0
    async for piece in content.iter_any():
        count += len(piece)
        if count > limit:
            raise refusal(limit)
        yield piece


async def read_limited(request: web.Request, limit: int) -> bytes:
    """Return a small body whole: a frame, not a file.

    Raises:
        DeskError: ``TOO_LARGE``, or ``RATE_LIMITED`` when it does not arrive in time.
    """
    refuse_announced(request, limit, _frame_too_large)
    pieces = limited(request.content, limit, _frame_too_large)
    try:
        async with asyncio.timeout(request.config_dict[SETTINGS].body_time):
            return b"".join([piece async for piece in pieces])
    except TimeoutError:
        raise DeskError(
            "the body comes in too slowly", code=ErrorCode.RATE_LIMITED, reason="slow_body"
        ) from None


def _frame_too_large(limit: int) -> DeskError:
    return DeskError(
        "the body is too large", code=ErrorCode.TOO_LARGE, reason="frame_too_large", limit=limit
    )
