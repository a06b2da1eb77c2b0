"""The one middleware that turns errors into answers."""

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
from privacydesk.i18n.negotiation import negotiate
from privacydesk.web.answers import STATUS, is_gone, problem
from privacydesk.web.console.page import console_error
from privacydesk.web.keys import LOCALE, ROOM, SPOKEN
from privacydesk.web.pages import error_page
from privacydesk.web.routes import route_of

log = structlog.get_logger(__name__)

_CODES = {
    400: ErrorCode.INVALID_REQUEST,
    401: ErrorCode.UNAUTHENTICATED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.INVALID_REQUEST,
    413: ErrorCode.TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA,
    429: ErrorCode.RATE_LIMITED,
}
_OURS = 500


@web.middleware
async def map_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error with its code and a sentence in the reader's language."""
    try:
        return await handler(request)
    except DeskError as error:
        return _answer(request, error, STATUS.get(error.code, _OURS))
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - redirects are answers
            raise
        if isinstance(error, web.HTTPMethodNotAllowed) and error.allowed_methods == {"OPTIONS"}:
            # Preflights are answered for every path, also for unknown ones.
            return _answer(request, NotFoundError("no such address"), 404)
        answer = _answer(request, _told_by_server(error), error.status)
        if isinstance(error, web.HTTPMethodNotAllowed):
            answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return answer
    except asyncio.CancelledError:
        raise
    except web.RequestPayloadError:
        return _answer(request, InvalidRequestError("unreadable body"), 400)
    except Exception as error:
        if isinstance(error, ConnectionError) and is_gone(request):
            # The client has gone: nobody reads this answer, and there is nothing to fix.
            return _answer(request, InvalidRequestError("the client is gone"), 400)
        # The traceback goes to the log; the reader learns nothing internal.
        log.exception("request_failed", error=type(error).__name__, route=route_of(request))
        return _answer(request, DeskError("internal error"), _OURS)


def _told_by_server(error: web.HTTPException) -> DeskError:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        # Uploads are limited by their own handler; anything else that is too large is no file.
        return DeskError(error.reason, code=ErrorCode.TOO_LARGE, reason="frame_too_large")
    return DeskError(error.reason, code=_CODES.get(error.status, ErrorCode.INTERNAL))


def _answer(request: web.Request, error: DeskError, status: int) -> web.Response:
    room = request.config_dict[ROOM]
    locale = (
        request.get(LOCALE)
        or request.get(SPOKEN)
        or negotiate(request.headers.get("Accept-Language", ""))
    )
    shown = room.error_json(error, locale)
    if status >= _OURS and not is_outage(error):
        log.warning("request_refused", code=error.code.value, route=route_of(request))
    if "text/html" in request.headers.get("Accept", "") and "/v1/" not in request.path:
        # The console knows its readers' language, and shows errors on pages of its own.
        tell = console_error if LOCALE in request else error_page
        answer = tell(request, locale, status, shown["message"])
    else:
        answer = problem(status, shown)
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer
