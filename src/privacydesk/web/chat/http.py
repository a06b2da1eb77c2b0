"""The HTTP equivalent: the same frames by POST, the same events by long poll or as a stream."""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import AbstractContextManager
from typing import Any

from aiohttp import web

from privacydesk.errors import DeskError, ErrorCode
from privacydesk.i18n.negotiation import negotiate
from privacydesk.services.api import Credentials, Session
from privacydesk.web.addresses import ender_of, origin_of
from privacydesk.web.answers import json_answer
from privacydesk.web.bodies import read_limited
from privacydesk.web.chat.access import credentials_of, languages_of, let_in, session_of
from privacydesk.web.chat.backlog import Answer, Backlog
from privacydesk.web.chat.encoding import encode, event_json, events_json, fitting, view_json
from privacydesk.web.chat.follower import Follower
from privacydesk.web.chat.frames import (
    MAX_OFFSET,
    Choose,
    FrameError,
    HandIn,
    Read,
    Send,
    Typing,
    characters_of,
    parse_frame,
    parse_hello,
)
from privacydesk.web.chat.jobs import run_job
from privacydesk.web.chat.room import Room
from privacydesk.web.chat.welcome import copy_ends_at, welcome_json
from privacydesk.web.files import file_answer
from privacydesk.web.keys import ROOM, SPOKEN

EVENT_STREAM = "text/event-stream"


async def open_session(request: web.Request) -> web.Response:
    """Answer a hello with a welcome; the events are fetched separately."""
    room = request.app[ROOM]
    hello = parse_hello(await read_limited(request, room.settings.max_frame))
    credentials = credentials_of(request)
    if not credentials.token and not credentials.secret:
        credentials = Credentials(token=hello.token, secret=hello.secret)
    languages = hello.languages or languages_of(request)
    request[SPOKEN] = negotiate(languages)
    entry = await let_in(request, credentials, languages=languages, challenge=hello.challenge)
    return json_answer({"type": "welcome", **welcome_json(room, entry, hello)})


async def post_frame(request: web.Request) -> web.Response:
    """Take a frame that the socket would take; answer with its offset after the commit."""
    room = request.app[ROOM]
    # Authenticated first, so that errors in the body are reported in the user's language.
    session = await session_of(request)
    body = await read_limited(request, room.settings.max_frame)
    frame = parse_frame(body, max_text=room.settings.max_text)
    if isinstance(frame, Send | Choose | HandIn):
        room.admit(session, characters_of(frame))
        offset = await run_job(room.desk, session, frame)
        # Whatever was already in the log when the request came in can't be new.
        duplicate = offset <= session.head
        return json_answer({"id": frame.id, "offset": offset, "duplicate": duplicate})
    if isinstance(frame, Typing | Read):
        room.admit_signal(session)
    if isinstance(frame, Typing):
        await room.desk.typing(session)
    elif isinstance(frame, Read):
        await room.desk.read(session, frame.offset)
    else:
        raise FrameError("this frame is for the socket", "socket_only")
    return web.Response(status=204)


async def events(request: web.Request) -> web.StreamResponse:
    """Answer with the events after an offset: at once, after a wait, or as a stream."""
    room = request.app[ROOM]
    session = await session_of(request)
    room.admit_signal(session)
    if EVENT_STREAM in request.headers.get("Accept", ""):
        with _held(request, room):
            return await _stream(request, room, session)
    after = copy_ends_at(
        session, request.query.get("epoch", session.epoch), _whole(request, "after", MAX_OFFSET)
    )
    wait = min(float(_whole(request, "wait", 3600)), room.settings.max_wait)
    found = await room.desk.events(session, after=after, limit=room.settings.page)
    if not found and wait and after == session.head:
        with _held(request, room):
            found = await _await_events(room, session, after, wait)
    with room.answering(session):
        answer: dict[str, Any] = {
            "epoch": session.epoch,
            "after": after,
            "head": max(session.head, found[-1].offset if found else 0),
            **events_json(fitting(found), await room.desk.view(session)),
        }
        return await _sent(request, room, json_answer(answer))


async def attachment(request: web.Request) -> web.Response:
    """Answer with a file that an agent sent in the caller's own conversation."""
    room = request.app[ROOM]
    session = await session_of(request)
    room.admit(session)
    with room.answering(session):
        file = await room.desk.attachment(session, request.match_info["file"])
        return await _sent(request, room, file_answer(file))


def _held(request: web.Request, room: Room) -> AbstractContextManager[None]:
    """Count a long-lived request like a socket of its address."""
    origin = str(origin_of(request, room.settings.trusted_proxies))
    return room.socket(origin, ender_of(request))


