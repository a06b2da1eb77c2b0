"""Reading of forms with a file, which is never written to a temporary file."""

from __future__ import annotations

from typing import Final

import aiohttp
from aiohttp import web
from msgspec import Struct

from privacydesk.domain.cleaning import clean_name
from privacydesk.errors import InvalidRequestError
from privacydesk.services.attachments import UncheckedFile
from privacydesk.web.bodies import MULTIPART_ERRORS, ErrorFactory, check_content_length

MULTIPART: Final = "multipart/form-data"
_MAX_FIELD_BYTES: Final = 64 * 1024
"""Maximum size of all fields together, without the file."""


class FormParts(Struct, frozen=True):
    """The content of a form.

    Attributes:
        fields: the text fields.
        file: the file, not yet checked; None if none was chosen.
    """

    fields: dict[str, str]
    file: UncheckedFile | None = None


async def read_parts(request: web.Request, file_limit: int, too_large: ErrorFactory) -> FormParts:
    """Return the content of a form with at most one file.

    Args:
        request: the request, of the type ``MULTIPART``.
        file_limit: the maximum size of the file in bytes.
        too_large: returns the error for a larger one.

    Raises:
        DeskError: ``TOO_LARGE``.
        InvalidRequestError: the form is malformed.
    """
    check_content_length(request, file_limit + _MAX_FIELD_BYTES, too_large)
    fields: dict[str, str] = {}
    file: UncheckedFile | None = None
    bytes_left = _MAX_FIELD_BYTES
    try:
        async for part in await request.multipart():
            if not isinstance(part, aiohttp.BodyPartReader) or part.name is None:
                raise InvalidRequestError("malformed form")
            if part.filename is None:
                raw = await _read(part, bytes_left, too_large)
                bytes_left -= len(raw)
                fields[part.name] = raw.decode("utf-8", "replace")
                continue
            raw = await _read(part, file_limit, too_large)
            # If no file was chosen, browsers send an empty part without a file name.
            if raw or part.filename:
                file = UncheckedFile(clean_name(part.filename) or "file", raw)
    except MULTIPART_ERRORS as error:
        raise InvalidRequestError("malformed form") from error
    return FormParts(fields, file)


async def _read(part: aiohttp.BodyPartReader, limit: int, too_large: ErrorFactory) -> bytes:
    chunks, size = [], 0
    while chunk := await part.read_chunk():
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        chunks.append(bytes(chunk))
    return b"".join(chunks)
