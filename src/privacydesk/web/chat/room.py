"""State shared by a process's chat handlers, and the ticker that maintains connections."""

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
from privacydesk.web.answers import may_be_repeated
from privacydesk.web.chat.backlog import Answer, Backlog
from privacydesk.web.chat.concurrency import Places
from privacydesk.web.chat.encoding import encode
from privacydesk.web.chat.fair_slots import FairSlots, GiveUp
from privacydesk.web.chat.hub import Hub, Viewer
from privacydesk.web.chat.rates import Rates
from privacydesk.web.settings import WebSettings
from privacydesk.web.texts import Catalogs, error_text

log = structlog.get_logger(__name__)

_MOST_ORIGINS = 50_000
_TELL_EVERY = 60.0
_PROXY = "; behind a proxy, name it in trusted_proxies"
_CHARACTERS_COUNTED = 1_000
"""Characters of a message that count as one more message."""


class Tended(Protocol):
    """A connection that the ticker maintains."""

    def tend(self, now: float) -> None:
        """Ping, expire or drop it, whichever is due."""
        ...

    async def shut(self) -> None:
        """Close because the server stops."""
        ...


def _unless(wait: float) -> None:
    """Refuse a request that has to wait.

    Raises:
        DeskError: ``RATE_LIMITED``.
    """
    if wait:
        raise DeskError(
            "too many messages", code=ErrorCode.RATE_LIMITED, retry_after=round(wait, 2)
        )


def _many_answers() -> DeskError:
    return DeskError(
        "too many answers are on their way", code=ErrorCode.RATE_LIMITED, retry_after=2.0
    )


def _crowded() -> DeskError:
    return DeskError(
        "too many connections", code=ErrorCode.RATE_LIMITED, reason="many_new_chats", retry_after=5
    )