async def _sent(request: web.Request, room: Room, answer: web.Response) -> web.Response:
    """Send a whole answer while it counts towards its address's backlog."""
    size = len(answer.body) if isinstance(answer.body, bytes) else 0
    with room.sending(_on_its_way(request, room), size):
        await answer.prepare(request)
        await answer.write_eof()
        return answer


def _on_its_way(request: web.Request, room: Room) -> Answer:
    if request.transport is None:
        raise ConnectionResetError("the client is gone")
    origin = str(origin_of(request, room.settings.trusted_proxies))
    return Answer(origin, request.transport, request.transport.abort)


async def _await_events(room: Room, session: Session, after: int, wait: float) -> Any:
    follower = Follower(session, after)
    room.seat(follower)
    try:
        # A commit between the first read and joining has woken nobody.
        found = await room.desk.events(session, after=after, limit=room.settings.page)
        if found:
            return found
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await follower.wait(room.stopping)
        if room.expired(session):
            raise DeskError("the token has expired", code=ErrorCode.TOKEN_EXPIRED)
        return await room.desk.events(session, after=after, limit=room.settings.page)
    finally:
        if room.hub.leave(follower):
            room.spawn(room.desk.leave(session))


async def _stream(request: web.Request, room: Room, session: Session) -> web.StreamResponse:
    """Send events as server-sent events; the id of each is its offset."""
    last = request.headers.get("Last-Event-ID", "")
    after = int(last) if last.isascii() and last.isdecimal() and len(last) < 16 else None  # noqa: PLR2004
    if after is None:
        after = _whole(request, "after", MAX_OFFSET)
    after = copy_ends_at(session, request.query.get("epoch", session.epoch), after)
    response = web.StreamResponse(
        headers={
            "Content-Type": EVENT_STREAM,
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        }
    )
    follower = Follower(session, after)
    room.seat(follower)
    answer = _on_its_way(request, room)
    line = _Line(response, answer, room.backlog)
    try:
        with room.sending(answer):
            await response.prepare(request)
            await line.say(_frame("session", {"epoch": session.epoch, "after": after}))
            await _follow(line, room, follower)
    except ConnectionError:
        pass
    finally:
        if room.hub.leave(follower):
            room.spawn(room.desk.leave(session))
    return response


async def _follow(line: _Line, room: Room, follower: Follower) -> None:
    """Send what is new until the stream ends."""
    while not room.stopping.is_set():
        # Checked before sending: the event that woke this may follow the token's expiry.
        if room.expired(follower.session):
            await line.say(_frame("expired", {}))
            break
        if follower.restarted:
            await line.say(_frame("bye", {"reason": "epoch"}))
            break
        await _send_new(line, room, follower)
        try:
            async with asyncio.timeout(room.settings.heartbeat):
                await follower.wait(room.stopping)
        except TimeoutError:
            await line.say(b":\n\n")


class _Line:
    """A stream that accounts for its unsent bytes."""

    def __init__(self, response: web.StreamResponse, answer: Answer, backlog: Backlog) -> None:
        self._response = response
        self._answer = answer
        self._backlog = backlog

    async def say(self, frames: bytes) -> None:
        """Send frames once the ones before them are taken."""
        self._answer.pending = len(frames)
        self._backlog.account(self._answer, self._answer.weigh())
        await self._response.write(frames)
        self._answer.pending = 0
        self._backlog.account(self._answer, self._answer.weigh())


async def _send_new(line: _Line, room: Room, follower: Follower) -> None:
    # While a slow client takes a page, only its encoded frames are kept.
    while frames := await _next_page(room, follower):
        await line.say(frames)
    view = await room.desk.view(follower.session)
    if view != follower.shown:
        follower.shown = view
        await line.say(_frame("view", view_json(view)))


async def _next_page(room: Room, follower: Follower) -> bytes:
    """Return the frames of the next events; empty when all were sent."""
    events = fitting(
        await room.desk.events(follower.session, after=follower.cursor, limit=room.settings.page)
    )
    if events:
        follower.cursor = events[-1].offset
    return b"".join(_frame("event", event_json(event), event.offset) for event in events)


def _frame(name: str, value: Any, offset: int = 0) -> bytes:
    head = f"id: {offset}\nevent: {name}\n" if offset else f"event: {name}\n"
    return head.encode() + b"data: " + encode(value) + b"\n\n"


def _whole(request: web.Request, name: str, limit: int) -> int:
    """Return a query parameter as a whole number, 0 when it is missing."""
    value = request.query.get(name, "0")
    if not (value.isascii() and value.isdecimal()) or len(value) > len(str(limit)):
        raise DeskError(
            f"{name} must be a whole number", code=ErrorCode.INVALID_REQUEST, reason="wrong_type"
        )
    return min(int(value), limit)
