"""The state shared by all chat handlers of a process, with its limits and its ticker."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Coroutine, Hashable, Iterator
from typing import Any, Protocol

import structlog

from privacydesk.clock import Clock
from privacydesk.domain.captcha import CaptchaVerifier
from privacydesk.errors import DeskError, ErrorCode, is_outage
from privacydesk.services.api import Desk, Session
from privacydesk.web.chat.backlog import Backlog, PendingResponse
from privacydesk.web.chat.concurrency import ConcurrencyLimiter
from privacydesk.web.chat.encoding import encode
from privacydesk.web.chat.fair_slots import AbortCallback, FairSlots
from privacydesk.web.chat.hub import Hub, Viewer
from privacydesk.web.chat.token_buckets import TokenBuckets
from privacydesk.web.responses import is_retryable
from privacydesk.web.settings import WebSettings
from privacydesk.web.texts import Catalogs, error_text

log = structlog.get_logger(__name__)

_MAX_ORIGINS = 50_000
"""Maximum number of network addresses whose new conversations are counted."""
_WARNING_INTERVAL = 60.0
"""Minimum seconds between two warnings of the same kind."""
_PROXY_HINT = "; behind a proxy, name it in trusted_proxies"
_CHARACTERS_PER_MESSAGE = 1_000
"""For every so many characters, a message counts as one more message."""


class MaintainedConnection(Protocol):
    """A connection that the ticker maintains."""

    def maintain(self, now: float) -> None:
        """Ping the client, or close the connection if that is due.

        Args:
            now: the time of the event loop, in seconds.
        """
        ...

    async def shut_down(self) -> None:
        """Close because the server is stopping."""
        ...


def _raise_if_limited(wait: float) -> None:
    """Raise ``RATE_LIMITED`` if the client has to wait.

    Args:
        wait: seconds to wait; 0 for none.
    """
    if wait:
        raise DeskError(
            "too many messages", code=ErrorCode.RATE_LIMITED, retry_after=round(wait, 2)
        )


def _too_many_responses_error() -> DeskError:
    return DeskError(
        "too many responses are being sent", code=ErrorCode.RATE_LIMITED, retry_after=2.0
    )


def _too_many_connections_error() -> DeskError:
    return DeskError(
        "too many connections", code=ErrorCode.RATE_LIMITED, reason="many_new_chats", retry_after=5
    )


class ChatServer:
    """The desk, limits and connections of the chat in this process.

    Args:
        desk: the service behind the chat.
        catalogs: the message catalogs, for error messages.
        settings: limits and addresses.
        clock: source of the current time, for the expiry of tokens.
        captcha: verifier of CAPTCHA responses; None disables CAPTCHAs.
    """

    def __init__(
        self,
        desk: Desk,
        catalogs: Catalogs,
        settings: WebSettings,
        clock: Clock,
        captcha: CaptchaVerifier | None = None,
    ) -> None:
        self.desk = desk
        self.catalogs = catalogs
        self.settings = settings
        self.clock = clock
        self.hub = Hub(desk, self.spawn)
        self.message_limits = TokenBuckets(settings.messages_per_second, settings.message_burst)
        self._captcha = captcha
        self._captcha_free_limits = TokenBuckets(
            settings.new_chats_per_minute / 60, settings.captcha_after, max_buckets=_MAX_ORIGINS
        )
        self._new_chat_limits = TokenBuckets(
            settings.new_chats_per_minute / 60, settings.new_chats_at_once, max_buckets=_MAX_ORIGINS
        )
        # Twice the limit of messages, because a page sends several signals per message.
        self._signal_limits = TokenBuckets(
            2 * settings.messages_per_second, 2 * settings.message_burst
        )
        self._last_warned: dict[str, float] = {}
        self._upload_slots = ConcurrencyLimiter(settings.uploads_per_chat, settings.sockets_at_once)
        self._uploader_slots = FairSlots(settings.uploads_per_address, settings.uploads_at_once)
        self._response_slots = ConcurrencyLimiter(
            settings.responses_per_chat, settings.sockets_at_once
        )
        self._socket_slots = FairSlots(settings.sockets_per_address, settings.sockets_at_once)
        self._handshake_slots = FairSlots(
            settings.silent_per_address, settings.silent_at_once, rotate=True
        )
        self.backlog = Backlog(settings.backlog_per_address, settings.backlog_bytes)
        self.connections: set[MaintainedConnection] = set()
        self.stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a short coroutine in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not is_outage(error):
            log.warning("chat_task_failed", error=type(error).__name__, exc_info=error)

    def is_expired(self, session: Session) -> bool:
        """Return whether the session's token has expired or was revoked."""
        if session.expires_at is None:
            return False
        return self.clock.now() >= session.expires_at or self.desk.is_revoked(session)

    def admit_message(self, session: Session, characters: int = 0) -> None:
        """Count a message of a conversation towards its rate limit.

        A long message counts more than once, because it takes more time to process.

        Args:
            session: the client's session.
            characters: the length of the message.

        Raises:
            DeskError: ``TOKEN_EXPIRED`` or ``RATE_LIMITED``.
        """
        if self.is_expired(session):
            raise DeskError("the token has expired", code=ErrorCode.TOKEN_EXPIRED)
        cost = 1 + characters // _CHARACTERS_PER_MESSAGE
        _raise_if_limited(self.message_limits.take(session.conversation, time.monotonic(), cost))

    def admit_signal(self, session: Session) -> None:
        """Count a frame or request that is not a message, such as a ping or the renewal of a token.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        _raise_if_limited(self._signal_limits.take(session.conversation, time.monotonic()))

    async def admit_newcomer(self, origin: Hashable, token: str = "") -> None:
        """Count a new conversation without a login towards the limits of its network address.

        After many recent ones, a CAPTCHA has to be solved first, if the operator has set one up.

        Args:
            origin: the client's network address.
            token: the token of a solved CAPTCHA; empty for none.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        now = asyncio.get_running_loop().time()
        wait = 0.0 if self._captcha is None else self._captcha_free_limits.take(origin, now)
        if wait and not token:
            raise self._challenge_error(wait)
        # Count before verifying the token, so that attempts with forged tokens count, too.
        self._limit_new_chats(origin, now)
        if wait and not await self._is_solved(token):
            raise self._challenge_error(wait)

    async def _is_solved(self, token: str) -> bool:
        assert self._captcha is not None
        try:
            return await self._captcha.verify(token)
        except DeskError as error:
            # Don't refuse clients during an outage of the verifier: the burst limit still applies.
            self._warn("captcha_unavailable", str(error.data.get("reason", "")))
            return True

    def _challenge_error(self, wait: float) -> DeskError:
        return DeskError(
            "a challenge has to be solved first",
            code=ErrorCode.RATE_LIMITED,
            reason="challenge_required",
            challenge={"site_key": self.settings.captcha_site_key},
            retry_after=round(wait, 2),
        )

    def _limit_new_chats(self, origin: Hashable, now: float) -> None:
        wait = self._new_chat_limits.take(origin, now)
        if not wait:
            return
        self._warn(
            "new_chats_refused", f"many conversations without a login from one address{_PROXY_HINT}"
        )
        raise DeskError(
            "too many new conversations from one address",
            code=ErrorCode.RATE_LIMITED,
            reason="many_new_chats",
            retry_after=round(wait, 2),
        )

    @property
    def open_sockets(self) -> int:
        """The number of open sockets, polls and streams."""
        return self._socket_slots.in_use

    @contextlib.contextmanager
    def upload_slot(
        self, session: Session, origin: Hashable, abort: AbortCallback
    ) -> Iterator[None]:
        """Hold a slot for an upload.

        Args:
            session: the client's session.
            origin: the client's network address.
            abort: aborts the upload, when it is evicted in favour of another client.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        with (
            self._upload_slots.slot(session.conversation) as has_conversation_slot,
            self._uploader_slots.slot(origin, abort) as has_origin_slot,
        ):
            if not (has_conversation_slot and has_origin_slot):
                raise DeskError(
                    "too many uploads at the same time",
                    code=ErrorCode.RATE_LIMITED,
                    reason="many_uploads",
                    retry_after=2.0,
                )
            yield

    @contextlib.contextmanager
    def response_slot(self, session: Session) -> Iterator[None]:
        """Hold a slot for a response that is being sent to a client of a conversation.

        The unread part of a response stays in memory, so their number is limited.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        with self._response_slots.slot(session.conversation) as acquired:
            if not acquired:
                raise _too_many_responses_error()
            yield

    @contextlib.contextmanager
    def track_response(self, response: PendingResponse, size: int = 0) -> Iterator[None]:
        """Count an HTTP response or stream towards the backlog of its network address.

        Args:
            response: the response that is being sent.
            size: bytes of it that are handed to the transport at once.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        if not self.backlog.has_room(response.origin, size):
            raise _too_many_responses_error()
        response.pending = size
        self.backlog.record(response, size)
        try:
            yield
        finally:
            self.backlog.remove(response)

    @contextlib.contextmanager
    def socket_slot(self, origin: Hashable, abort: AbortCallback) -> Iterator[None]:
        """Hold a slot for a socket or an event stream.

        Args:
            origin: the client's network address.
            abort: closes the connection, when it is evicted in favour of another client.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        with self._socket_slots.slot(origin, abort) as acquired:
            if not acquired:
                self._warn(
                    "sockets_refused", f"many sockets from one address, or at all{_PROXY_HINT}"
                )
                raise _too_many_connections_error()
            yield

    @contextlib.contextmanager
    def handshake_slot(self, origin: Hashable, abort: AbortCallback) -> Iterator[None]:
        """Hold a slot for a socket that has not sent its hello yet; see ``socket_slot``.

        A slot is always available: if all are in use, the oldest one of the address with the most
        slots is evicted.
        """
        evicted_before = self._handshake_slots.evicted
        with self._handshake_slots.slot(origin, abort):
            if self._handshake_slots.evicted > evicted_before:
                self._warn(
                    "silent_sockets_closed", f"many sockets that do not say hello{_PROXY_HINT}"
                )
            yield

    def _warn(self, event: str, hint: str) -> None:
        """Log that clients are refused or disconnected; each event at most once a minute.

        Network addresses are personal data, so none is logged.
        """
        now = asyncio.get_running_loop().time()
        if now - self._last_warned.get(event, -_WARNING_INTERVAL) >= _WARNING_INTERVAL:
            self._last_warned[event] = now
            log.warning(event, hint=hint)

    def add_viewer(self, viewer: Viewer, *, is_new: bool = False) -> None:
        """Add a viewer to the hub, unless its conversation has too many viewers already.

        Args:
            viewer: the viewer.
            is_new: whether its conversation has just begun, without an account.

        Raises:
            DeskError: ``RATE_LIMITED``; retrying only helps after another window is closed.
        """
        if self.hub.viewer_count(viewer.session.conversation) >= self.settings.tabs:
            raise DeskError(
                "too many windows show this conversation",
                code=ErrorCode.RATE_LIMITED,
                reason="many_windows",
                limit=self.settings.tabs,
            )
        self.hub.join(viewer, is_new=is_new)

    def error_frame(self, error: DeskError, locale: str, frame_id: str = "") -> bytes:
        """Return the encoded ``error`` frame for an error.

        Args:
            error: the error.
            locale: the locale of its message.
            frame_id: the client's id of the frame that caused it; empty for none.
        """
        return encode({"type": "error", **self.error_json(error, locale, frame_id)})

    def error_json(self, error: DeskError, locale: str, frame_id: str = "") -> dict[str, Any]:
        """Return the public fields of an error, which never contain input of the client."""
        fields: dict[str, Any] = {
            "code": error.code.value,
            "message": error_text(self.catalogs, locale, error),
        }
        if frame_id:
            fields["id"] = frame_id
        for name in ("reason", "limit", "retry_after", "faults", "scope", "challenge"):
            if name in error.data:
                fields[name] = error.data[name]
        if is_retryable(error.code):
            fields["kept"] = True
        return fields

    async def run_maintenance(self, _: object) -> AsyncIterator[None]:
        """Run the ticker during the lifetime of the application; for its ``cleanup_ctx``."""
        ticker = asyncio.create_task(self._run_ticker())
        yield
        ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticker
        for task in tuple(self._tasks):
            task.cancel()

    async def shut_down(self, _: object) -> None:
        """Close all connections because the server is stopping; the clients reconnect and resume.

        For the application's ``on_shutdown``.
        """
        self.stopping.set()
        await asyncio.gather(
            *(connection.shut_down() for connection in tuple(self.connections)),
            return_exceptions=True,
        )

    async def _run_ticker(self) -> None:
        """Maintain rate limits, connections and viewers at regular intervals."""
        loop, reported = asyncio.get_running_loop(), 0
        while True:
            await asyncio.sleep(self.settings.log_poll_interval)
            now = loop.time()
            self.message_limits.prune(time.monotonic())
            self._signal_limits.prune(time.monotonic())
            self._new_chat_limits.prune(now)
            self._captcha_free_limits.prune(now)
            if self.backlog.disconnected > reported:
                reported = self.backlog.disconnected
                self._warn("slow_clients_closed", f"many bytes waited for clients{_PROXY_HINT}")
            for count, connection in enumerate(tuple(self.connections), 1):
                connection.maintain(now)
                if count % 500 == 0:
                    await asyncio.sleep(0)
            for count, viewer in enumerate(self.hub.viewers(), 1):
                if self.is_expired(viewer.session):
                    viewer.expire()
                if count % 500 == 0:
                    await asyncio.sleep(0)
            try:
                await self.hub.check_heads()
            except Exception as error:
                if not is_outage(error):
                    log.warning("chat_compare_failed", exc_info=True)
