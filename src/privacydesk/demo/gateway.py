"""The demo's SMS gateway: receives codes and notices, which the page shows as messages.

It implements the contract of ``connectors.http_sms``, so that the desk uses its own connector.
"""

from __future__ import annotations

from typing import Any, Final

import orjson
from aiohttp import web

from privacydesk.connectors.memory import MemoryCodeSender
from privacydesk.connectors.signing import read_signed
from privacydesk.domain.code_delivery import AccountContact, MailTarget, PhoneTarget
from privacydesk.domain.notices import Notice, NoticeSubject

_SENDER: Final = web.AppKey("_SENDER", MemoryCodeSender)
_SECRET: Final = web.AppKey("_SECRET", str)
_MAX_BODY: Final = 16 * 1024


def make_gateway_app(sender: MemoryCodeSender, *, secret: str) -> web.Application:
    """Return the gateway: one ``POST`` to its root per message."""
    app = web.Application(client_max_size=_MAX_BODY)
    app[_SENDER], app[_SECRET] = sender, secret
    app.router.add_post("", _receive)
    return app


async def _receive(request: web.Request) -> web.Response:
    body, headers = await request.read(), request.headers
    signed = read_signed((request.app[_SECRET],), headers, body)
    if signed is None:
        return _problem(401, "unauthenticated")
    key, _ = signed
    try:
        message = orjson.loads(body)
        to, template, locale = _parse_target(message["to"]), message["template"], message["locale"]
        code, number, about = message.get("code"), message.get("ticket"), message.get("about")
    except (ValueError, KeyError, TypeError, AttributeError):
        return _problem(400, "invalid_payload")
    sender = request.app[_SENDER]
    if isinstance(code, str):
        answer = await sender.send(to, template, locale, code, key=key)
    elif isinstance(number, str) and about in tuple(NoticeSubject):
        notice = Notice(NoticeSubject(about), number, locale)
        answer = await sender.notify(to, notice, key=key)
    else:
        return _problem(400, "invalid_payload")
    result = {"outcome": answer.outcome.value, "masked": answer.masked}
    return web.Response(
        body=orjson.dumps(result | ({"reason": answer.reason.value} if answer.reason else {})),
        content_type="application/json",
    )


def _parse_target(raw: dict[str, Any]) -> PhoneTarget | MailTarget | AccountContact:
    if "phone" in raw:
        return PhoneTarget(raw["phone"])
    return MailTarget(raw["mail"]) if "mail" in raw else AccountContact(raw["account"])


def _problem(status: int, code: str) -> web.Response:
    return web.Response(
        body=orjson.dumps({"type": "about:blank", "status": status, "code": code}),
        status=status,
        content_type="application/problem+json",
    )
