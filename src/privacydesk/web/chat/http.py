"""The HTTP equivalent of the socket: frames by POST, events by long poll or event stream."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from aiohttp import web
from msgspec.structs import replace

from privacydesk.domain.events import Event
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import Credentials, Session, View
from privacydesk.web.addresses import abort_callback, client_network
from privacydesk.web.bodies import read_body
from privacydesk.web.chat.access import (
    accept_language,
    admit,
    parse_credentials,
    require_session,
)
from privacydesk.web.chat.backlog import Backlog, PendingResponse
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.chat.encoding import encode, event_json, events_json, first_page, view_json
from privacydesk.web.chat.frame_parser import (
    JOB_FRAMES,
    MAX_OFFSET,
    FrameError,
    JobFrame,
    Read,
    Typing,
    parse_frame,
    parse_hello,
    text_length,
)
from privacydesk.web.chat.http_viewer import HttpViewer
from privacydesk.web.chat.jobs import run_job
from privacydesk.web.chat.welcome import valid_offset, welcome_json
from privacydesk.web.files import file_response
from privacydesk.web.keys import CHAT_SERVER
from privacydesk.web.responses import json_response

EVENT_STREAM = "text/event-stream"


async def open_session(request: web.Request) -> web.Response:
    """Admit a client and respond with the welcome; events are fetched by separate requests."""
    chat = request.app[CHAT_SERVER]
    hello = parse_hello(await read_body(request, chat.settings.max_frame))
    credentials = parse_credentials(request)
    if not credentials.token and not credentials.secret:
        credentials = Credentials(token=hello.token, secret=hello.secret)
    languages = hello.languages or accept_language(request)
    admission = await admit(
        request,
        credentials,
        languages=languages,
        challenge=hello.challenge,
        with_requests=True,
    )
    return json_response({"type": "welcome", **welcome_json(chat, admission, hello)})


async def post_frame(request: web.Request) -> web.StreamResponse:
    """Handle a frame as the socket would; respond to a message with its offset after the commit.

    With ``after`` in the query, the response also has what ``get_events`` would respond then.
    """
    chat = request.app[CHAT_SERVER]
    # Authenticate first, so that errors in the body are reported in the user's language.
    session = await require_session(request)
    body = await read_body(request, chat.settings.max_frame)
    frame = parse_frame(body, max_text=chat.settings.max_text)
    if isinstance(frame, JOB_FRAMES):
        chat.admit_message(session, text_length(frame))
        if "after" not in request.query:
            return json_response(await _run_job(chat, session, frame))
        after = _position(request, session)
        # Taken before the commit: a client that gets an error sends the message again.
        with chat.response_slot(session):
            accepted = await _run_job(chat, session, frame)
            if chat.is_expired(session):
                return json_response(accepted)
            events = await chat.desk.events(
                session, after=after, limit=chat.settings.replay_page_size
            )
            page = _page_json(session, after, events, await chat.desk.view(session))
            return await _send_response(request, chat, json_response(accepted | page))
    if isinstance(frame, Typing | Read):
        chat.admit_signal(session)
    if isinstance(frame, Typing):
        await chat.desk.mark_typing(session)
    elif isinstance(frame, Read):
        await chat.desk.mark_read(session, frame.offset)
    else:
        raise FrameError("this frame is only for the socket", "socket_only")
    return web.Response(status=204)


async def _run_job(chat: ChatServer, session: Session, frame: JobFrame) -> dict[str, Any]:
    """Pass a message to the desk; return its acknowledgement as JSON."""
    offset = await run_job(chat.desk, session, frame)
    # An event that was in the log before this request is a duplicate.
    return {"id": frame.id, "offset": offset, "duplicate": offset <= session.head}


async def get_events(request: web.Request) -> web.StreamResponse:
    """Respond with the events after an offset: at once, by long poll, or as an event stream."""
    chat = request.app[CHAT_SERVER]
    session = await require_session(request)
    chat.admit_signal(session)
    if EVENT_STREAM in request.headers.get("Accept", ""):
        with _socket_slot(request, chat):
            return await _stream_events(request, chat, session)
    after = _position(request, session)
    wait = min(float(_query_integer(request, "wait", 3600)), chat.settings.max_wait)
    new_events = await chat.desk.events(session, after=after, limit=chat.settings.replay_page_size)
    if not new_events and wait and after == session.head:
        with _socket_slot(request, chat):
            new_events = await _wait_for_events(chat, session, after, wait)
    with chat.response_slot(session):
        fields = _page_json(session, after, new_events, await chat.desk.view(session))
        return await _send_response(request, chat, json_response(fields))


def _position(request: web.Request, session: Session) -> int:
    """Return the offset up to which the client that sends a request has the log."""
    epoch = request.query.get("epoch", session.epoch)
    return valid_offset(session, epoch, _query_integer(request, "after", MAX_OFFSET))


def _page_json(session: Session, after: int, events: Sequence[Event], view: View) -> dict[str, Any]:
    """Return the events after an offset, and the view, as JSON."""
    return {
        "epoch": session.epoch,
        "after": after,
        "head": max(session.head, events[-1].offset if events else 0),
        **events_json(first_page(events), view),
    }


async def get_attachment(request: web.Request) -> web.Response:
    """Respond with a file that an agent sent in the client's conversation."""
    chat = request.app[CHAT_SERVER]
    session = await require_session(request)
    chat.admit_message(session)
    with chat.response_slot(session):
        file = await chat.desk.attachment(session, request.match_info["file"])
        return await _send_response(request, chat, file_response(file))


