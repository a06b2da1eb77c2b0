"""Reading of the reply form, with an optional file."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web
from msgspec import Struct

from privacydesk.domain.cleaning import clean_text
from privacydesk.services.attachments import UncheckedFile
from privacydesk.services.uploads import MAX_BYTES, file_too_large
from privacydesk.web.console.access import read_verified_form, verify_form
from privacydesk.web.console.multipart import MULTIPART, read_parts


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
    if request.content_type != MULTIPART:
        form = await read_verified_form(request)
        return ReplyForm({name: clean_text(value) for name, value in form.items()})
    parts = await read_parts(request, MAX_BYTES, lambda _: file_too_large(MAX_BYTES))
    fields = {name: clean_text(value) for name, value in parts.fields.items()}
    await verify_form(request, fields)
    return ReplyForm(fields, parts.file)
