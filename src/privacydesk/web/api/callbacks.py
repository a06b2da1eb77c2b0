"""The callback by which the account service reports completion; see ``services.callbacks``."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.callbacks import Callbacks
from privacydesk.web.bodies import read_limited

CALL_BACK: Final = "/account/v1/finished"

CALLBACKS: Final = web.AppKey("CALLBACKS", Callbacks)

_LARGEST: Final = 4 * 1024
_MOST_DIGITS: Final = 12


async def account_finished(request: web.Request) -> web.Response:
    """Accept the call, without revealing whether anything waited for it."""
    timestamp = request.headers.get("X-Desk-Timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal()) or len(timestamp) > _MOST_DIGITS:
        raise DeskError("the call is not signed", code=ErrorCode.UNAUTHENTICATED)
    await request.app[CALLBACKS].finished(
        key=request.headers.get("Idempotency-Key", ""),
        timestamp=int(timestamp),
        signature=request.headers.get("X-Desk-Signature", ""),
        body=await read_limited(request, _LARGEST),
    )
    return web.Response(status=204)
