"""An open WebSocket: its cursor, its send queue, and the handling of its frames.

The only permanent task of a connection is the one that receives frames. A frame is sent at once if
the transport can accept it; otherwise it is queued, and sent by the receiving task or a short-lived
one. A client that does not keep up is disconnected, and resumes from its own offset.
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
from privacydesk.web.chat.chat_server import ChatServer
from privacydesk.web.chat.encoding import encode, events_frame, first_page, view_json
from privacydesk.web.chat.frame_parser import (
    JOB_FRAMES,
    FrameError,
    Hello,
    JobFrame,
    Ping,
    Read,
    Renew,
    Typing,
    parse_frame,
    text_length,
)
from privacydesk.web.chat.hub import update_locale
from privacydesk.web.chat.jobs import run_job

log = structlog.get_logger(__name__)

# Close codes; those above 4000 are specific to this protocol.
POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013
GOING_AWAY = 1001
UNAUTHENTICATED = 4401
OTHER_ACCOUNT = 4403
EPOCH_CHANGED = 4409

_PONG_FRAME = encode({"type": "pong"})
_EXPIRED_FRAME = encode({"type": "expired"})
_MAX_DIRECT_SEND_BYTES = 16 * 1024
"""Maximum bytes of a frame that the transport accepts without applying backpressure."""
_RATE_LIMITED_FRAMES_BEFORE_THROTTLE = 50
_MIN_THROTTLE_SECONDS = 0.1
_MAX_THROTTLE_SECONDS = 1.0
_MAX_MISSED_HEARTBEATS = 2.5
"""Heartbeat intervals without any frame after which a client counts as dead."""


class Peer(NamedTuple):
    """The client at the other end of a socket.

    Attributes:
        origin: its network address.
        transport: the transport to it; None if it is disconnected already.
    """

    origin: str
    transport: asyncio.Transport | None


class Connection:
    """An admitted client and its socket; implements ``hub.Viewer``.

    Args:
        chat: the chat server of this process.
        ws: the open socket.
        session: the client's session.
        cursor: the offset of the last event that the client has.
        peer: the client's network address and transport.
    """

    __slots__ = (
        "__weakref__",
        "_catching_up",
        "_chat",
        "_closing",
        "_cursor",
        "_expired_at",
        "_flushing",
        "_handling",
        "_last_received_at",
        "_queue",
        "_queued_bytes",
        "_rate_limited",
        "_target",
        "_transport",
        "_violations",
        "_ws",
        "origin",
        "session",
    )

    def __init__(
        self,
        chat: ChatServer,
        ws: web.WebSocketResponse[Any],
        session: Session,
        cursor: int,
        peer: Peer,
    ) -> None:
        self.session = session
        self.origin = peer.origin
        self._chat = chat
        self._ws = ws
        self._transport = peer.transport
        self._cursor = cursor
        self._target = session.head
        # None instead of an empty list saves memory: thousands of connections are idle.
        self._queue: list[bytes] | None = None
        self._queued_bytes = 0
        self._handling = True
        self._flushing = False
        self._catching_up = True
        self._closing = False
        self._expired_at = 0.0
        self._last_received_at = asyncio.get_running_loop().time()
        self._violations = 0
        self._rate_limited = 0

    # Called by the hub and the ticker.

    def deliver(self, first: int, last: int, frame: bytes) -> None:
        """Send the events of a commit if they follow the cursor, or else read the missing ones."""
        if last <= self._cursor:
            return
        if first != self._cursor + 1 or self._catching_up or self._expired_at:
            self.catch_up_to(last)
            return
        self._cursor = last
        self.send(frame)

    def catch_up_to(self, head: int) -> None:
        """Read and send the events that are missing up to the offset ``head``."""
        if head <= self._cursor or self._closing:
            return
        self._target = max(self._target, head)
        if not self._catching_up and not self._expired_at:
            self._catching_up = True
            self._chat.spawn(self._resynchronise())

    def send(self, frame: bytes) -> None:
        """Send a frame now, or queue it behind those that are not sent yet."""
        if self._closing or self._try_send_now(frame):
            return
        if self._queue is None:
            self._queue = [frame]
        else:
            self._queue.append(frame)
        self._queued_bytes += len(frame)
        self._record_backlog()
        if not self._closing and not self._handling and not self._flushing:
            self._chat.spawn(self.flush())

    def buffered_bytes(self) -> int:
        """Return the bytes that are not sent to the client yet, or not handled by the desk yet."""
        transport = self._transport
        unsent = 0 if transport is None else transport.get_write_buffer_size()
        return self._queued_bytes + unsent + self._unread_bytes()

    def _unread_bytes(self) -> int:
        """Return the bytes in the queue of aiohttp's reader, which has no public accessor."""
        reader = self._ws._reader  # noqa: SLF001
        return 0 if reader is None else reader._size  # noqa: SLF001

    def disconnect(self) -> None:
        """Close because too many bytes are buffered for it, or for its network address."""
        self._begin_close(TRY_AGAIN_LATER, b"too slow")

    def restart(self) -> None:
        """Close because the conversation was restored or purged: the client's copy is void."""
        self.send(encode({"type": "bye", "reason": "epoch"}))
        self._begin_close(EPOCH_CHANGED, b"epoch")

    def expire(self) -> None:
        """Stop serving the client until it renews its token."""
        if not self._expired_at and not self._closing:
            self._expired_at = asyncio.get_running_loop().time()
            self.send(_EXPIRED_FRAME)

    def maintain(self, now: float) -> None:
        """Ping a silent client; close if it is dead or did not renew its token in time.

        Args:
            now: the time of the event loop, in seconds.
        """
        if self._closing:
            return
        self._record_backlog()
        if self._expired_at and now - self._expired_at > self._chat.settings.renew_grace:
            self._begin_close(UNAUTHENTICATED, b"token")
        silent_for = now - self._last_received_at
        if silent_for > self._chat.settings.heartbeat * _MAX_MISSED_HEARTBEATS:
            self._begin_close(TRY_AGAIN_LATER, b"silent")
        elif silent_for > self._chat.settings.heartbeat and not self._flushing:
            self._chat.spawn(self._ping())

    def on_closed(self) -> None:
        """Release the buffers' share of the backlog after the socket was closed."""
        self._closing = True
        self._chat.backlog.remove(self)

    async def shut_down(self) -> None:
        """Close because the server is stopping."""
        self.send(encode({"type": "bye", "reason": "restart"}))
        self._closing = True
        await self._close(GOING_AWAY, b"restart")

    # Receiving.

    def send_greeting(self, events: Sequence[Event]) -> None:
        """Send the first events of a new conversation without reading them from the log."""
        if events:
            self._send_events(events)

    async def serve(self) -> None:
        """Send the missing events, then handle frames until the socket closes."""
        await self._with_reading_paused(self._send_missing_events())
        if self._cursor > self.session.head:
            # There are new events since the welcome, so its view may be outdated.
            await self._send_view()
        self._handling = False
        await self.flush()
        ws, loop = self._ws, asyncio.get_running_loop()
        while True:
            message = await ws.receive()
            self._last_received_at = loop.time()
            kind = message.type
            if kind is WSMsgType.TEXT:
                if self._closing:
                    continue
                await self._handle_message(message.data)
            elif kind is WSMsgType.PING:
                await ws.pong(message.data)
            elif kind is WSMsgType.PONG:
                continue
            elif kind is WSMsgType.BINARY:
                self._reject(FrameError("frames are text", "binary"))
            else:
                return

    async def _handle_message(self, data: bytes) -> None:
        self._handling = True
        try:
            await self._handle_frame(data)
        except FrameError as error:
            self._reject(error)
        except DeskError as error:
            self._send_error(error)
            if error.code is ErrorCode.RATE_LIMITED:
                await self._throttle(error)
        finally:
            self._handling = False
        if self._queue is not None:
            await self._with_reading_paused(self.flush())

    async def _with_reading_paused(self, work: Coroutine[Any, Any, None]) -> None:
        """Await work while reading from the client is paused, so that it can't pile up input."""
        protocol: Any = None if self._transport is None else self._transport.get_protocol()
        if protocol is None:
            return await work
        protocol.pause_reading()
        try:
            await work
        finally:
            if not self._unread_bytes():
                # Otherwise aiohttp resumes by itself when the reader's queue is drained.
                protocol.resume_reading()

    async def _handle_frame(self, data: bytes) -> None:
        chat, session = self._chat, self.session
        if len(data) > chat.settings.max_frame:
            raise FrameError("the frame is too large", "frame_too_large")
        frame = parse_frame(data, max_text=chat.settings.max_text)
        if isinstance(frame, JOB_FRAMES):
            await self._handle_job(frame)
            return
        if isinstance(frame, Hello):
            raise FrameError("this connection has sent its hello already", "hello_again")
        chat.admit_signal(session)
        if isinstance(frame, Ping):
            self.send(_PONG_FRAME)
        elif isinstance(frame, Typing):
            if not self._expired_at:
                await chat.desk.mark_typing(session)
        elif isinstance(frame, Read):
            if not self._expired_at:
                await chat.desk.mark_read(session, min(frame.offset, self._cursor))
        else:
            await self._renew(frame)

    async def _handle_job(self, frame: JobFrame) -> None:
        chat, cursor_before = self._chat, self._cursor
        try:
            chat.admit_message(self.session, text_length(frame))
            offset = await run_job(chat.desk, self.session, frame)
        except DeskError as error:
            self._send_error(error, frame.id)
            if error.code is ErrorCode.RATE_LIMITED:
                await self._throttle(error)
            return
        except Exception as error:
            log.exception("chat_job_failed", error=type(error).__name__)
            self._send_error(DeskError("internal", code=ErrorCode.INTERNAL), frame.id)
            return
        self._rate_limited = 0
        if offset <= cursor_before:
            self.send(encode({"type": "ack", "id": frame.id, "offset": offset, "duplicate": True}))
        elif offset > self._cursor:
            # The notification of the commit was lost. Its events contain the acknowledgement.
            self._target = max(self._target, offset)
            if not self._catching_up:
                self._catching_up = True
                await self._resynchronise()

    async def _throttle(self, error: DeskError) -> None:
        """Pause reading from a client that ignores the rate limit; TCP makes it wait."""
        self._rate_limited += 1
        if self._rate_limited > _RATE_LIMITED_FRAMES_BEFORE_THROTTLE and not self._closing:
            await self.flush()
            # ``retry_after`` is rounded, possibly to 0.
            wait = float(error.data.get("retry_after", _MAX_THROTTLE_SECONDS))
            pause = min(max(wait, _MIN_THROTTLE_SECONDS), _MAX_THROTTLE_SECONDS)
            await self._with_reading_paused(asyncio.sleep(pause))

    async def _renew(self, frame: Renew) -> None:
        if not self.session.account:
            raise FrameError("this conversation has no token to renew", "no_account")
        session = (await self._chat.desk.open(Credentials(token=frame.token), languages="")).session
        if session.conversation != self.session.conversation:
            self._begin_close(OTHER_ACCOUNT, b"account")
            return
        self.session = session
        self._expired_at = 0.0
        self.send(encode({"type": "renewed"}))
        self.catch_up_to(session.head)

    def _send_error(self, error: DeskError, frame_id: str = "") -> None:
        if error.code is ErrorCode.TOKEN_EXPIRED:
            self.expire()
        self.send(self._chat.error_frame(error, self.session.locale, frame_id))

    def _reject(self, error: FrameError) -> None:
        self.send(self._chat.error_frame(error, self.session.locale, error.id))
        if not error.is_violation:
            return
        self._violations += 1
        if self._violations > self._chat.settings.bad_frames:
            self._begin_close(POLICY_VIOLATION, b"bad frames")

    # Sending.

    def _try_send_now(self, frame: bytes) -> bool:
        """Send a frame if it need not wait and no other one is queued; return whether it was sent.

        Sending in a task would start one loop iteration later, and the task would be the most
        expensive part of sending.
        """
        transport = self._transport
        if (
            self._catching_up
            or self._flushing
            or self._queue is not None
            or len(frame) > _MAX_DIRECT_SEND_BYTES
            or transport is None
            or transport.get_write_buffer_size()
        ):
            return False
        try:
            # A frame that fits into an empty buffer is written in one step of the coroutine.
            self._ws.send_frame(frame, WSMsgType.TEXT).send(None)
        except StopIteration:
            if transport.get_write_buffer_size():
                self._record_backlog()
        except (ConnectionError, RuntimeError) as error:
            # The receiving task notices the lost connection by itself.
            log.debug("chat_frame_lost", error=type(error).__name__)
        return True

    def _record_backlog(self) -> None:
        """Record the buffered bytes in the backlog; close if there are too many."""
        size, queue = self.buffered_bytes(), self._queue
        settings = self._chat.settings
        if size > settings.queue_bytes or (queue and len(queue) > settings.queue_frames):
            self.disconnect()
        elif not self._closing:
            self._chat.backlog.record(self, size)

    async def flush(self) -> None:
        """Send all queued frames, unless another call is sending them already."""
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
            # The receiving task notices the lost connection by itself.
            self._queue = None
            self._queued_bytes = 0
        finally:
            self._flushing = False
            self._record_backlog()

    async def _send_missing_events(self) -> None:
        """Read and send the events between the cursor and the target."""
        try:
            while self._cursor < self._target and not self._closing and not self._expired_at:
                # While a slow client receives a page, only its encoded form is kept in memory.
                if not await self._send_page():
                    break
                await self.flush()
        finally:
            self._catching_up = False

    async def _send_page(self) -> bool:
        """Read and send the next page of events; return whether there was one."""
        events = first_page(
            await self._chat.desk.events(
                self.session, after=self._cursor, limit=self._chat.settings.replay_page_size
            )
        )
        if events:
            self._send_events(events)
        return bool(events)

    def _send_events(self, events: Sequence[Event]) -> None:
        self._cursor = events[-1].offset
        self.send(events_frame(events))

    async def _resynchronise(self) -> None:
        """Send the missing events, and the view that would have been sent with them."""
        await self._send_missing_events()
        await self._send_view()

    async def _send_view(self) -> None:
        if not self._closing and not self._expired_at:
            view = await self._chat.desk.view(self.session)
            while view.version < self._cursor:
                # What was delivered while it was read would be taken back on the page.
                view = await self._chat.desk.view(self.session)
            update_locale(self, view)
            self.send(encode({"type": "view", "view": view_json(view)}))
            await self.flush()

    async def _ping(self) -> None:
        try:
            await self._ws.ping()
        except (ConnectionError, RuntimeError):
            self._begin_close(GOING_AWAY, b"lost")

    def _begin_close(self, code: int, reason: bytes) -> None:
        if not self._closing:
            self._closing = True
            self._chat.backlog.remove(self)
            self._chat.spawn(self._close(code, reason))

    async def _close(self, code: int, reason: bytes) -> None:
        if code == TRY_AGAIN_LATER:
            self._queue, self._queued_bytes = None, 0
            if (
                self._transport is not None
                and self._transport.get_write_buffer_size() > _MAX_DIRECT_SEND_BYTES
            ):
                # The close frame would wait for all unsent data to be sent, which stays in memory.
                self._transport.abort()
                return
        else:
            await self.flush()
        await self._ws.close(code=code, message=reason, drain=False)
        if self._transport is not None:
            # A graceful close would wait forever for a client that does not read.
            self._transport.abort()
