"""Reading request bodies up to a limit, refusing early what is announced as too large."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import StreamReader, web

from privacydesk.errors import DeskError, ErrorCode


def refuse_announced(request: web.Request, limit: int) -> None:
    """Refuse a body whose announced length is over the limit, before reading any of it.

    Raises:
        DeskError: ``TOO_LARGE``.
    """
    if request.content_length is not None and request.content_length > limit:
        raise too_large(limit)


async def limited(content: StreamReader, limit: int) -> AsyncIterator[bytes]:
    """Pass a body on in pieces and stop at the limit.

    Raises:
        DeskError: ``TOO_LARGE``, as soon as the limit is passed.
    """
    count = 0
    async for piece in content.iter_any():
        count += len(piece)
        if count > limit:
            raise too_large(limit)
        yield piece


async def read_limited(request: web.Request, limit: int) -> bytes:
    """Return a small body whole."""
    refuse_announced(request, limit)
    return b"".join([piece async for piece in limited(request.content, limit)])


def too_large(limit: int) -> DeskError:
    """Return the error that tells the limit."""
    megabytes = f"{limit / 1024 / 1024:.0f} MB" if limit >= 1024 * 1024 else f"{limit // 1024} KB"
    return DeskError("too large", code=ErrorCode.TOO_LARGE, limit=limit, size=megabytes)
