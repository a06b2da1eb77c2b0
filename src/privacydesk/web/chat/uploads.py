"""Taking in a file: a raw body or one part of a form, counted while it streams."""

from __future__ import annotations

import urllib.parse
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.uploads import file_too_large
from privacydesk.web.answers import json_answer
from privacydesk.web.bodies import limited, refuse_announced
from privacydesk.web.chat.access import session_of
from privacydesk.web.chat.cleaning import clean_name
from privacydesk.web.keys import ROOM

_FORM_OVERHEAD = 4096
"""What a form may add to the file: boundary, part headers."""


async def store_upload(request: web.Request) -> web.Response:
    """Hand a file to the desk and answer with its receipt."""
    room = request.app[ROOM]
    limit = room.settings.max_upload
    form = request.content_type == "multipart/form-data"
    refuse_announced(request, limit + (_FORM_OVERHEAD if form else 0), file_too_large)
    session = await session_of(request)
    room.admit(session)
    async with room.uploads:
        if form:
            name, media_type, content = await _part(request, limit)
        else:
            name = urllib.parse.unquote(request.headers.get("X-File-Name", ""), errors="replace")
            media_type = request.content_type
            content = limited(request.content, limit, file_too_large)
        receipt = await room.desk.store_upload(
            session,
            name=clean_name(name) or "file",
            media_type=media_type,
            content=content,
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


async def _part(request: web.Request, limit: int) -> tuple[str, str, AsyncIterator[bytes]]:
    try:
        part = await (await request.multipart()).next()
    except (ValueError, AssertionError, RuntimeError) as error:
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
