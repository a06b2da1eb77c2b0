"""The callback with which the account service reports completion; see ``services.callbacks``."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from privacydesk.i18n.negotiation import negotiate
from privacydesk.services.callbacks import Callbacks
from privacydesk.web.bodies import read_body
from privacydesk.web.keys import CONVERSATION_LOCALE

CALLBACK_PATH: Final = "/account/v1/finished"

CALLBACKS: Final = web.AppKey("callbacks", Callbacks)

_MAX_BODY_BYTES: Final = 4 * 1024
_ENGLISH: Final = "en"


async def account_finished(request: web.Request) -> web.Response:
    """Handle a callback; the response doesn't reveal whether anything waited for it."""
    # For programs, errors are English unless they ask for another language, as over the API.
    request[CONVERSATION_LOCALE] = negotiate(request.headers.get("Accept-Language", ""), _ENGLISH)
    body = await read_body(request, _MAX_BODY_BYTES)
    await request.app[CALLBACKS].handle(request.headers, body)
    return web.Response(status=204)
