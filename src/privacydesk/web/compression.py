"""Compression of responses with gzip, where their length can't give a secret away.

An attacker who chooses a part of a page and sees the length of the encrypted response learns
whether that part repeats a secret of the page (BREACH). To choose it, they have the victim's
browser request the page from another site. Such a response is not compressed, nor is one whose
sender the browser does not name: only responses to our own pages, to the reader (an address typed,
a bookmark), and to requests without credentials. A response to a form is not compressed either;
some show a password or a token, once.
"""

from __future__ import annotations

import gzip
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

_TYPES: Final = frozenset({"text/html", "application/json", "image/svg+xml"})
_TRUSTED_SITES: Final = frozenset({"same-origin", "none"})
_MIN_LENGTH: Final = 1_000
"""The shortest body that is compressed: a smaller one fits into one packet as it is."""
_LEVEL: Final = 5


def accepts_gzip(request: web.Request) -> bool:
    """Return whether the client accepts gzip."""
    offered = request.headers.get(hdrs.ACCEPT_ENCODING, "").lower().split(",")
    return any(one.strip() in {"gzip", "gzip;q=1", "gzip;q=1.0"} for one in offered)


@web.middleware
async def compress_responses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Compress the handler's response if it may be and if that makes it smaller."""
    response = await handler(request)
    if not isinstance(response, web.Response) or not _may_compress(request, response):
        return response
    response.headers.add(hdrs.VARY, hdrs.ACCEPT_ENCODING)
    if accepts_gzip(request) and isinstance(response.body, bytes):
        response.body = gzip.compress(response.body, _LEVEL, mtime=0)
        response.headers[hdrs.CONTENT_ENCODING] = "gzip"
    return response


def _may_compress(request: web.Request, response: web.Response) -> bool:
    return (
        request.method == hdrs.METH_GET
        and response.content_type in _TYPES
        and hdrs.CONTENT_ENCODING not in response.headers
        and not response.prepared
        and isinstance(response.body, bytes)
        and len(response.body) >= _MIN_LENGTH
        and _is_length_harmless(request)
    )


def _is_length_harmless(request: web.Request) -> bool:
    """Return whether another site can't have caused the request to learn of its response."""
    anonymous = hdrs.COOKIE not in request.headers and hdrs.AUTHORIZATION not in request.headers
    return anonymous or request.headers.get("Sec-Fetch-Site") in _TRUSTED_SITES
