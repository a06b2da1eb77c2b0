"""Downloads of access packages, the files with a copy of a person's data.

Every invalid use of a link gets the same response: without a login, by another account, after
expiry, or with a guessed secret. Credentials are sent in a header, which a page of another site, a
crawler or a link preview can't send.
"""

from __future__ import annotations

import contextlib
from typing import Final

from aiohttp import web

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import Session
from privacydesk.services.packages import Download
from privacydesk.web.chat.access import require_session
from privacydesk.web.csv_files import attachment_disposition
from privacydesk.web.files import FILE_POLICY
from privacydesk.web.keys import CHAT_SERVER

_AUTHENTICATION_ERRORS: Final = frozenset(
    {ErrorCode.UNAUTHENTICATED, ErrorCode.TOKEN_EXPIRED, ErrorCode.NOT_FOUND}
)


async def send_package(request: web.Request) -> web.StreamResponse:
    """Send the package that a link points to, to the person it was made for."""
    chat, session = request.app[CHAT_SERVER], await _session_or_none(request)
    if session is not None:
        chat.admit_signal(session)
    # Without a session the download is always refused.
    with contextlib.nullcontext() if session is None else chat.response_slot(session):
        file = await chat.desk.download(
            session, request.match_info["number"], request.match_info["secret"]
        )
        return await _stream_file(request, file)


async def _stream_file(request: web.Request, file: Download) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/zip",
            "Content-Length": str(file.size),
            "Content-Disposition": attachment_disposition(file.name),
            "Content-Security-Policy": FILE_POLICY,
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    try:
        async for chunk in file.content:
            await response.write(chunk)
    except DeskError as error:
        # The package was removed meanwhile, or can't be read. The headers are already sent, so
        # abort the connection to show the client that the file is incomplete.
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the file can't be sent completely") from error
    await response.write_eof()
    return response


async def _session_or_none(request: web.Request) -> Session | None:
    """Return the request's session; None if it can't be authenticated or has expired."""
    try:
        session = await require_session(request)
    except DeskError as error:
        if error.code not in _AUTHENTICATION_ERRORS:
            raise
        return None
    return None if request.app[CHAT_SERVER].is_expired(session) else session
