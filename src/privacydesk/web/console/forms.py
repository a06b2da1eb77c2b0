"""Reading of the console's forms, and redirects after them.

Forms are read before their form token is checked, so they are untrusted. The charset that a
request declares is ignored: some charsets take a second of CPU time for a small body, and our own
pages send UTF-8.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

from privacydesk.errors import InvalidRequestError, NotFoundError
from privacydesk.web.bodies import frame_too_large, read_body, slow_body
from privacydesk.web.console.multipart import MULTIPART, read_parts
from privacydesk.web.keys import SETTINGS

Form = MultiDictProxy[str]

_H = TypeVar("_H", bound=Callable[..., object])

FILE: Final = "file"
FILE_NAME: Final = "file_name"
URLENCODED: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 1_000
_LARGE: Final = "console_large_form"
_MAX_LARGE_BYTES: Final = 512 * 1024
_ID_BYTES: Final = 16
_FORM: Final = web.RequestKey("form", MultiDictProxy)
"""The parsed form: the body of a request can be read only once."""


def takes_large_form(handler: _H) -> _H:
    """Declare that a handler of signed-in staff takes forms with a whole file in a field."""
    vars(handler)[_LARGE] = True
    return handler


def _limit(request: web.Request) -> int:
    if hasattr(request.match_info.handler, _LARGE):
        return _MAX_LARGE_BYTES
    return request.config_dict[SETTINGS].frame_hard_limit


async def read_form(request: web.Request) -> Form:
    """Return the form in a request; empty if the body is of another type.

    A small text file has its content under the name of its field, and ``FILE_NAME`` names it.

    Raises:
        DeskError: ``TOO_LARGE``.
        InvalidRequestError: the form has more fields than any of our pages sends.
    """
    if _FORM in request:
        return request[_FORM]
    fields: MultiDict[str] = MultiDict()
    if request.content_type == URLENCODED:
        body = await read_body(request, _limit(request))
        try:
            pairs = parse_qsl(
                body.decode("utf-8", "replace"),
                keep_blank_values=True,
                errors="replace",
                max_num_fields=_MAX_FIELDS,
            )
        except ValueError:
            raise InvalidRequestError("the form has too many fields") from None
        fields.extend(pairs)
    elif request.content_type == MULTIPART:
        fields.extend(await _read_multipart(request))
    request[_FORM] = MultiDictProxy(fields)
    return request[_FORM]


async def _read_multipart(request: web.Request) -> dict[str, str]:
    settings = request.config_dict[SETTINGS]
    try:
        async with asyncio.timeout(settings.body_timeout):
            parts = await read_parts(request, _limit(request), frame_too_large)
    except TimeoutError:
        raise slow_body() from None
    except InvalidRequestError:
        # None of our pages sends it; without a form token it is refused.
        return {}
    if parts.file is None:
        return parts.fields
    text = parts.file.body.decode("utf-8", "replace")
    return {**parts.fields, FILE: text, FILE_NAME: parts.file.name}


def parse_id(text: str, what: str, **data: Any) -> bytes:
    """Parse an id in hex from a form or a path.

    Args:
        text: the id in hex.
        what: what the id identifies, for the error message.
        **data: further data of the error.

    Raises:
        NotFoundError: the text is not an id.
    """
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != _ID_BYTES:
        raise NotFoundError(f"there is no such {what}", **data)
    return value


def done_redirect(address: str, action: str, **parameters: str) -> web.HTTPSeeOther:
    """Return the redirect after an accepted form, to a page that reports the action as done.

    Args:
        address: the path of the page.
        action: the name of the action.
        **parameters: further query parameters for the report.
    """
    return web.HTTPSeeOther(f"{address}?{urlencode({'done': action} | parameters)}")
