"""File uploads: a raw body or one part of a form, with size and speed checked while it streams.

Uploads that nobody asked for are refused before their body is read. Receiving a file blocks no
other client: only decoding is limited globally, by the service.
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
from privacydesk.web.addresses import abort_callback, client_network
from privacydesk.web.bodies import MULTIPART_ERRORS, check_content_length, read_chunks
from privacydesk.web.chat.access import require_session
from privacydesk.web.keys import CHAT_SERVER
from privacydesk.web.responses import json_response
from privacydesk.web.settings import WebSettings

_FORM_OVERHEAD = 4096
"""Bytes that a form may add to the file: boundary and part headers."""


async def store_upload(request: web.Request) -> web.Response:
    """Store an uploaded file; respond with its receipt."""
    chat = request.app[CHAT_SERVER]
    settings = chat.settings
    is_form = request.content_type == "multipart/form-data"
    # Authenticate first, so that a size error is reported in the user's language.
    session = await require_session(request)
    max_length = settings.max_upload + (_FORM_OVERHEAD if is_form else 0)
    check_content_length(request, max_length, file_too_large)
    chat.admit_message(session)
    await chat.desk.check_upload_allowed(session)
    origin = client_network(request, settings.trusted_proxies)
    with chat.upload_slot(session, origin, abort_callback(request)):
        try:
            async with asyncio.timeout(settings.upload_stall_timeout):
                name, media_type, content = await _open_upload(
                    request, settings.max_upload, is_form=is_form
                )
        except TimeoutError:
            raise _too_slow_error() from None
        receipt = await chat.desk.store_upload(
            session,
            name=clean_name(name) or "file",
            media_type=media_type,
            content=_enforce_min_rate(content, settings),
        )
    return json_response(
        {
            "id": receipt.id,
            "name": receipt.name,
            "size": receipt.size,
            "media_type": receipt.media_type,
            "pages": receipt.pages,
        },
        status=201,
    )


async def _open_upload(
    request: web.Request, limit: int, *, is_form: bool
) -> tuple[str, str, AsyncIterator[bytes]]:
    """Return a file's name, its media type according to the client, and a stream of its bytes."""
    if is_form:
        return await _open_form_file(request, limit)
    name = urllib.parse.unquote(request.headers.get("X-File-Name", ""), errors="replace")
    return name, request.content_type, read_chunks(request.content, limit, file_too_large)


async def _enforce_min_rate(
    content: AsyncIterator[bytes], settings: WebSettings
) -> AsyncIterator[bytes]:
    """Yield the chunks of a file as long as they arrive fast enough.

    Raises:
        DeskError: ``RATE_LIMITED`` if the upload stalls or falls below the minimum rate.
    """
    loop = asyncio.get_running_loop()
    started_at, received = loop.time(), 0
    chunks = aiter(content)
    while True:
        # The bytes so far at the minimum rate, plus one tolerated stall.
        deadline = started_at + received / settings.min_upload_rate + settings.upload_stall_timeout
        try:
            async with asyncio.timeout_at(
                min(deadline, loop.time() + settings.upload_stall_timeout)
            ):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise _too_slow_error() from None
        if chunk is None:
            return
        received += len(chunk)
        yield chunk


async def _open_form_file(
    request: web.Request, limit: int
) -> tuple[str, str, AsyncIterator[bytes]]:
    try:
        part = await (await request.multipart()).next()
    except MULTIPART_ERRORS as error:
        raise _no_file_error() from error
    if isinstance(part, aiohttp.BodyPartReader) and part.filename is not None:
        return part.filename, part.headers.get("Content-Type", ""), _read_part(part, limit)
    raise _no_file_error()


async def _read_part(part: aiohttp.BodyPartReader, limit: int) -> AsyncIterator[bytes]:
    received = 0
    while chunk := await part.read_chunk():
        received += len(chunk)
        if received > limit:
            raise file_too_large(limit)
        yield bytes(chunk)


def _no_file_error() -> DeskError:
    return DeskError("no file in the form", code=ErrorCode.INVALID_REQUEST, reason="no_file")


def _too_slow_error() -> DeskError:
    return DeskError("the upload is too slow", code=ErrorCode.RATE_LIMITED, reason="slow_upload")