class Room:
    """Desk, limits and connections of this process's chat."""

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
        self.rates = Rates(settings.messages_per_second, settings.message_burst)
        self._captcha = captcha
        self._unchallenged = Rates(
            settings.new_chats_per_minute / 60, settings.captcha_after, most=_MOST_ORIGINS
        )
        self._newcomers = Rates(
            settings.new_chats_per_minute / 60, settings.new_chats_at_once, most=_MOST_ORIGINS
        )
        # Twice the limit of messages: a page sends several signals for each.
        self._signals = Rates(2 * settings.messages_per_second, 2 * settings.message_burst)
        self._told: dict[str, float] = {}
        self._uploads = Places(settings.uploads_per_chat, settings.sockets_at_once)
        self._senders = FairSlots(settings.uploads_per_address, settings.uploads_at_once)
        self._answers = Places(settings.answers_per_chat, settings.sockets_at_once)
        self._sockets = FairSlots(settings.sockets_per_address, settings.sockets_at_once)
        self._silent = FairSlots(settings.silent_per_address, settings.silent_at_once, rotate=True)
        self.backlog = Backlog(settings.backlog_per_address, settings.backlog_bytes)
        self.connections: set[Tended] = set()
        self.stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something short in the background."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not is_outage(error):
            log.warning("chat_task_failed", error=type(error).__name__, exc_info=error)

    def expired(self, session: Session) -> bool:
        """Return whether the session's token has run out, or was revoked."""
        if session.expires_at is None:
            return False
        return self.clock.now() >= session.expires_at or self.desk.is_revoked(session)

    def admit(self, session: Session, characters: int = 0) -> None:
        """Admit one more message of a conversation.

        A long one counts more than once, as it costs more to understand and to store.

        Raises:
            DeskError: ``TOKEN_EXPIRED`` or ``RATE_LIMITED``.
        """
        if self.expired(session):
            raise DeskError("the token has expired", code=ErrorCode.TOKEN_EXPIRED)
        cost = 1 + characters // _CHARACTERS_COUNTED
        _unless(self.rates.take(session.conversation, time.monotonic(), cost))

    def admit_signal(self, session: Session) -> None:
        """Admit one more frame or request other than a message: a ping, a token, a page.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        _unless(self._signals.take(session.conversation, time.monotonic()))

    async def admit_newcomer(self, origin: Hashable, token: str = "") -> None:
        """Admit one more conversation without a login from an origin.

        After many recent ones, a challenge has to be solved first, if the operator has any.

        Args:
            origin: where it comes from.
            token: for a solved challenge.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        now = asyncio.get_running_loop().time()
        wait = 0.0 if self._captcha is None else self._unchallenged.take(origin, now)
        if wait and not token:
            raise self._challenge(wait)
        # Before the token is verified: forged ones count, too.
        self._count_newcomer(origin, now)
        if wait and not await self._is_solved(token):
            raise self._challenge(wait)

    async def _is_solved(self, token: str) -> bool:
        assert self._captcha is not None
        try:
            return await self._captcha.verify(token)
        except DeskError as error:
            # A verifier's outage shuts nobody out: the address's burst limit still applies.
            self._tell("captcha_unavailable", str(error.data.get("reason", "")))
            return True

    def _challenge(self, wait: float) -> DeskError:
        return DeskError(
            "a challenge comes first",
            code=ErrorCode.RATE_LIMITED,
            reason="challenge_required",
            challenge={"site_key": self.settings.captcha_site_key},
            retry_after=round(wait, 2),
        )

    def _count_newcomer(self, origin: Hashable, now: float) -> None:
        wait = self._newcomers.take(origin, now)
        if not wait:
            return
        self._tell(
            "new_chats_refused", f"many conversations without a login from one address{_PROXY}"
        )
        raise DeskError(
            "too many new conversations from one address",
            code=ErrorCode.RATE_LIMITED,
            reason="many_new_chats",
            retry_after=round(wait, 2),
        )

    @contextlib.contextmanager
    def uploading(self, session: Session, origin: Hashable, give_up: GiveUp) -> Iterator[None]:
        """Hold a place for one more upload of a conversation.

        Args:
            session: whose it is.
            origin: where it comes from.
            give_up: ends it, if its origin has to make room for another.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        with (
            self._uploads.place(session.conversation) as one,
            self._senders.slot(origin, give_up) as two,
        ):
            if not (one and two):
                raise DeskError(
                    "too many files come in at once",
                    code=ErrorCode.RATE_LIMITED,
                    reason="many_uploads",
                    retry_after=2.0,
                )
            yield

    @contextlib.contextmanager
    def answering(self, session: Session) -> Iterator[None]:
        """Hold a place for one more answer on its way to a conversation's client.

        What a client does not read stays in memory.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        with self._answers.place(session.conversation) as free:
            if not free:
                raise _many_answers()
            yield

    @contextlib.contextmanager
    def sending(self, answer: Answer, size: int = 0) -> Iterator[None]:
        """Count an HTTP answer or stream towards its address's backlog.

        Args:
            answer: what is on its way.
            size: bytes of it that are handed to the transport at once.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        if not self.backlog.has_room(answer.origin, size):
            raise _many_answers()
        answer.pending = size
        self.backlog.account(answer, size)
        try:
            yield
        finally:
            self.backlog.forget(answer)

    @contextlib.contextmanager
    def socket(self, origin: Hashable, give_up: GiveUp) -> Iterator[None]:
        """Hold a place for one more socket or stream.

        Args:
            origin: where it comes from.
            give_up: ends it, if its origin has to make room for another.

        Raises:
            DeskError: ``RATE_LIMITED``.
        """
        with self._sockets.slot(origin, give_up) as free:
            if not free:
                self._tell("sockets_refused", f"many sockets from one address, or at all{_PROXY}")
                raise _crowded()
            yield

    @contextlib.contextmanager
    def silent(self, origin: Hashable, give_up: GiveUp) -> Iterator[None]:
        """Hold a place for a socket that has not said hello yet; see ``socket``.

        There always is one: when all are taken, the oldest of the largest holder is evicted.
        """
        before = self._silent.evicted
        with self._silent.slot(origin, give_up):
            if self._silent.evicted > before:
                self._tell("silent_sockets_closed", f"many sockets that do not say hello{_PROXY}")
            yield

    def _tell(self, event: str, hint: str) -> None:
        """Log that clients are refused or disconnected, each kind at most once a minute.

        Addresses are personal data, so none is logged.
        """
        now = asyncio.get_running_loop().time()
        if now - self._told.get(event, -_TELL_EVERY) >= _TELL_EVERY:
            self._told[event] = now
            log.warning(event, hint=hint)

    def seat(self, viewer: Viewer) -> None:
        """Add a viewer, unless its conversation is shown in too many windows already.

        Raises:
            DeskError: ``RATE_LIMITED``; retrying does not help before a window is closed.
        """
        if self.hub.count(viewer.session.conversation) >= self.settings.tabs:
            raise DeskError(
                "too many windows show this conversation",
                code=ErrorCode.RATE_LIMITED,
                reason="many_windows",
                limit=self.settings.tabs,
            )
        self.hub.join(viewer)

    def error(self, error: DeskError, locale: str, frame_id: str = "") -> bytes:
        """Return the ``error`` frame for an error, in the reader's language."""
        return encode({"type": "error", **self.error_json(error, locale, frame_id)})

    def error_json(self, error: DeskError, locale: str, frame_id: str = "") -> dict[str, Any]:
        """Return an error as clients see it; never any of their input."""
        shown: dict[str, Any] = {
            "code": error.code.value,
            "message": error_text(self.catalogs, locale, error),
        }
        if frame_id:
            shown["id"] = frame_id
        for name in ("reason", "limit", "retry_after", "faults", "scope", "challenge"):
            if name in error.data:
                shown[name] = error.data[name]
        if may_be_repeated(error.code):
            shown["kept"] = True
        return shown

    async def run(self, _: object) -> AsyncIterator[None]:
        """Maintain connections while the application lives; a ``cleanup_ctx`` of it."""
        ticker = asyncio.create_task(self._tick())
        yield
        ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticker
        for task in tuple(self._tasks):
            task.cancel()

    async def shut(self, _: object) -> None:
        """Tell all clients that the server stops; they reconnect and resume."""
        self.stopping.set()
        await asyncio.gather(
            *(connection.shut() for connection in tuple(self.connections)), return_exceptions=True
        )

    async def _tick(self) -> None:
        loop, let_go = asyncio.get_running_loop(), 0
        while True:
            await asyncio.sleep(self.settings.compare_every)
            now = loop.time()
            self.rates.prune(time.monotonic())
            self._signals.prune(time.monotonic())
            self._newcomers.prune(now)
            self._unchallenged.prune(now)
            if self.backlog.let_go > let_go:
                let_go = self.backlog.let_go
                self._tell("slow_clients_closed", f"many bytes waited for clients{_PROXY}")
            for count, connection in enumerate(tuple(self.connections), 1):
                connection.tend(now)
                if count % 500 == 0:
                    await asyncio.sleep(0)
            for count, viewer in enumerate(self.hub.viewers(), 1):
                if self.expired(viewer.session):
                    viewer.expire()
                if count % 500 == 0:
                    await asyncio.sleep(0)
            try:
                await self.hub.compare()
            except Exception as error:
                if not is_outage(error):
                    log.warning("chat_compare_failed", exc_info=True)
