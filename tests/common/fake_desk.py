"""A desk in memory with a tiny script, for testing the chat face by itself."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from privacydesk.clock import Clock, SystemClock
from privacydesk.domain.app_tokens import IssuedToken
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.conversation import Conversation, Owner, OwnerKind, Prompt
from privacydesk.domain.events import Choice, Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId, LookupHash
from privacydesk.errors import DeskError, ErrorCode, NotFoundError
from privacydesk.services.api import (
    Admission,
    Credentials,
    Listener,
    Session,
    Unsubscribe,
    UploadReceipt,
    View,
)
from privacydesk.services.packages import Download
from privacydesk.services.queue_waits import UsualWait
from privacydesk.services.receipts import ReceiptFile

Script = Callable[["Thread", Event], list[Event]]


@dataclass
class Thread:
    """One conversation in memory."""

    conversation: Conversation
    events: list[Event] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    jobs: dict[str, int] = field(default_factory=dict)
    asks_for_file: bool = False
    queue_place: int = 0
    queue_wait: UsualWait | None = None
    requests: tuple[Mapping[str, Any], ...] | None = None
    agent_typing: bool = False
    agent_read: int = 0
    read: int = 0
    typed: int = 0
    left: int = 0


def echo(thread: Thread, event: Event) -> list[Event]:
    """Answer every message with itself."""
    return [say(event.text)]


def say(text: str, **values: Any) -> Event:
    """Make an assistant's event; offset and time are set when it is written."""
    values.setdefault("locale", "en")
    values.setdefault("sender", Sender.ASSISTANT)
    values.setdefault("kind", EventKind.TEXT)
    return Event(offset=0, at=datetime(2026, 10, 15, tzinfo=UTC), text=text, **values)


