"""The middleware that turns exceptions into error responses."""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    NotFoundError,
    is_outage,
)
from privacydesk.web.console.page import console_error_page
from privacydesk.web.keys import CHAT_SERVER, LOCALE
from privacydesk.web.pages import error_page
from privacydesk.web.readers import readers_locale
from privacydesk.web.request_ids import REQUEST_ID
from privacydesk.web.responses import STATUS, is_disconnected, problem_response
from privacydesk.web.routes import route_of

log = structlog.get_logger(__name__)

_CODES = {
    400: ErrorCode.INVALID_REQUEST,
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    413: ErrorCode.TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA,
    429: ErrorCode.RATE_LIMITED,
}
_INTERNAL_ERROR = 500


@web.middleware
async def map_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Respond to each error with its code and a message in the reader's language."""
    try:
        return await handler(request)
    except DeskError as error:
        return _error_response(request, error, STATUS.get(error.code, _INTERNAL_ERROR))
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - redirects are no errors
            raise
        if isinstance(error, web.HTTPMethodNotAllowed) and error.allowed_methods == {"OPTIONS"}:
            # Preflights are answered for every path, also for unknown ones.
            return _error_response(request, NotFoundError("no such address"), 404)
        response = _error_response(request, _from_http_exception(error), error.status)
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return response
    except asyncio.CancelledError:
        raise
    except web.RequestPayloadError:
        return _error_response(request, InvalidRequestError("unreadable body"), 400)
    except Exception as error:
        if isinstance(error, ConnectionError) and is_disconnected(request):
            # Not a fault of the server, and nobody will read the response.
            return _error_response(request, InvalidRequestError("the client is gone"), 400)
        # The traceback goes to the log only: the response must not disclose internals.
        log.exception("request_failed", error=type(error).__name__, route=route_of(request))
        return _error_response(request, DeskError("internal error"), _INTERNAL_ERROR)


def _from_http_exception(error: web.HTTPException) -> DeskError:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        # Uploads are limited by their own handler, so the body is a frame or a form.
        return DeskError(error.reason, code=ErrorCode.TOO_LARGE, reason="frame_too_large")
    if isinstance(error, web.HTTPMethodNotAllowed):
        return InvalidRequestError(error.reason, reason="wrong_method")
    return DeskError(error.reason, code=_CODES.get(error.status, ErrorCode.INTERNAL))


def _error_response(request: web.Request, error: DeskError, status: int) -> web.Response:
    chat = request.config_dict[CHAT_SERVER]
    locale = request.get(LOCALE) or readers_locale(request)
    fields = chat.error_json(error, locale)
    request_id = request.get(REQUEST_ID, "")
    if status >= _INTERNAL_ERROR and not is_outage(error):
        log.warning("request_refused", code=error.code.value, route=route_of(request))
    if "text/html" in request.headers.get("Accept", "") and "/v1/" not in request.path:
        # Only the console sets LOCALE.
        render_error = console_error_page if LOCALE in request else error_page
        response = render_error(request, locale, status, fields["message"])
    else:
        response = problem_response(status, fields | {"request_id": request_id})
    response.headers["Vary"] = "Accept, Accept-Language"
    return response
