"""What the chat face asks of the desk: the contract between handlers and services.

Handlers hold a ``Session`` and know nothing of storage; services implement ``Desk`` and know
nothing of frames. Every method that changes something answers after the commit, never before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from privacydesk.domain.app_tokens import IssuedToken
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId
from privacydesk.services.packages import Download

Listener = Callable[[int, tuple[Event, ...], Conversation], None]
"""Called on the event loop after a commit with the first new offset, the new events and the
conversation as it stands; with no events when only the view changed (an agent writes). It must
not block or raise. A missed call is no fault: whoever listens keeps a cursor and reads what is
missing."""

Unsubscribe = Callable[[], None]


class Credentials(Struct, frozen=True):
    """Who a client says it is: an app token, a secret given earlier, or nobody yet.

    Attributes:
        token: the signed token of the app's backend.
        secret: what an anonymous client was given at its first contact.
    """

    token: str = ""
    secret: str = ""


class Session(Struct, frozen=True):
    """A client that was let in to one conversation.

    Attributes:
        epoch: the conversation's epoch; a client that knows another drops its copy.
        head: the last offset when the session was opened.
        secret: set once, for a new anonymous client to keep; else empty.
        account: whether an app account stands behind it.
        expires_at: when the token runs out; None without one.
        issued: the token, as far as revocations need to know it; None without one.
        locale: the language the conversation is held in.
        origin: keyed hash of where a visitor without a login comes from: those of one origin share
            budgets, and wait together where many have to wait. Empty for whoever logged in, and
            for who comes by no network.
    """

    conversation: ConversationId
    epoch: str
    head: int
    locale: str
    secret: str = ""
    account: bool = False
    expires_at: datetime | None = None
    origin: bytes = b""
    issued: IssuedToken | None = None


class View(Struct, frozen=True):
    """What a page shows beside the log.

    Attributes:
        owner: who may speak besides the user.
        agent: the agent's display name; empty unless an agent speaks.
        queue_place: 1 for the next to be served; 0 when not waiting or not known.
        prompt: offset of the open question, whose choices and input alone are live; 0 for none.
        locale: the language the conversation is held in.
        agent_typing: whether the agent is writing just now.
        agent_read: the last offset an agent has seen; 0 for none.
    """

    owner: OwnerKind = OwnerKind.ASSISTANT
    agent: str = ""
    queue_place: int = 0
    prompt: int = 0
    locale: str = "zh_Hans"
    agent_typing: bool = False
    agent_read: int = 0


class Entry(Struct, frozen=True):
    """A client that has just been let in, and what it is shown first.

    Attributes:
        greeting: the log of a conversation that begins with this; empty where one was there.
    """

    session: Session
    view: View
    greeting: tuple[Event, ...] = ()


class UploadReceipt(Struct, frozen=True):
    """A file that was taken in and waits to be handed in by ``submit_uploads``.

    Attributes:
        id: what ``submit_uploads`` names it by.
        size: bytes as kept, after re-encoding.
    """

    id: str
    name: str
    size: int
    media_type: str


class Desk(Protocol):
    """The desk as a chat client meets it.

    Any method may raise ``DeskError``: ``UNAVAILABLE`` when storage can't take it (nothing was
    kept), ``FAILED`` when this one job was at fault, ``NOT_FOUND`` when the conversation is gone.
    """

    async def open(self, credentials: Credentials, *, languages: str) -> Entry:
        """Let a client in; an account's conversation begins the first time, with its greeting.

        Args:
            credentials: a token or a secret.
            languages: the client's languages as in ``Accept-Language``.

        Raises:
            DeskError: ``TOKEN_EXPIRED``, also for a token that was revoked, or ``UNAUTHENTICATED``
                for any other fault of a token or secret, or for none at all.
        """
        ...

    def is_revoked(self, session: Session) -> bool:
        """Tell whether a session's token was revoked since. Costs no look at storage."""
        ...

    async def begin(self, *, languages: str) -> Entry:
        """Begin a conversation of somebody without an account, under a fresh secret."""
        ...

    def name_origin(self, origin: str) -> bytes:
        """Return what stands for an address: the same in every process, and not to be undone."""
        ...

    async def say(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        text: str,
        offset: int = 0,
    ) -> int:
        """Take a message. Return the offset it has, also when ``id`` was taken before.

        The listeners are called before this returns. A yes in words confirms only the question at
        ``offset``, which its writer saw; 0, where that is not known, confirms none.
        """
        ...

    async def choose(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        choice: str,
        offset: int,
    ) -> int:
        """Take a tapped choice of the event at ``offset`` (0 for ``desk:`` choices).

        A choice of a question that is no longer open is answered in the log, with the question
        that is.
        """
        ...

    async def submit_uploads(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        uploads: Sequence[str],
    ) -> int:
        """Hand in files that ``store_upload`` took; ``NOT_FOUND`` for one it did not."""
        ...

    async def expect_upload(self, session: Session) -> None:
        """Make sure that a file may come in, before any of it is read.

        Raises:
            DeskError: ``NOT_ALLOWED_NOW`` when no flow asks for a file, ``RATE_LIMITED`` when the
                conversation holds as many as it may.
        """
        ...

    async def store_upload(
        self,
        session: Session,
        *,
        name: str,
        media_type: str,
        content: AsyncIterator[bytes],
    ) -> UploadReceipt:
        """Take in a file, re-encoded and sealed.

        Args:
            session: whose conversation asks for it.
            name: the client's file name, already cleaned.
            media_type: what the client claims; only a hint.
            content: the bytes in pieces. Reading it raises ``TOO_LARGE`` past the limit, so
                what can be refused without reading is refused first.

        Raises:
            DeskError: as ``expect_upload``, ``UNSUPPORTED_MEDIA``, ``TOO_LARGE``.
        """
        ...

    async def events(self, session: Session, *, after: int, limit: int) -> tuple[Event, ...]:
        """Return at most ``limit`` events with ``offset > after``, in order."""
        ...

    async def attachment(self, session: Session, name: str) -> Attachment:
        """Return a file that an agent sent in the session's conversation, opened.

        Raises:
            NotFoundError: none of this id was sent there, or it went with what was said.
        """
        ...

    async def download(self, session: Session | None, number: str, secret: str) -> Download:
        """Return a file with the person's data, by a link of theirs; see ``Packages.open``.

        Args:
            session: None for whoever could not be let in: they are refused like anybody else.
            number: the request's, as it stands in the link.
            secret: the rest of the link.

        Raises:
            DeskError: ``NOT_FOUND`` for every link that opens nothing for them.
        """
        ...

    async def view(self, session: Session) -> View:
        """Return what is shown beside the log, with the place in the queue."""
        ...

    def glance(self, conversation: Conversation) -> View:
        """Return what can be told of a conversation at hand without reading anything.

        Called once for every commit that somebody sees: it must be quick. The place in the queue
        stays 0.
        """
        ...

    async def head(self, session: Session) -> int:
        """Return the last offset."""
        ...

    async def heads(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, int]:
        """Return the last offsets of many conversations at once, for the periodic comparison."""
        ...

    def subscribe(self, conversation: ConversationId, listener: Listener) -> Unsubscribe:
        """Call ``listener`` after each commit of a conversation, until unsubscribed."""
        ...

    async def typing(self, session: Session) -> None:
        """Note that the user is writing. Forgotten by itself after a few seconds."""
        ...

    async def read(self, session: Session, offset: int) -> None:
        """Note that the user has seen everything up to ``offset``."""
        ...

    async def leave(self, session: Session) -> None:
        """Note that the client's last connection to this conversation is gone."""
        ...
