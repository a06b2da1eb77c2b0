"""Reading of the console's forms, and redirects after them.

Forms are read before their form token is checked, so they are untrusted. The charset that a
request declares is ignored: some charsets take a second of CPU time for a small body, and our own
pages send UTF-8.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

from privacydesk.errors import InvalidRequestError, NotFoundError
from privacydesk.web.bodies import read_body
from privacydesk.web.keys import SETTINGS

Form = MultiDictProxy[str]

URLENCODED: Final = "application/x-www-form-urlencoded"
_MAX_FIELDS: Final = 1_000
_ID_BYTES: Final = 16
_FORM: Final = web.RequestKey("form", MultiDictProxy)
"""The parsed form: the body of a request can be read only once."""


async def read_form(request: web.Request) -> Form:
    """Return the URL-encoded form in a request; empty if the body is of another type.

    Raises:
        DeskError: ``TOO_LARGE``.
        InvalidRequestError: the form has more fields than any of our pages sends.
    """
    if _FORM in request:
        return request[_FORM]
    fields: MultiDict[str] = MultiDict()
    if request.content_type == URLENCODED:
        body = await read_body(request, request.config_dict[SETTINGS].frame_hard_limit)
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
    request[_FORM] = MultiDictProxy(fields)
    return request[_FORM]


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
