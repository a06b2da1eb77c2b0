"""The form of a reply, with an optional file: read part by part, and never stored on disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import aiohttp
from aiohttp import web
from msgspec import Struct

from privacydesk.domain.cleaning import clean_name, clean_text
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.attachments import Offered
from privacydesk.services.uploads import MAX_BYTES, file_too_large
from privacydesk.web.bodies import BROKEN_PARTS, refuse_announced
from privacydesk.web.console.access import check_origin, checked_form

_WORDS: Final = 64 * 1024
"""Bytes of all fields but the file."""


class ReplyForm(Struct, frozen=True):
    """The contents of a reply's form."""

    fields: Mapping[str, str]
    file: Offered | None = None


async def read_reply(request: web.Request) -> ReplyForm:
    """Return the form of a reply that one of our own pages sent.

    Raises:
        DeskError: ``TOO_LARGE``, or ``FORBIDDEN`` as ``checked_form`` does.
    """
    if request.content_type != "multipart/form-data":
        form = await checked_form(request)
        return ReplyForm({name: clean_text(value) for name, value in form.items()})
    refuse_announced(request, MAX_BYTES + _WORDS, file_too_large)
    fields, file = await _parts(request)
    await check_origin(request, fields)
    return ReplyForm(fields, file)


async def _parts(request: web.Request) -> tuple[dict[str, str], Offered | None]:
    fields: dict[str, str] = {}
    file: Offered | None = None
    left = _WORDS
    try:
        async for part in await request.multipart():
            if not isinstance(part, aiohttp.BodyPartReader) or part.name is None:
                raise _odd()
            if part.filename is None:
                raw = await _read(part, left)
                left -= len(raw)
                fields[part.name] = clean_text(raw.decode("utf-8", "replace"))
                continue
            raw = await _read(part, MAX_BYTES)
            # Where no file was chosen, a browser sends an empty part without a name.
            if raw or part.filename:
                file = Offered(clean_name(part.filename) or "file", raw)
    except BROKEN_PARTS as error:
        raise _odd() from error
    return fields, file


async def _read(part: aiohttp.BodyPartReader, limit: int) -> bytes:
    pieces, count = [], 0
    while piece := await part.read_chunk():
        count += len(piece)
        if count > limit:
            raise file_too_large(MAX_BYTES)
        pieces.append(bytes(piece))
    return b"".join(pieces)


def _odd() -> DeskError:
    return DeskError("this is no form", code=ErrorCode.INVALID_REQUEST)
