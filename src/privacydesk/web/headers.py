"""Security headers of all responses, and CORS for the chat's HTTP interface."""

from __future__ import annotations

from aiohttp import web

from privacydesk.web.keys import SETTINGS
from privacydesk.web.request_ids import REQUEST_ID, REQUEST_ID_HEADER

_PERMISSIONS = ", ".join(
    f"{feature}=()"
    for feature in ("camera", "microphone", "geolocation", "payment", "usb", "interest-cohort")
)
_CORS_PATHS = "/chat/v1/"


def content_security_policy(frame_ancestors: str) -> str:
    """Return the Content-Security-Policy of pages: only files of this server, nothing inline.

    Args:
        frame_ancestors: the origins that may embed the page, as a CSP source list.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' blob:",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-ancestors {frame_ancestors}",
        )
    )


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add security and CORS headers; a receiver of the ``on_response_prepare`` signal."""
    headers, settings = response.headers, request.config_dict[SETTINGS]
    headers.setdefault("Content-Security-Policy", content_security_policy(settings.frame_ancestors))
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers["Permissions-Policy"] = _PERMISSIONS
    headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    headers.popall("Server", None)
    if request_id := request.get(REQUEST_ID):
        headers[REQUEST_ID_HEADER] = request_id
    origin = request.headers.get("Origin", "")
    if origin and origin in settings.cors_origins and request.path.startswith(_CORS_PATHS):
        headers["Access-Control-Allow-Origin"] = origin
        headers.add("Vary", "Origin")
        headers["Access-Control-Expose-Headers"] = (
            f"Retry-After, Content-Disposition, {REQUEST_ID_HEADER}"
        )


async def preflight(request: web.Request) -> web.Response:
    """Respond to a CORS preflight request."""
    if request.headers.get("Origin", "") not in request.config_dict[SETTINGS].cors_origins:
        return web.Response(status=403)
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Allow-Headers": (
                "Authorization, Content-Type, Accept-Language, Last-Event-ID, X-File-Name"
            ),
            "Access-Control-Max-Age": "600",
        },
    )
