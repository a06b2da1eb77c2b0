"""Reading of the reply form, with an optional file, which is never written to a temporary file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import aiohttp
from aiohttp import web
from msgspec import Struct

from privacydesk.domain.cleaning import clean_name, clean_text
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.attachments import UncheckedFile
from privacydesk.services.uploads import MAX_BYTES, file_too_large
from privacydesk.web.bodies import MULTIPART_ERRORS, check_content_length
from privacydesk.web.console.access import read_verified_form, verify_form

_MAX_FIELD_BYTES: Final = 64 * 1024
"""Maximum size of all fields together, without the file."""


class ReplyForm(Struct, frozen=True):
    """The content of a reply form.

    Attributes:
        fields: the cleaned text fields.
        file: the attached file, not yet checked; None if there is none.
    """

    fields: Mapping[str, str]
    file: UncheckedFile | None = None


async def read_reply(request: web.Request) -> ReplyForm:
    """Return the reply form in a request, checked for request forgery.

    Raises:
        DeskError: ``TOO_LARGE``, or ``FORBIDDEN`` as for ``read_verified_form``.
    """
    if request.content_type != "multipart/form-data":
        form = await read_verified_form(request)
        return ReplyForm({name: clean_text(value) for name, value in form.items()})
    check_content_length(request, MAX_BYTES + _MAX_FIELD_BYTES, file_too_large)
    fields, file = await _read_parts(request)
    await verify_form(request, fields)
    return ReplyForm(fields, file)


async def _read_parts(request: web.Request) -> tuple[dict[str, str], UncheckedFile | None]:
    fields: dict[str, str] = {}
    file: UncheckedFile | None = None
    bytes_left = _MAX_FIELD_BYTES
    try:
        async for part in await request.multipart():
            if not isinstance(part, aiohttp.BodyPartReader) or part.name is None:
                raise _malformed()
            if part.filename is None:
                raw = await _read(part, bytes_left)
                bytes_left -= len(raw)
                fields[part.name] = clean_text(raw.decode("utf-8", "replace"))
                continue
            raw = await _read(part, MAX_BYTES)
            # If no file was chosen, browsers send an empty part without a file name.
            if raw or part.filename:
                file = UncheckedFile(clean_name(part.filename) or "file", raw)
    except MULTIPART_ERRORS as error:
        raise _malformed() from error
    return fields, file


async def _read(part: aiohttp.BodyPartReader, limit: int) -> bytes:
    chunks, size = [], 0
    while chunk := await part.read_chunk():
        size += len(chunk)
        if size > limit:
            raise file_too_large(MAX_BYTES)
        chunks.append(bytes(chunk))
    return b"".join(chunks)


def _malformed() -> DeskError:
    return DeskError("malformed form", code=ErrorCode.INVALID_REQUEST)
