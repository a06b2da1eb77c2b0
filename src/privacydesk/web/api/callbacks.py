"""The callback with which the account service reports completion; see ``services.callbacks``."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from privacydesk.services.callbacks import Callbacks
from privacydesk.web.bodies import read_body

CALLBACK_PATH: Final = "/account/v1/finished"

CALLBACKS: Final = web.AppKey("callbacks", Callbacks)

_MAX_BODY_BYTES: Final = 4 * 1024


async def account_finished(request: web.Request) -> web.Response:
    """Handle a callback; the response doesn't reveal whether anything waited for it."""
    body = await read_body(request, _MAX_BODY_BYTES)
    await request.app[CALLBACKS].handle(request.headers, body)
    return web.Response(status=204)
