"""JSON responses, and problem documents (RFC 9457) for errors."""

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
    ErrorCode.CURSOR_EXPIRED: 410,
    ErrorCode.STALE: 409,
    ErrorCode.CONFLICT: 409,
    ErrorCode.PRECONDITION_FAILED: 412,
    ErrorCode.KEY_REUSED: 422,
    ErrorCode.UNPROCESSABLE: 422,
    ErrorCode.NOT_ALLOWED_NOW: 409,
    ErrorCode.CALENDAR_INVALID: 400,
    ErrorCode.POLICY_UNREADABLE: 400,
    ErrorCode.UNAVAILABLE: 503,
}
"""HTTP status by error code; any other code is an internal error with status 500."""

_RETRYABLE = frozenset({ErrorCode.RATE_LIMITED, ErrorCode.TOKEN_EXPIRED, ErrorCode.UNAVAILABLE})


def is_retryable(code: ErrorCode) -> bool:
    """Whether the request stored nothing and may be retried unchanged.

    True for temporary errors, and for internal ones: a client should not drop a message because
    of a fault in the server.
    """
    return code in _RETRYABLE or code not in STATUS


def is_disconnected(request: web.Request) -> bool:
    """Whether the client has disconnected since it sent the request."""
    return request.transport is None or request.transport.is_closing()


def json_response(value: Any, *, status: int = 200) -> web.Response:
    """Return a JSON response that must not be cached: it may contain personal data."""
    return web.Response(
        body=encode(value),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )


def problem_response(status: int, fields: dict[str, Any]) -> web.Response:
    """Return a problem document (RFC 9457).

    Args:
        status: the HTTP status.
        fields: the public fields of the error; ``message`` becomes the title of the document.
    """
    body = {"type": "about:blank", "title": fields.pop("message"), "status": status, **fields}
    headers = {"Cache-Control": "no-store"}
    if "retry_after" in fields:
        headers["Retry-After"] = str(max(1, round(float(fields["retry_after"]) + 0.5)))
    if status == 401:  # noqa: PLR2004
        headers["WWW-Authenticate"] = "Bearer, Desk"
    return web.Response(
        body=encode(body),
        status=status,
        content_type="application/problem+json",
        headers=headers,
    )
