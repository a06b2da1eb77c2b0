"""Answers in JSON, and errors as problem documents or pages."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from privacydesk.errors import ErrorCode
from privacydesk.web.chat.encoding import encode

STATUS = {
    ErrorCode.INVALID_REQUEST: 400,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA: 415,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.STALE: 409,
    ErrorCode.CONFLICT: 409,
    ErrorCode.PRECONDITION_FAILED: 412,
    ErrorCode.KEY_REUSED: 422,
    ErrorCode.UNPROCESSABLE: 422,
    ErrorCode.NOT_ALLOWED_NOW: 409,
    ErrorCode.UNAVAILABLE: 503,
}
"""HTTP status by error code; any other code is an internal error and answers 500."""

_LATER = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.TOKEN_EXPIRED, ErrorCode.UNAVAILABLE})


def may_be_repeated(code: ErrorCode) -> bool:
    """Whether nothing was stored and the same request may be retried unchanged.

    True if it came at the wrong moment, and after an internal error: nobody should lose a
    message over that.
    """
    return code in _LATER or code not in STATUS


def is_gone(request: web.Request) -> bool:
    """Whether the client disconnected during its request, as at the next click."""
    return request.transport is None or request.transport.is_closing()


def json_answer(value: Any, *, status: int = 200) -> web.Response:
    """Return JSON that must not be cached: it is somebody's conversation."""
    return web.Response(
        body=encode(value),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )


def problem(status: int, shown: dict[str, Any]) -> web.Response:
    """Return a problem document (RFC 9457); ``message`` becomes its title."""
    body = {"type": "about:blank", "title": shown.pop("message"), "status": status, **shown}
    headers = {"Cache-Control": "no-store"}
    if "retry_after" in shown:
        headers["Retry-After"] = str(max(1, round(float(shown["retry_after"]) + 0.5)))
    if status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer, Desk"
    return web.Response(
        body=encode(body),
        status=status,
        content_type="application/problem+json",
        headers=headers,
    )