class FakeDesk:
    """Implements ``services.api.Desk`` without storage.

    Attributes:
        lose_calls: commits happen, but listeners are not called, as when a hint is lost.
        fail: raised by the next job.
        delay: awaited by each job before it commits.
        elsewhere: called with conversations that another process has changed.
    """

    def __init__(
        self,
        script: Script = echo,
        *,
        clock: Clock | None = None,
        greeting: Sequence[Event] = (),
    ) -> None:
        self.clock = clock or SystemClock()
        self.script = script
        self.greeting = tuple(greeting) or (say("Hello. I am automated."),)
        self.threads: dict[ConversationId, Thread] = {}
        self.keys: dict[str, ConversationId] = {}
        self.tokens: dict[str, tuple[str, datetime]] = {}
        self.ended: set[bytes] = set()
        self.lose_calls = False
        self.fail: Exception | None = None
        self.delay: asyncio.Event | None = None
        self.uploads: dict[str, UploadReceipt] = {}
        self.opened = 0
        self.elsewhere: list[Callable[[Sequence[ConversationId]], None]] = []
        self._count = itertools.count(1)

    def grant(self, token: str, account: str, lasting: timedelta = timedelta(hours=1)) -> None:
        """Accept a token for an account."""
        self.tokens[token] = (account, self.clock.now() + lasting)

    def end(self, token: str) -> None:
        """Revoke a token."""
        self.ended.add(token.encode())

    def is_revoked(self, session: Session) -> bool:
        """Tell whether a session's token was revoked."""
        return session.issued is not None and session.issued.account in self.ended

    def thread(self, session: Session | None = None) -> Thread:
        """Return a session's thread, or the only one there is."""
        if session is not None:
            return self.threads[session.conversation]
        (only,) = self.threads.values()
        return only

    async def open(
        self, credentials: Credentials, *, languages: str, with_requests: bool = False
    ) -> Admission:
        """Let a client in by token or secret."""
        self.opened += 1
        expires = None
        if credentials.token:
            account, expires = self.tokens.get(credentials.token, ("", None))
            if expires is None:
                raise DeskError("unknown token", code=ErrorCode.UNAUTHENTICATED)
            if self.clock.now() >= expires or credentials.token.encode() in self.ended:
                raise DeskError("expired", code=ErrorCode.TOKEN_EXPIRED)
            key = f"account:{account}"
        elif credentials.secret:
            key = f"secret:{credentials.secret}"
            if key not in self.keys:
                raise DeskError("unknown secret", code=ErrorCode.UNAUTHENTICATED)
        else:
            raise DeskError("no credentials", code=ErrorCode.UNAUTHENTICATED)
        fresh = key not in self.keys
        if fresh:
            self._begin(key, languages)
        session = self._session(key, token=credentials.token, expires_at=expires)
        return await self._entry(session, fresh=fresh)

    async def begin(self, *, languages: str) -> Admission:
        """Let in somebody new."""
        self.opened += 1
        secret = f"secret-{next(self._count)}"
        self._begin(f"secret:{secret}", languages)
        return await self._entry(self._session(f"secret:{secret}", secret=secret), fresh=True)

    def hash_origin(self, origin: str) -> bytes:
        """Stand for an address."""
        return hashlib.blake2b(origin.encode(), digest_size=16).digest()

    async def _entry(self, session: Session, *, fresh: bool) -> Admission:
        greeting = tuple(self.thread(session).events) if fresh else ()
        return Admission(session, await self.view(session), greeting)

    def _session(
        self, key: str, *, secret: str = "", token: str = "", expires_at: datetime | None = None
    ) -> Session:
        thread = self.threads[self.keys[key]]
        return Session(
            conversation=thread.conversation.id,
            epoch=thread.conversation.epoch,
            head=len(thread.events),
            locale=thread.conversation.locale,
            secret=secret,
            account=key.startswith("account:"),
            expires_at=expires_at,
            issued=IssuedToken(LookupHash(token.encode())) if token else None,
        )

    def _begin(self, key: str, languages: str) -> None:
        number = next(self._count)
        identity = ConversationId(number.to_bytes(16, "big"))
        locale = "en" if languages.startswith("en") else "zh_Hans"
        conversation = Conversation(identity, f"e{number}", self.clock.now(), locale=locale)
        self.keys[key] = identity
        self.threads[identity] = Thread(conversation)
        self.write(self.threads[identity], list(self.greeting))

    def write(self, thread: Thread, events: list[Event]) -> int:
        """Commit events and call whoever shows the conversation; return the first offset."""
        first = len(thread.events) + 1
        now = self.clock.now()
        written = tuple(
            replace(event, offset=first + index, at=now) for index, event in enumerate(events)
        )
        thread.events.extend(written)
        prompt = thread.conversation.prompt
        for event in written:
            if event.sender is Sender.USER:
                prompt = None
            elif event.choices or event.input:
                prompt = Prompt(event.offset, event.choices)
        thread.conversation = replace(
            thread.conversation, version=len(thread.events), prompt=prompt
        )
        if not self.lose_calls:
            for listener in tuple(thread.listeners):
                listener(first, written, thread.conversation)
        return first

    async def _job(self, session: Session, job: str, event: Event) -> int:
        if self.delay is not None:
            await self.delay.wait()
        if self.fail is not None:
            error, self.fail = self.fail, None
            raise error
        thread = self.thread(session)
        if job in thread.jobs:
            return thread.jobs[job]
        event = replace(event, job_id=job)
        offset = self.write(thread, [event, *self.script(thread, event)])
        thread.jobs[job] = offset
        return offset

    async def say(self, session: Session, *, id: str, text: str, offset: int = 0) -> int:  # noqa: A002
        """Take a message."""
        return await self._job(session, id, say(text, sender=Sender.USER))

    async def choose(self, session: Session, *, id: str, choice: str, offset: int) -> int:  # noqa: A002
        """Take a choice of the open prompt, or one of the page's own."""
        thread = self.thread(session)
        if id in thread.jobs:
            return thread.jobs[id]
        label = choice
        if choice.startswith("desk:lang:"):
            self.speak(thread, choice.removeprefix("desk:lang:"))
        if not choice.startswith("desk:"):
            prompt = thread.conversation.prompt
            if prompt is None or prompt.offset != offset:
                raise DeskError("stale", code=ErrorCode.STALE)
            label = next(one.label for one in prompt.choices if one.id == choice)
        return await self._job(
            session,
            id,
            say(label, sender=Sender.USER, kind=EventKind.CHOSE, args={"choice": choice}),
        )

    async def choose_several(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002
        choices: Sequence[str],
        offset: int,
    ) -> int:
        """Take several choices of the open prompt."""
        thread = self.thread(session)
        prompt = thread.conversation.prompt
        if id not in thread.jobs and (prompt is None or prompt.offset != offset):
            raise DeskError("stale", code=ErrorCode.STALE)
        chosen = say(
            ", ".join(choices),
            sender=Sender.USER,
            kind=EventKind.CHOSE,
            args={"choices": list(choices)},
        )
        return await self._job(session, id, chosen)

    async def hand_in(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002
        values: Mapping[str, str | tuple[str, ...]],
        offset: int,
    ) -> int:
        """Take the answers of the open prompt's card."""
        thread = self.thread(session)
        prompt = thread.conversation.prompt
        if id not in thread.jobs and (prompt is None or prompt.offset != offset):
            raise DeskError("stale", code=ErrorCode.STALE)
        filled = say(
            ", ".join(str(one) for one in values.values()),
            sender=Sender.USER,
            kind=EventKind.CHOSE,
            args={"values": dict(values)},
        )
        return await self._job(session, id, filled)

    async def submit_uploads(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002
        uploads: Sequence[str],
        done: bool = False,
        text: str = "",
    ) -> int:
        """Hand in files that were stored."""
        if any(upload not in self.uploads for upload in uploads):
            raise NotFoundError("no such upload")
        shown = self.thread(session).conversation.owner.kind is OwnerKind.AGENT
        files = [
            {"name": one.name, "size": one.size, "media_type": one.media_type}
            | ({"id": one.id} if shown else {})
            for one in (self.uploads[upload] for upload in uploads)
        ]
        return await self._job(
            session,
            id,
            say("", sender=Sender.USER, kind=EventKind.UPLOADED, data={"files": files}),
        )

    async def check_upload_allowed(self, session: Session) -> None:
        """Expect a file where the script asks for one."""
        if not self.view_of(self.thread(session).conversation).accepts_files:
            raise DeskError("nobody asked", code=ErrorCode.NOT_ALLOWED_NOW)

    async def store_upload(
        self, session: Session, *, name: str, media_type: str, content: AsyncIterator[bytes]
    ) -> UploadReceipt:
        """Take in a file where the script asks for one."""
        body = b"".join([piece async for piece in content])
        if body.lstrip().startswith(b"<"):
            raise DeskError("not a picture", code=ErrorCode.UNSUPPORTED_MEDIA)
        receipt = UploadReceipt(f"u{next(self._count)}", name, len(body), media_type)
        self.uploads[receipt.id] = receipt
        return receipt

    async def events(self, session: Session, *, after: int, limit: int) -> tuple[Event, ...]:
        """Return what follows an offset."""
        return tuple(self.thread(session).events[after : after + limit])

    async def head(self, session: Session) -> int:
        """Return the last offset."""
        return len(self.thread(session).events)

    async def heads(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, int]:
        """Return the last offsets."""
        return {one: len(self.threads[one].events) for one in conversations if one in self.threads}

    def view_of(self, conversation: Conversation) -> View:
        """Return the view without the place in the queue."""
        thread = self.threads[conversation.id]
        return View(
            owner=conversation.owner.kind,
            agent=conversation.owner.agent,
            prompt=conversation.prompt.offset if conversation.prompt else 0,
            locale=conversation.locale,
            agent_typing=thread.agent_typing,
            agent_read=thread.agent_read,
            accepts_files=thread.asks_for_file or conversation.owner.kind is OwnerKind.AGENT,
            agent_since=conversation.owner.since,
            version=conversation.version,
        )

    async def receipt(self, session: Session, number: str) -> ReceiptFile:
        raise NotFoundError("no such request")

    async def receipt_text(self, session: Session, number: str) -> str:
        raise NotFoundError("no such request")

    async def download(self, session: Session | None, number: str, secret: str) -> Download:
        raise NotFoundError("no such file")

    async def attachment(self, session: Session, name: str) -> Attachment:
        raise NotFoundError("agents send no files here")

    async def view(self, session: Session) -> View:
        """Return the view."""
        thread = self.thread(session)
        view = self.view_of(thread.conversation)
        return replace(
            view,
            queue_place=thread.queue_place,
            queue_wait=thread.queue_wait,
            requests=thread.requests,
        )

    def own(self, thread: Thread, kind: OwnerKind, agent: str = "") -> None:
        """Change who speaks, with the event that tells it."""
        owner = Owner(kind, agent, len(thread.events) + 1)
        thread.conversation = replace(thread.conversation, owner=owner)
        self.write(
            thread,
            [
                say(
                    f"{agent} joined" if agent else "",
                    sender=Sender.SYSTEM,
                    kind=EventKind.OWNER,
                    data={"owner": kind.value, "agent": agent},
                )
            ],
        )

    def speak(self, thread: Thread, locale: str) -> None:
        """Change the language the conversation is held in."""
        thread.conversation = replace(thread.conversation, locale=locale)

    def subscribe(self, conversation: ConversationId, listener: Listener) -> Unsubscribe:
        """Call a listener after commits."""
        listeners = self.threads[conversation].listeners
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    def watch_elsewhere(self, watcher: Callable[[Sequence[ConversationId]], None]) -> Unsubscribe:
        """Call a watcher with the conversations that other processes change."""
        self.elsewhere.append(watcher)
        return lambda: self.elsewhere.remove(watcher)

    async def mark_typing(self, session: Session) -> None:
        """Count the user's typing."""
        self.thread(session).typed += 1

    async def mark_read(self, session: Session, offset: int) -> None:
        """Keep the user's read mark."""
        self.thread(session).read = offset

    async def mark_left(self, session: Session) -> None:
        """Count who left."""
        self.thread(session).left += 1


def choices(*labels: str) -> tuple[Choice, ...]:
    """Make plain choices named by their labels."""
    return tuple(Choice(label.lower(), label=label) for label in labels)