def _socket_slot(request: web.Request, chat: ChatServer) -> AbstractContextManager[None]:
    """Count a long-lived request as a socket of its client address."""
    origin = str(client_network(request, chat.settings.trusted_proxies))
    return chat.socket_slot(origin, abort_callback(request))


async def _send_response(
    request: web.Request, chat: ChatServer, response: web.Response
) -> web.Response:
    """Send a response completely, and count it towards the backlog of its client address."""
    size = len(response.body) if isinstance(response.body, bytes) else 0
    with chat.track_response(_pending_response(request, chat), size):
        await response.prepare(request)
        await response.write_eof()
        return response


def _pending_response(request: web.Request, chat: ChatServer) -> PendingResponse:
    if request.transport is None:
        raise ConnectionResetError("the client is gone")
    origin = str(client_network(request, chat.settings.trusted_proxies))
    return PendingResponse(origin, request.transport, request.transport.abort)


async def _wait_for_events(chat: ChatServer, session: Session, after: int, wait: float) -> Any:
    """Return the events after an offset, waiting at most ``wait`` seconds for the first one."""
    viewer = HttpViewer(session, after)
    chat.add_viewer(viewer)
    try:
        # Read again: a commit before the viewer was added has not woken it up.
        new_events = await chat.desk.events(
            session, after=after, limit=chat.settings.replay_page_size
        )
        if new_events:
            return new_events
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await viewer.wait(chat.stopping)
        if chat.is_expired(session):
            raise DeskError("the token has expired", code=ErrorCode.TOKEN_EXPIRED)
        return await chat.desk.events(session, after=after, limit=chat.settings.replay_page_size)
    finally:
        if chat.hub.leave(viewer):
            chat.spawn(chat.desk.mark_left(session))


async def _stream_events(
    request: web.Request, chat: ChatServer, session: Session
) -> web.StreamResponse:
    """Send events as server-sent events, whose ids are the offsets."""
    last_id = request.headers.get("Last-Event-ID", "")
    if last_id.isascii() and last_id.isdecimal() and len(last_id) < 16:  # noqa: PLR2004
        after = int(last_id)
    else:
        after = _query_integer(request, "after", MAX_OFFSET)
    after = valid_offset(session, request.query.get("epoch", session.epoch), after)
    response = web.StreamResponse(
        headers={
            "Content-Type": EVENT_STREAM,
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    viewer = HttpViewer(session, after)
    chat.add_viewer(viewer)
    pending_response = _pending_response(request, chat)
    stream = _EventStream(response, pending_response, chat.backlog)
    try:
        with chat.track_response(pending_response):
            await response.prepare(request)
            await stream.send(_sse_event("session", {"epoch": session.epoch, "after": after}))
            await _send_until_end(stream, chat, viewer)
    except ConnectionError:
        pass
    finally:
        if chat.hub.leave(viewer):
            chat.spawn(chat.desk.mark_left(session))
    return response


async def _send_until_end(stream: _EventStream, chat: ChatServer, viewer: HttpViewer) -> None:
    """Send new events and views until the stream ends."""
    while not chat.stopping.is_set():
        # Check before sending: the new events may be later than the expiry of the token.
        if chat.is_expired(viewer.session):
            await stream.send(_sse_event("expired", {}))
            break
        if viewer.restarted:
            await stream.send(_sse_event("bye", {"reason": "epoch"}))
            break
        await _send_new(stream, chat, viewer)
        try:
            async with asyncio.timeout(chat.settings.heartbeat):
                await viewer.wait(chat.stopping)
        except TimeoutError:
            await stream.send(b":\n\n")


class _EventStream:
    """An event stream that records its unsent bytes in the backlog."""

    def __init__(
        self, response: web.StreamResponse, pending_response: PendingResponse, backlog: Backlog
    ) -> None:
        self._response = response
        self._pending_response = pending_response
        self._backlog = backlog

    async def send(self, data: bytes) -> None:
        """Send data once the transport has accepted the data before it."""
        self._record_pending(len(data))
        await self._response.write(data)
        self._record_pending(0)

    def _record_pending(self, size: int) -> None:
        self._pending_response.pending = size
        self._backlog.record(self._pending_response, self._pending_response.buffered_bytes())


async def _send_new(stream: _EventStream, chat: ChatServer, viewer: HttpViewer) -> None:
    """Send all events behind the viewer's cursor, then the view if it has changed."""
    # While a slow client receives a page, only its encoded form is kept in memory.
    while page := await _next_page(chat, viewer):
        await stream.send(page)
    view = replace(await chat.desk.view(viewer.session), version=0)
    if view != viewer.last_view:
        viewer.last_view = view
        await stream.send(_sse_event("view", view_json(view)))


async def _next_page(chat: ChatServer, viewer: HttpViewer) -> bytes:
    """Return the next events in encoded form; empty if all are sent."""
    events = first_page(
        await chat.desk.events(
            viewer.session, after=viewer.cursor, limit=chat.settings.replay_page_size
        )
    )
    if events:
        viewer.cursor = events[-1].offset
    return b"".join(_sse_event("event", event_json(event), event.offset) for event in events)


def _sse_event(name: str, value: Any, offset: int = 0) -> bytes:
    head = f"id: {offset}\nevent: {name}\n" if offset else f"event: {name}\n"
    return head.encode() + b"data: " + encode(value) + b"\n\n"


def _query_integer(request: web.Request, name: str, limit: int) -> int:
    """Return a query parameter as an integer, at most ``limit``; 0 if it is missing."""
    value = request.query.get(name, "0")
    if not (value.isascii() and value.isdecimal()) or len(value) > len(str(limit)):
        raise DeskError(
            f"{name} must be a whole number", code=ErrorCode.INVALID_REQUEST, reason="wrong_type"
        )
    return min(int(value), limit)
