"""The WebSocket handler: upgrade, hello and welcome, then the connection."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import structlog
from aiohttp import WSMsgType, web

from privacydesk.errors import DeskError, ErrorCode, is_outage
from privacydesk.i18n.negotiation import negotiate
from privacydesk.services.api import Admission, Credentials
from privacydesk.web.addresses import abort_callback, client_network
from privacydesk.web.chat.access import accept_language, admit
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.chat.connection import (
    POLICY_VIOLATION,
    TRY_AGAIN_LATER,
    UNAUTHENTICATED,
    Connection,
    Peer,
)
from privacydesk.web.chat.encoding import encode
from privacydesk.web.chat.frame_parser import FrameError, Hello, parse_frame
from privacydesk.web.chat.welcome import valid_offset, welcome_json
from privacydesk.web.keys import CHAT_SERVER, CONVERSATION_LOCALE, SETTINGS

log = structlog.get_logger(__name__)

SUBPROTOCOL = "privacydesk.chat.v1"
# Application-specific close codes.
HELLO_TIMEOUT = 4408
TOO_MANY_WINDOWS = 4429
_MAX_HELLO_ATTEMPTS = 5

Socket = web.WebSocketResponse[Any]


async def chat_socket(request: web.Request) -> web.StreamResponse:
    """Serve a client until its socket closes.

    Raises:
        DeskError: before the upgrade: ``RATE_LIMITED`` if there are too many sockets, ``FORBIDDEN``
            if a page of another origin opens it.
    """
    chat = request.app[CHAT_SERVER]
    _check_page(request)
    # Stored as a string for as long as the socket is open: a network object takes half a kilobyte.
    origin = str(client_network(request, chat.settings.trusted_proxies))
    with chat.socket_slot(origin, abort_callback(request)):
        return await _serve_socket(request, chat, origin)


def _check_page(request: web.Request) -> None:
    """Refuse pages of other origins than those that may open sockets; apps name none."""
    allowed, page = request.config_dict[SETTINGS].socket_origins, request.headers.get("Origin")
    if not allowed or page is None or page in allowed:
        return
    if page.partition("://")[2] != request.host:
        raise DeskError("pages of this origin may open no sockets", code=ErrorCode.FORBIDDEN)


async def _serve_socket(request: web.Request, chat: ChatServer, origin: str) -> web.StreamResponse:
    ws: Socket = web.WebSocketResponse(
        protocols=(SUBPROTOCOL,),
        # The connection handles pongs itself, so that one ticker can send all heartbeats.
        autoping=False,
        # Compression takes 100 KB per connection, for frames of a few hundred bytes.
        compress=False,
        max_msg_size=chat.settings.frame_hard_limit,
        # Receive bytes, so that invalid UTF-8 is answered with an error instead of a close.
        decode_text=False,
        timeout=2.0,
    )
    with chat.handshake_slot(origin, abort_callback(request)):
        await ws.prepare(request)
        # The headers are sent already, and would take one kilobyte per idle socket.
        ws.headers.clear()
        hello = await _wait_for_hello(request, chat, ws)
    welcomed = None if hello is None else await _admit_and_welcome(request, chat, ws, hello)
    if welcomed is None:
        return ws
    admission, hello = welcomed
    session = admission.session
    connection = Connection(
        chat,
        ws,
        session,
        valid_offset(session, hello.epoch, hello.offset),
        Peer(origin, request.transport),
    )
    connection.send_greeting(admission.greeting)
    is_new = bool(admission.greeting) and not session.account
    # This stack frame exists as long as the socket, which may be idle for hours: free memory.
    del welcomed, admission, hello
    try:
        chat.add_viewer(connection, is_new=is_new)
    except DeskError as error:
        await ws.send_frame(chat.error_frame(error, session.locale), WSMsgType.TEXT)
        await ws.close(code=TOO_MANY_WINDOWS, message=b"too many windows")
        return ws
    chat.connections.add(connection)
    try:
        await connection.serve()
    except DeskError as error:
        # Only reading the log can fail here; the client resumes when the database is back.
        if not is_outage(error):
            log.warning("chat_socket_ended", code=error.code.value)
        await ws.close(code=TRY_AGAIN_LATER, message=b"unavailable")
    except (ConnectionError, RuntimeError) as error:
        log.debug("chat_socket_lost", error=type(error).__name__)
    finally:
        chat.connections.discard(connection)
        connection.on_closed()
        if chat.hub.leave(connection):
            chat.spawn(chat.desk.mark_left(connection.session))
    return ws


async def _wait_for_hello(request: web.Request, chat: ChatServer, ws: Socket) -> Hello | None:
    """Return the client's hello; None if it sends none in time."""
    with contextlib.suppress(ConnectionError):
        try:
            async with asyncio.timeout(chat.settings.hello_timeout):
                return await _read_hello(chat, ws, negotiate(accept_language(request)))
        except TimeoutError:
            await ws.close(code=HELLO_TIMEOUT, message=b"no hello")
    return None


async def _admit_and_welcome(
    request: web.Request, chat: ChatServer, ws: Socket, hello: Hello
) -> tuple[Admission, Hello] | None:
    """Admit the client and send the welcome; return None if it was refused or is gone."""
    languages = hello.languages or accept_language(request)
    with contextlib.suppress(ConnectionError):
        try:
            admission = await admit(
                request,
                Credentials(token=hello.token, secret=hello.secret),
                languages=languages,
                challenge=hello.challenge,
                with_requests=True,
            )
        except DeskError as error:
            await _reject(chat, ws, error, request[CONVERSATION_LOCALE])
            return None
        await ws.send_frame(
            encode({"type": "welcome", **welcome_json(chat, admission, hello)}),
            WSMsgType.TEXT,
        )
        return admission, hello
    return None


async def _reject(chat: ChatServer, ws: Socket, error: DeskError, locale: str) -> None:
    await ws.send_frame(chat.error_frame(error, locale), WSMsgType.TEXT)
    is_retryable = error.code not in {
        ErrorCode.UNAUTHENTICATED,
        ErrorCode.TOKEN_EXPIRED,
        ErrorCode.FORBIDDEN,
    }
    await ws.close(
        code=TRY_AGAIN_LATER if is_retryable else UNAUTHENTICATED,
        message=error.code.value.encode(),
    )


async def _read_hello(chat: ChatServer, ws: Socket, locale: str) -> Hello | None:
    """Return the first valid hello; None if the client closes or sends too many bad frames."""
    for _ in range(_MAX_HELLO_ATTEMPTS):
        message = await ws.receive()
        while message.type in {WSMsgType.PING, WSMsgType.PONG}:
            if message.type is WSMsgType.PING:
                await ws.pong(message.data)
            message = await ws.receive()
        try:
            if message.type is WSMsgType.BINARY:
                raise FrameError("frames are text", "binary")  # noqa: TRY301 - sent like the others
            if message.type is not WSMsgType.TEXT:
                return None
            frame = parse_frame(message.data, max_text=chat.settings.max_text)
            if isinstance(frame, Hello):
                return frame
            raise FrameError("the first frame is a hello", "hello_first")  # noqa: TRY301
        except FrameError as error:
            await ws.send_frame(chat.error_frame(error, locale, error.id), WSMsgType.TEXT)
    await ws.close(code=POLICY_VIOLATION, message=b"bad frames")
    return None
