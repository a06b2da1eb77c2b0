"""The WebSocket: the handshake in frames, then the connection."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import structlog
from aiohttp import WSMsgType, web

from privacydesk.errors import DeskError, ErrorCode, is_outage
from privacydesk.i18n.negotiation import negotiate
from privacydesk.services.api import Credentials, Entry
from privacydesk.web.addresses import ender_of, origin_of
from privacydesk.web.chat.access import let_in
from privacydesk.web.chat.connection import (
    TRY_AGAIN_LATER,
    UNAUTHENTICATED,
    Connection,
    Peer,
)
from privacydesk.web.chat.encoding import encode
from privacydesk.web.chat.frames import FrameError, Hello, parse_frame
from privacydesk.web.chat.room import Room
from privacydesk.web.chat.welcome import copy_ends_at, welcome_json
from privacydesk.web.keys import ROOM

log = structlog.get_logger(__name__)

SUBPROTOCOL = "privacydesk.chat.v1"
NO_HELLO = 4408
MANY_WINDOWS = 4429
_POLICY_VIOLATION = 1008
_HELLO_TRIES = 5

Socket = web.WebSocketResponse[Any]


async def chat_socket(request: web.Request) -> web.StreamResponse:
    """Serve one client for as long as it stays.

    Raises:
        DeskError: ``RATE_LIMITED``, before the upgrade, when there are too many sockets.
    """
    room = request.app[ROOM]
    # As text: it is kept while the client stays, and a network object takes half a kilobyte.
    origin = str(origin_of(request, room.settings.trusted_proxies))
    with room.socket(origin, ender_of(request)):
        return await _serve(request, room, origin)


async def _serve(request: web.Request, room: Room, origin: str) -> web.StreamResponse:
    ws: Socket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        # Pongs are seen by the connection, so that one ticker serves thousands of heartbeats.
        autoping=False,
        # Costs a hundred kilobytes a connection, for frames of a few hundred bytes.
        compress=False,
        max_msg_size=room.settings.drop_frame,
        # Bytes, so that text that is not UTF-8 is answered instead of ending the connection.
        decode_text=False,
        timeout=2.0,
    )
    with room.silent(origin, ender_of(request)):
        await ws.prepare(request)
        # Already sent; kept, they would take a kilobyte of every idle socket.
        ws.headers.clear()
        hello = await _first_hello(request, room, ws)
    accepted = None if hello is None else await _welcomed(request, room, ws, hello)
    if accepted is None:
        return ws
    entry, hello = accepted
    session = entry.session
    connection = Connection(
        room,
        ws,
        session,
        copy_ends_at(session, hello.epoch, hello.offset),
        Peer(origin, request.transport),
    )
    connection.greet(entry.greeting)
    # This stack frame lives as long as the client stays, idle for hours.
    del accepted, entry, hello
    try:
        room.seat(connection)
    except DeskError as error:
        await ws.send_frame(room.error(error, session.locale), WSMsgType.TEXT)
        await ws.close(code=MANY_WINDOWS, message=b"too many windows")
        return ws
    room.connections.add(connection)
    try:
        await connection.serve()
    except DeskError as error:
        # Only reading the log fails here; the client resumes when storage is back.
        if not is_outage(error):
            log.warning("chat_socket_ended", code=error.code.value)
        await ws.close(code=TRY_AGAIN_LATER, message=b"unavailable")
    except (ConnectionError, RuntimeError) as error:
        log.debug("chat_socket_lost", error=type(error).__name__)
    finally:
        room.connections.discard(connection)
        connection.gone()
        if room.hub.leave(connection):
            room.spawn(room.desk.leave(connection.session))
    return ws


async def _first_hello(request: web.Request, room: Room, ws: Socket) -> Hello | None:
    """Return the hello; None from a client that does not say one in time."""
    with contextlib.suppress(ConnectionError):
        try:
            async with asyncio.timeout(room.settings.hello_timeout):
                return await _read_hello(room, ws, negotiate(_languages(request)))
        except TimeoutError:
            await ws.close(code=NO_HELLO, message=b"no hello")
    return None


async def _welcomed(
    request: web.Request, room: Room, ws: Socket, hello: Hello
) -> tuple[Entry, Hello] | None:
    """Admit the client and welcome it; None when it was refused."""
    languages = hello.languages or _languages(request)
    with contextlib.suppress(ConnectionError):
        try:
            entry = await let_in(
                request,
                Credentials(token=hello.token, secret=hello.secret),
                languages=languages,
                challenge=hello.challenge,
            )
        except DeskError as error:
            await _turn_away(room, ws, error, negotiate(languages))
            return None
        await ws.send_frame(
            encode({"type": "welcome", **welcome_json(room, entry, hello)}),
            WSMsgType.TEXT,
        )
        return entry, hello
    return None


async def _turn_away(room: Room, ws: Socket, error: DeskError, locale: str) -> None:
    await ws.send_frame(room.error(error, locale), WSMsgType.TEXT)
    unavailable = error.code not in {
        ErrorCode.UNAUTHENTICATED,
        ErrorCode.TOKEN_EXPIRED,
        ErrorCode.FORBIDDEN,
    }
    await ws.close(
        code=TRY_AGAIN_LATER if unavailable else UNAUTHENTICATED,
        message=error.code.value.encode(),
    )


def _languages(request: web.Request) -> str:
    return request.headers.get("Accept-Language", "")[:256]


async def _read_hello(room: Room, ws: Socket, locale: str) -> Hello | None:
    for _ in range(_HELLO_TRIES):
        message = await ws.receive()
        while message.type in {WSMsgType.PING, WSMsgType.PONG}:
            if message.type is WSMsgType.PING:
                await ws.pong(message.data)
            message = await ws.receive()
        try:
            if message.type is WSMsgType.BINARY:
                raise FrameError("frames are text", "binary")  # noqa: TRY301 - told like the others
            if message.type is not WSMsgType.TEXT:
                return None
            frame = parse_frame(message.data, max_text=room.settings.max_text)
            if isinstance(frame, Hello):
                return frame
            raise FrameError("the first frame is a hello", "hello_first")  # noqa: TRY301
        except FrameError as error:
            await ws.send_frame(room.error(error, locale, error.id), WSMsgType.TEXT)
    await ws.close(code=_POLICY_VIOLATION, message=b"bad frames")
    return None
