"""The contract between chat handlers and services.

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
conversation as it stands; with no events when only the view changed (an agent is typing). It must
not block or raise. A missed call does no harm: listeners keep a cursor and read what is
missing."""

Unsubscribe = Callable[[], None]


class Credentials(Struct, frozen=True):
    """A client's proof of identity: an app token, a secret given earlier, or none yet.

    Attributes:
        token: the signed token of the app's backend.
        secret: what an anonymous client was given at its first contact.
    """

    token: str = ""
    secret: str = ""


class Session(Struct, frozen=True):
    """A client admitted to one conversation.

    Attributes:
        epoch: the conversation's epoch; a client that knows another drops its copy.
        head: the last offset when the session was opened.
        secret: set once, for a new anonymous client to keep; else empty.
        account: whether it belongs to an app account.
        expires_at: when the token runs out; None without one.
        issued: the token, as far as revocations need to know it; None without one.
        locale: the language the conversation is held in.
        origin: keyed hash of the address of a visitor without a login. Visitors of one origin
            share budgets, and a place in line where many wait. Empty for logged-in users, and for
            those who come by no network.
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
        prompt: offset of the open question, the only one with live choices and input; 0 for none.
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
    """A newly admitted client, and what it is shown first.

    Attributes:
        greeting: the log of a new conversation; empty if it already existed.
    """

    session: Session
    view: View
    greeting: tuple[Event, ...] = ()


class UploadReceipt(Struct, frozen=True):
    """A stored file not yet submitted by ``submit_uploads``.

    Attributes:
        id: its name for ``submit_uploads``.
        size: bytes as kept, after re-encoding.
    """

    id: str
    name: str
    size: int
    media_type: str


class Desk(Protocol):
    """The desk's interface for chat clients.

    Any method may raise ``DeskError``: ``UNAVAILABLE`` when storage can't take it (nothing was
    kept), ``FAILED`` when this one job was at fault, ``NOT_FOUND`` when the conversation is gone.
    """

    async def open(self, credentials: Credentials, *, languages: str) -> Entry:
        """Admit a client; an account's first visit begins its conversation, with a greeting.

        Args:
            credentials: a token or a secret.
            languages: the client's languages as in ``Accept-Language``.

        Raises:
            DeskError: ``TOKEN_EXPIRED``, also for a token that was revoked, or ``UNAUTHENTICATED``
                for any other fault of a token or secret, or if there is neither.
        """
        ...

    def is_revoked(self, session: Session) -> bool:
        """Return whether a session's token was revoked since. Does not read storage."""
        ...

    async def begin(self, *, languages: str) -> Entry:
        """Begin a conversation without an account, under a fresh secret."""
        ...

    def name_origin(self, origin: str) -> bytes:
        """Return the hash of an address: the same in every process, and irreversible."""
        ...

    async def say(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        text: str,
        offset: int = 0,
    ) -> int:
        """Take a message. Return its offset, also when ``id`` was taken before.

        The listeners are called before this returns. A typed yes confirms only the question at
        ``offset``, the one its writer saw; 0 (not known) confirms none.
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

        A choice of a question that is no longer open is answered in the log, with the open
        question.
        """
        ...

    async def submit_uploads(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        uploads: Sequence[str],
    ) -> int:
        """Submit files that ``store_upload`` stored; ``NOT_FOUND`` for any other."""
        ...

    async def expect_upload(self, session: Session) -> None:
        """Check that an upload is allowed, before any of it is read.

        Raises:
            DeskError: ``NOT_ALLOWED_NOW`` when no flow asks for a file, ``RATE_LIMITED`` when the
                conversation holds as many as allowed.
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
        """Store a file, re-encoded and sealed.

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
        """Return a file that an agent sent in the session's conversation, decrypted.

        Raises:
            NotFoundError: no file of this id was sent there, or it was purged with the messages.
        """
        ...

    async def download(self, session: Session | None, number: str, secret: str) -> Download:
        """Return the access package behind a person's link; see ``Packages.open``.

        Args:
            session: None for a client that could not be admitted; it is refused like any other.
            number: the request's, as it stands in the link.
            secret: the rest of the link.

        Raises:
            DeskError: ``NOT_FOUND`` for every link that is not valid for them.
        """
        ...

    async def view(self, session: Session) -> View:
        """Return what is shown beside the log, with the place in the queue."""
        ...

    def glance(self, conversation: Conversation) -> View:
        """Return the view of a loaded conversation, without reading storage.

        Called once for every commit that somebody sees, so it must be quick. The place in the
        queue stays 0.
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
        """Note that the user is writing. Expires after a few seconds."""
        ...

    async def read(self, session: Session, offset: int) -> None:
        """Note that the user has seen everything up to ``offset``."""
        ...

    async def leave(self, session: Session) -> None:
        """Note that the client's last connection to this conversation is gone."""
        ...
