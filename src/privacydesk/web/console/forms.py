"""The console's forms: read as UTF-8, as our pages send them, whatever a request declares.

The sender is known only once the form token is checked, so this input is untrusted. Declared
encodings are ignored: some take a second of CPU time for a small body.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from multidict import MultiDict, MultiDictProxy

from privacydesk.errors import InvalidRequestError, NotFoundError
from privacydesk.web.bodies import read_limited
from privacydesk.web.keys import SETTINGS

Form = MultiDictProxy[str]

URLENCODED: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 1_000
_ID_BYTES: Final = 16
_READ: Final = web.RequestKey("form", MultiDictProxy)
"""The form already read from a request, since its body can be read only once."""


async def read_form(request: web.Request) -> Form:
    """Return a form without files; empty if the body is not one.

    Raises:
        DeskError: ``TOO_LARGE``.
        InvalidRequestError: it has more fields than any of ours.
    """
    if _READ in request:
        return request[_READ]
    fields: MultiDict[str] = MultiDict()
    if request.content_type == URLENCODED:
        body = await read_limited(request, request.config_dict[SETTINGS].drop_frame)
        try:
            pairs = parse_qsl(
                body.decode("utf-8", "replace"),
                keep_blank_values=True,
                errors="replace",
                max_num_fields=_MOST_FIELDS,
            )
        except ValueError:
            raise InvalidRequestError("a form of too many fields") from None
        fields.extend(pairs)
    request[_READ] = MultiDictProxy(fields)
    return request[_READ]


def named_id(text: str, what: str, **data: Any) -> bytes:
    """Return an id that a page of ours wrote into a form or an address.

    Raises:
        NotFoundError: it is none; that there is no such ``what``.
    """
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != _ID_BYTES:
        raise NotFoundError(f"there is no such {what}", **data)
    return found


def done(address: str, what: str, **told: str) -> web.HTTPSeeOther:
    """Return the redirect after an accepted form, to a page that reports it, with ``told``."""
    return web.HTTPSeeOther(f"{address}?{urlencode({'done': what} | told)}")
