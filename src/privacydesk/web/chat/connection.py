"""One open WebSocket: its cursor, its send queue, and the handling of its frames.

The reader is the connection's only task. A frame is sent at once if the client can take it; else
it is queued, and the reader or a short-lived task sends it. A client that does not keep up is
disconnected, and resumes from its own offset.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

import structlog
from aiohttp import WSMsgType, web

from privacydesk.domain.events import Event
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services.api import Credentials, Session
from privacydesk.web.chat.encoding import encode, events_frame, fitting, view_json
from privacydesk.web.chat.frames import (
    Choose,
    FrameError,
    HandIn,
    Hello,
    Ping,
    Read,
    Renew,
    Send,
    Typing,
    characters_of,
    parse_frame,
)
from privacydesk.web.chat.hub import keep_language
from privacydesk.web.chat.jobs import run_job
from privacydesk.web.chat.room import Room

log = structlog.get_logger(__name__)

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
GOING_AWAY = 1001
UNAUTHENTICATED = 4401
OTHER_ACCOUNT = 4403
EPOCH_CHANGED = 4409

PONG = encode({"type": "pong"})
EXPIRED = encode({"type": "expired"})
_JOBS = (Send, Choose, HandIn)
"""Frames that become jobs; a union written inside ``isinstance`` is rebuilt on each call."""
_AT_ONCE = 16 * 1024
"""Most bytes of a frame that the transport takes without applying backpressure."""
_REFUSALS_BEFORE_BRAKE = 50
_SHORTEST_BRAKE = 0.1
_LONGEST_BRAKE = 1.0
_SILENT_BEATS = 2.5


class Peer(NamedTuple):
    """The other end of a socket.

    Attributes:
        origin: the address it comes from.
        transport: None when it is gone already.
    """

    origin: str
    transport: asyncio.Transport | None


class Connection:
    """An admitted client and its socket."""

    __slots__ = (
        "__weakref__",
        "_bad",
        "_busy",
        "_catching",
        "_closing",
        "_cursor",
        "_expired_at",
        "_flushing",
        "_queue",
        "_queued_bytes",
        "_refused",
        "_room",
        "_seen",
        "_transport",
        "_wanted",
        "_ws",
        "origin",
        "session",
    )

    def __init__(
        self,
        room: Room,
        ws: web.WebSocketResponse[Any],
        session: Session,
        cursor: int,
        peer: Peer,
    ) -> None:
        self.session = session
        self.origin = peer.origin
        self._room = room
        self._ws = ws
        self._transport = peer.transport
        self._cursor = cursor
        self._wanted = session.head
        # None instead of an empty list: thousands of idle connections have nothing to send.
        self._queue: list[bytes] | None = None
        self._queued_bytes = 0
        self._busy = True
        self._flushing = False
        self._catching = True
        self._closing = False
        self._expired_at = 0.0
        self._seen = asyncio.get_running_loop().time()
        self._bad = 0
        self._refused = 0

    # What the hub and the ticker call.

    def deliver(self, first: int, last: int, frame: bytes) -> None:
        """Take a commit's events if they follow the cursor; else read what is missing."""
        if last <= self._cursor:
            return
        if first != self._cursor + 1 or self._catching or self._expired_at:
            self.behind(last)
            return
        self._cursor = last
        self.show(frame)

    def behind(self, head: int) -> None:
        """Learn that the log goes up to ``head``; read what is missing."""
        if head <= self._cursor or self._closing:
            return
        self._wanted = max(self._wanted, head)
        if not self._catching and not self._expired_at:
            self._catching = True
            self._room.spawn(self._fill_gap())

    def show(self, frame: bytes) -> None:
        """Send a frame, now or when the ones before it are out."""
        if self._closing or self._sent_at_once(frame):
            return
        if self._queue is None:
            self._queue = [frame]
        else:
            self._queue.append(frame)
        self._queued_bytes += len(frame)
        self._weigh_in()
        if not self._closing and not self._busy and not self._flushing:
            self._room.spawn(self.flush())

    def weigh(self) -> int:
        """Return the bytes held for it: not taken by the client yet, or not handled by the desk."""
        transport = self._transport
        unsent = 0 if transport is None else transport.get_write_buffer_size()
        return self._queued_bytes + unsent + self._unhandled()

    def _unhandled(self) -> int:
        """Return the bytes that wait in aiohttp's reader, which has no public accessor."""
        reader = self._ws._reader  # noqa: SLF001
        return 0 if reader is None else reader._size  # noqa: SLF001

    def let_go(self) -> None:
        """Close because too much is held for it, or for its address."""
        self._begin_close(TRY_AGAIN_LATER, b"too slow")

    def restart(self) -> None:
        """The conversation was restored or purged: the client's copy is void."""
        self.show(encode({"type": "bye", "reason": "epoch"}))
        self._begin_close(EPOCH_CHANGED, b"epoch")

    def expire(self) -> None:
        """Stop serving the token until another one comes."""
        if not self._expired_at and not self._closing:
            self._expired_at = asyncio.get_running_loop().time()
            self.show(EXPIRED)

    def tend(self, now: float) -> None:
        """Ping a silent client; drop a dead one, or one that does not renew its token."""
        if self._closing:
            return
        self._weigh_in()
        if self._expired_at and now - self._expired_at > self._room.settings.renew_grace:
            self._begin_close(UNAUTHENTICATED, b"token")
        silent = now - self._seen
        if silent > self._room.settings.heartbeat * _SILENT_BEATS:
            self._begin_close(TRY_AGAIN_LATER, b"silent")
        elif silent > self._room.settings.heartbeat and not self._flushing:
            self._room.spawn(self._ping())

    def gone(self) -> None:
        """Handle the closed socket: its bytes no longer count."""
        self._closing = True
        self._room.backlog.forget(self)

    async def shut(self) -> None:
        """Close because the server stops."""
        self.show(encode({"type": "bye", "reason": "restart"}))
        self._closing = True
        await self._close(GOING_AWAY, b"restart")

    # What the reader does.

    def greet(self, greeting: Sequence[Event]) -> None:
        """Show the first events of a new conversation, which need not be read from the log."""
        if greeting:
            self._show_events(greeting)

    async def serve(self) -> None:
        """Send what is missing, then answer frames until the socket closes."""
        await self._held_up(self._catch_up())
        if self._cursor > self.session.head:
            # The log has grown since the welcome, whose view is outdated.
            await self._show_view()
        self._busy = False
        await self.flush()
        ws, loop = self._ws, asyncio.get_running_loop()
        while True:
            message = await ws.receive()
            self._seen = loop.time()
            kind = message.type
            if kind is WSMsgType.TEXT:
                if self._closing:
                    continue
                await self._take(message.data)
            elif kind is WSMsgType.PING:
                await ws.pong(message.data)
            elif kind is WSMsgType.PONG:
                continue
            elif kind is WSMsgType.BINARY:
                self._refuse(FrameError("frames are text", "binary"))
            else:
                return

    async def _take(self, data: bytes) -> None:
        self._busy = True
        try:
            await self._answer(data)
        except FrameError as error:
            self._refuse(error)
        except DeskError as error:
            self._tell(error)
            if error.code is ErrorCode.RATE_LIMITED:
                await self._brake(error)
        finally:
            self._busy = False
        if self._queue is not None:
            await self._held_up(self.flush())

    async def _held_up(self, work: Coroutine[Any, Any, None]) -> None:
        """Await work that a client can prolong, with reading from it paused."""
        protocol: Any = None if self._transport is None else self._transport.get_protocol()
        if protocol is None:
            return await work
        protocol.pause_reading()
        try:
            await work
        finally:
            if not self._unhandled():
                # Else aiohttp resumes by itself once the reader's queue is read.
                protocol.resume_reading()

    async def _answer(self, data: bytes) -> None:
        room, session = self._room, self.session
        if len(data) > room.settings.max_frame:
            raise FrameError("the frame is too large", "frame_too_large")
        frame = parse_frame(data, max_text=room.settings.max_text)
        if isinstance(frame, _JOBS):
            await self._job(frame)
            return
        if isinstance(frame, Hello):
            raise FrameError("this connection has said hello", "hello_again")
        room.admit_signal(session)
        if isinstance(frame, Ping):
            self.show(PONG)
        elif isinstance(frame, Typing):
            if not self._expired_at:
                await room.desk.typing(session)
        elif isinstance(frame, Read):
            if not self._expired_at:
                await room.desk.read(session, min(frame.offset, self._cursor))
        else:
            await self._renew(frame)

    async def _job(self, frame: Send | Choose | HandIn) -> None:
        room, before = self._room, self._cursor
        try:
            room.admit(self.session, characters_of(frame))
            offset = await run_job(room.desk, self.session, frame)
        except DeskError as error:
            self._tell(error, frame.id)
            if error.code is ErrorCode.RATE_LIMITED:
                await self._brake(error)
            return
        except Exception as error:
            log.exception("chat_job_failed", error=type(error).__name__)
            self._tell(DeskError("internal", code=ErrorCode.INTERNAL), frame.id)
            return
        self._refused = 0
        if offset <= before:
            self.show(encode({"type": "ack", "id": frame.id, "offset": offset, "duplicate": True}))
        elif offset > self._cursor:
            # The commit's notification was lost; its events carry the acknowledgement.
            self._wanted = max(self._wanted, offset)
            if not self._catching:
                self._catching = True
                await self._fill_gap()

    async def _brake(self, error: DeskError) -> None:
        """Stop reading from a client that will not slow down; TCP makes it wait."""
        self._refused += 1
        if self._refused > _REFUSALS_BEFORE_BRAKE and not self._closing:
            await self.flush()
            # ``retry_after`` is rounded, possibly to 0.
            wait = float(error.data.get("retry_after", _LONGEST_BRAKE))
            pause = min(max(wait, _SHORTEST_BRAKE), _LONGEST_BRAKE)
            await self._held_up(asyncio.sleep(pause))

    async def _renew(self, frame: Renew) -> None:
        if not self.session.account:
            raise FrameError("this conversation has no token to renew", "no_account")
        session = (await self._room.desk.open(Credentials(token=frame.token), languages="")).session
        if session.conversation != self.session.conversation:
            self._begin_close(OTHER_ACCOUNT, b"account")
            return
        self.session = session
        self._expired_at = 0.0
        self.show(encode({"type": "renewed"}))
        self.behind(session.head)

    def _tell(self, error: DeskError, frame_id: str = "") -> None:
        if error.code is ErrorCode.TOKEN_EXPIRED:
            self.expire()
        self.show(self._room.error(error, self.session.locale, frame_id))

    def _refuse(self, error: FrameError) -> None:
        self.show(self._room.error(error, self.session.locale, error.id))
        if not error.bad:
            return
        self._bad += 1
        if self._bad > self._room.settings.bad_frames:
            self._begin_close(POLICY_VIOLATION, b"bad frames")

    # Sending.

    def _sent_at_once(self, frame: bytes) -> bool:
        """Send a frame if nothing is queued and it need not wait; else return False.

        A task for it would send one loop iteration later, and be the costliest part of sending.
        """
        transport = self._transport
        if (
            self._catching
            or self._flushing
            or self._queue is not None
            or len(frame) > _AT_ONCE
            or transport is None
            or transport.get_write_buffer_size()
        ):
            return False
        try:
            # A frame that fits into an empty buffer is written in one step, without waiting.
            self._ws.send_frame(frame, WSMsgType.TEXT).send(None)
        except StopIteration:
            if transport.get_write_buffer_size():
                self._weigh_in()
        except (ConnectionError, RuntimeError) as error:
            # The reader notices the lost connection by itself.
            log.debug("chat_frame_lost", error=type(error).__name__)
        return True

    def _weigh_in(self) -> None:
        """Account for the bytes held, and close if there are too many."""
        size, queue = self.weigh(), self._queue
        settings = self._room.settings
        if size > settings.queue_bytes or (queue and len(queue) > settings.queue_frames):
            self.let_go()
        elif not self._closing:
            self._room.backlog.account(self, size)

    async def flush(self) -> None:
        """Send the queue. Only one call sends at a time."""
        if self._flushing:
            return
        self._flushing = True
        try:
            while (queue := self._queue) is not None:
                self._queue = None
                for frame in queue:
                    self._queued_bytes -= len(frame)
                    await self._ws.send_frame(frame, WSMsgType.TEXT)
        except (ConnectionError, RuntimeError):
            # The reader notices the lost connection by itself.
            self._queue = None
            self._queued_bytes = 0
        finally:
            self._flushing = False
            self._weigh_in()

    async def _catch_up(self) -> None:
        """Read and send what lies between the cursor and the head."""
        try:
            while self._cursor < self._wanted and not self._closing and not self._expired_at:
                # While a slow client takes a page, only its encoded frame is kept.
                if not await self._show_page():
                    break
                await self.flush()
        finally:
            self._catching = False

    async def _show_page(self) -> bool:
        """Read the next page and show it; return whether there was one."""
        events = fitting(
            await self._room.desk.events(
                self.session, after=self._cursor, limit=self._room.settings.page
            )
        )
        if events:
            self._show_events(events)
        return bool(events)

    def _show_events(self, events: Sequence[Event]) -> None:
        self._cursor = events[-1].offset
        self.show(events_frame(events))

    async def _fill_gap(self) -> None:
        """Read the missing events, and the view that would have come with them."""
        await self._catch_up()
        await self._show_view()

    async def _show_view(self) -> None:
        if not self._closing and not self._expired_at:
            view = await self._room.desk.view(self.session)
            keep_language(self, view)
            self.show(encode({"type": "view", "view": view_json(view)}))
            await self.flush()

    async def _ping(self) -> None:
        try:
            await self._ws.ping()
        except (ConnectionError, RuntimeError):
            self._begin_close(GOING_AWAY, b"lost")

    def _begin_close(self, code: int, reason: bytes) -> None:
        if not self._closing:
            self._closing = True
            self._room.backlog.forget(self)
            self._room.spawn(self._close(code, reason))

    async def _close(self, code: int, reason: bytes) -> None:
        if code == TRY_AGAIN_LATER:
            self._queue, self._queued_bytes = None, 0
            if self._transport is not None and self._transport.get_write_buffer_size() > _AT_ONCE:
                # The close frame would wait behind all unsent data, and keep it in memory.
                self._transport.abort()
                return
        else:
            await self.flush()
        await self._ws.close(code=code, message=reason, drain=False)
        if self._transport is not None:
            # A graceful close would wait for ever on a client that does not read.
            self._transport.abort()
