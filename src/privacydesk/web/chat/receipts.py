"""Downloads of receipts by the requester: the file, and what it says in words."""

from __future__ import annotations

from aiohttp import web

from privacydesk.web.chat.access import require_session
from privacydesk.web.keys import CHAT_SERVER
from privacydesk.web.receipts import receipt_response, text_response


async def send_receipt(request: web.Request) -> web.Response:
    """Send the receipt of a request that the session's conversation shows."""
    chat, session = request.app[CHAT_SERVER], await require_session(request)
    chat.admit_signal(session)
    return receipt_response(await chat.desk.receipt(session, request.match_info["number"]))


async def send_receipt_text(request: web.Request) -> web.Response:
    """Send what that receipt says, in words."""
    chat, session = request.app[CHAT_SERVER], await require_session(request)
    chat.admit_signal(session)
    number = request.match_info["number"]
    return text_response(f"{number}.txt", await chat.desk.receipt_text(session, number))
