"""The callback with which the account service reports completion; see ``services.callbacks``."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.callbacks import Callbacks
from privacydesk.web.bodies import read_body

CALLBACK_PATH: Final = "/account/v1/finished"

CALLBACKS: Final = web.AppKey("callbacks", Callbacks)

_MAX_BODY_BYTES: Final = 4 * 1024
_MAX_TIMESTAMP_DIGITS: Final = 12


async def account_finished(request: web.Request) -> web.Response:
    """Handle a callback; the response doesn't reveal whether anything waited for it."""
    timestamp = request.headers.get("X-Desk-Timestamp", "")
    if (
        not (timestamp.isascii() and timestamp.isdecimal())
        or len(timestamp) > _MAX_TIMESTAMP_DIGITS
    ):
        raise DeskError("the callback is not signed", code=ErrorCode.UNAUTHENTICATED)
    await request.app[CALLBACKS].handle(
        key=request.headers.get("Idempotency-Key", ""),
        timestamp=int(timestamp),
        signature=request.headers.get("X-Desk-Signature", ""),
        body=await read_body(request, _MAX_BODY_BYTES),
    )
    return web.Response(status=204)
