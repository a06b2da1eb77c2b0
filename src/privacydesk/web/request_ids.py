"""Request ids: each answer names the id under which the log has what happened to its request."""

from __future__ import annotations

import re
import secrets
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from privacydesk.web.addresses import parse_address
from privacydesk.web.keys import SETTINGS

REQUEST_ID_HEADER: Final = "X-Request-ID"
REQUEST_ID: Final = web.RequestKey("request_id", str)
"""The id of a request; there as soon as a handler or a middleware behind this one runs."""
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


_FAULTS: Final = 500
"""The lowest status of a fault of the desk, which people may want to report."""


def fault_reference(request: web.Request, status: int) -> str:
    """Return the id to show on an error page; empty if the error is no fault of the desk."""
    return request.get(REQUEST_ID, "") if status >= _FAULTS else ""


@web.middleware
async def identify(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give a request an id, and add it to whatever is logged while it is answered."""
    request_id = _proxy_id(request) or secrets.token_hex(8)
    request[REQUEST_ID] = request_id
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        return await handler(request)


def _proxy_id(request: web.Request) -> str:
    """Return the id that a trusted proxy has given, so that its log agrees; else nothing."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    if not _ID.fullmatch(given):
        return ""
    peer = parse_address(request.remote or "")
    trusted = request.config_dict[SETTINGS].trusted_proxies
    is_trusted = peer is not None and any(peer in network for network in trusted)
    return given if is_trusted else ""
