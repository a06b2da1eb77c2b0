"""File uploads: a raw body or one part of a form, counted and timed while it streams.

Whether a file was requested is checked first, so that unsolicited uploads hold nothing up.
Reading holds no place that others need: only decoding is limited globally, by the service.
"""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from privacydesk.domain.cleaning import clean_name
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.uploads import file_too_large
from privacydesk.web.addresses import ender_of, origin_of
from privacydesk.web.answers import json_answer
from privacydesk.web.bodies import BROKEN_PARTS, limited, refuse_announced
from privacydesk.web.chat.access import session_of
from privacydesk.web.keys import ROOM
from privacydesk.web.settings import WebSettings

_FORM_OVERHEAD = 4096
"""Bytes that a form may add to the file: boundary, part headers."""


async def store_upload(request: web.Request) -> web.Response:
    """Hand a file to the desk and answer with its receipt."""
    room = request.app[ROOM]
    settings = room.settings
    form = request.content_type == "multipart/form-data"
    # Authenticated first, so that a size error is reported in the user's language.
    session = await session_of(request)
    refuse_announced(request, settings.max_upload + (_FORM_OVERHEAD if form else 0), file_too_large)
    room.admit(session)
    await room.desk.expect_upload(session)
    origin = origin_of(request, settings.trusted_proxies)
    with room.uploading(session, origin, ender_of(request)):
        try:
            async with asyncio.timeout(settings.upload_pause):
                name, media_type, content = await _opened(request, settings.max_upload, form=form)
        except TimeoutError:
            raise _too_slow() from None
        receipt = await room.desk.store_upload(
            session,
            name=clean_name(name) or "file",
            media_type=media_type,
            content=_in_time(content, settings),
        )
    return json_answer(
        {
            "id": receipt.id,
            "name": receipt.name,
            "size": receipt.size,
            "media_type": receipt.media_type,
        },
        status=201,
    )


async def _opened(
    request: web.Request, limit: int, *, form: bool
) -> tuple[str, str, AsyncIterator[bytes]]:
    """Return a file's name, the media type the client gives, and its bytes as they arrive."""
    if form:
        return await _part(request, limit)
    name = urllib.parse.unquote(request.headers.get("X-File-Name", ""), errors="replace")
    return name, request.content_type, limited(request.content, limit, file_too_large)


async def _in_time(content: AsyncIterator[bytes], settings: WebSettings) -> AsyncIterator[bytes]:
    """Pass a file on while it arrives at an acceptable rate.

    Raises:
        DeskError: ``RATE_LIMITED`` once it stalls, or falls below the minimum rate.
    """
    loop = asyncio.get_running_loop()
    begun, count = loop.time(), 0
    pieces = aiter(content)
    while True:
        # The time that these bytes take at the minimum rate, plus one tolerated pause.
        late = begun + count / settings.upload_rate + settings.upload_pause
        try:
            async with asyncio.timeout_at(min(late, loop.time() + settings.upload_pause)):
                piece = await anext(pieces, None)
        except TimeoutError:
            raise _too_slow() from None
        if piece is None:
            return
        count += len(piece)
        yield piece


async def _part(request: web.Request, limit: int) -> tuple[str, str, AsyncIterator[bytes]]:
    try:
        part = await (await request.multipart()).next()
    except BROKEN_PARTS as error:
        raise _no_file() from error
    if isinstance(part, aiohttp.BodyPartReader) and part.filename is not None:
        return part.filename, part.headers.get("Content-Type", ""), _pieces(part, limit)
    raise _no_file()


async def _pieces(part: aiohttp.BodyPartReader, limit: int) -> AsyncIterator[bytes]:
    count = 0
    while piece := await part.read_chunk():
        count += len(piece)
        if count > limit:
            raise file_too_large(limit)
        yield bytes(piece)


def _no_file() -> DeskError:
    return DeskError("no file in the form", code=ErrorCode.INVALID_REQUEST, reason="no_file")


def _too_slow() -> DeskError:
    return DeskError(
        "the file comes in too slowly", code=ErrorCode.RATE_LIMITED, reason="slow_upload"
    )
