"""Downloads of a file with a person's data.

Every invalid use of a link gets the same answer: logged out, somebody else, too late, or
guessing. The credentials travel in a header, which no other page, crawler or preview can send.
"""

from __future__ import annotations

import contextlib
from typing import Final

from aiohttp import web

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import Session
from privacydesk.services.packages import Download
from privacydesk.web.chat.access import session_of
from privacydesk.web.csv_files import attached
from privacydesk.web.files import FILE_POLICY
from privacydesk.web.keys import ROOM

_NOT_LET_IN: Final = frozenset(
    {ErrorCode.UNAUTHENTICATED, ErrorCode.TOKEN_EXPIRED, ErrorCode.NOT_FOUND}
)


async def send_package(request: web.Request) -> web.StreamResponse:
    """Send the file behind a link to the person it was made for."""
    room, session = request.app[ROOM], await _session(request)
    if session is not None:
        room.admit_signal(session)
    # Without a session no link opens anything.
    with contextlib.nullcontext() if session is None else room.answering(session):
        file = await room.desk.download(
            session, request.match_info["number"], request.match_info["secret"]
        )
        return await _stream(request, file)


async def _stream(request: web.Request, file: Download) -> web.StreamResponse:
    response = web.StreamResponse(
        headers={
            "Content-Type": "application/zip",
            "Content-Length": str(file.size),
            "Content-Disposition": attached(file.name),
            "Content-Security-Policy": FILE_POLICY,
            "Cache-Control": "no-store",
        }
    )
    await response.prepare(request)
    try:
        async for piece in file.content:
            await response.write(piece)
    except DeskError as error:
        # It was removed meanwhile, or can't be read. The headers are out: aborting shows the client
        # that the file is incomplete.
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionResetError("the file can't be sent to its end") from error
    await response.write_eof()
    return response


async def _session(request: web.Request) -> Session | None:
    """Return the request's session; None if it is refused, for whatever reason."""
    try:
        session = await session_of(request)
    except DeskError as error:
        if error.code not in _NOT_LET_IN:
            raise
        return None
    return None if request.app[ROOM].expired(session) else session
