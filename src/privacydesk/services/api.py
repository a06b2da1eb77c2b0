"""The interface between the chat's web handlers and the services.

Handlers hold a ``Session`` and know nothing of storage; services implement ``Desk`` and know
nothing of socket frames. Every method that changes something returns only after the commit.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from msgspec import Struct

from privacydesk.domain.app_tokens import IssuedToken
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId
from privacydesk.services.packages import Download
from privacydesk.services.queue_waits import UsualWait
from privacydesk.services.receipts import ReceiptFile

Listener = Callable[[int, tuple[Event, ...], Conversation], None]
"""Called on the event loop after a commit, with the first new offset, the new events and the
current conversation. There are no events if only the view changed, as when an agent is typing. It
must not block or raise. A missed call does no harm: listeners keep a cursor and read the events
after it."""

Unsubscribe = Callable[[], None]


class Credentials(Struct, frozen=True):
    """A client's credentials: an app token or a secret, or neither at the first contact.

    Attributes:
        token: token signed by the app's backend, for a logged-in user.
        secret: secret issued to an anonymous client when its conversation began.
    """

    token: str = ""
    secret: str = ""


class Session(Struct, frozen=True):
    """A client admitted to one conversation.

    Attributes:
        epoch: the conversation's epoch; a client with another one discards its copy of the log.
        head: the last offset when the session was opened.
        secret: the new secret of a new anonymous client, which has to store it; else empty.
        account: whether the conversation belongs to an app account.
        expires_at: when the token expires; None without a token.
        issued: what identifies the token for revocations; None without a token.
        locale: the conversation's language.
        origin: keyed hash of the network address of a visitor without a login. Visitors of one
            origin share rate limits and a fair share of processing time. Empty for logged-in users
            and for mail.
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
    """The state of a conversation that a chat page shows beside the log.

    Attributes:
        owner: who answers the user: the assistant, the queue or an agent.
        agent: the agent's display name; empty unless an agent is the owner.
        queue_place: 1 for the next to be served; 0 when not waiting or not known.
        prompt: offset of the open question, the only one whose choices and input are active; 0 for
            none.
        locale: the conversation's language.
        agent_typing: whether the agent is typing now.
        agent_read: the last offset an agent has seen; 0 for none.
        requests: the cards of the user's requests as they are now, newest first; None if they were
            not read.
        accepts_files: whether files may be uploaded now: a question asks for one, or an agent is
            there or waited for.
        agent_since: when the agent became the owner; None unless one is.
        queue_wait: how long others waited lately; None when not waiting, or if too little is known.
        version: the last offset that it is based on; clients are not sent it.
    """

    owner: OwnerKind = OwnerKind.ASSISTANT
    agent: str = ""
    queue_place: int = 0
    prompt: int = 0
    locale: str = "zh_Hans"
    agent_typing: bool = False
    agent_read: int = 0
    requests: tuple[Mapping[str, Any], ...] | None = None
    accepts_files: bool = False
    agent_since: datetime | None = None
    queue_wait: UsualWait | None = None
    version: int = 0


class Admission(Struct, frozen=True):
    """The session of a newly admitted client, with what it shows first.

    Attributes:
        greeting: the first events of a new conversation; empty if it already existed.
    """

    session: Session
    view: View
    greeting: tuple[Event, ...] = ()


class UploadReceipt(Struct, frozen=True):
    """A stored file that was not yet submitted by ``submit_uploads``.

    Attributes:
        id: the id to pass to ``submit_uploads``.
        size: bytes of the stored file, after re-encoding.
        pages: how many pictures it became: one, or the pages of a PDF.
    """

    id: str
    name: str
    size: int
    media_type: str
    pages: int = 1


class Desk(Protocol):
    """The desk's interface for chat clients.

    Any method may raise ``DeskError``: ``UNAVAILABLE`` if storage is unavailable (nothing was
    stored), ``FAILED`` if an error occurred in this job alone, ``NOT_FOUND`` if the conversation
    was deleted.
    """

    async def open(
        self, credentials: Credentials, *, languages: str, with_requests: bool = False
    ) -> Admission:
        """Admit a client; begin a conversation if its account has none.

        Args:
            credentials: a token or a secret.
            languages: the client's languages as in ``Accept-Language``.
            with_requests: whether the view of a conversation that goes on is to have the user's
                requests, as that of ``view``.

        Raises:
            DeskError: ``TOKEN_EXPIRED`` if the token has expired or was revoked;
                ``UNAUTHENTICATED`` if the token or secret is invalid, or both are missing.
        """
        ...

    def is_revoked(self, session: Session) -> bool:
        """Return whether a session's token was revoked after it was opened; reads no storage."""
        ...

    async def begin(self, *, languages: str) -> Admission:
        """Begin a conversation without an account, identified by a new secret."""
        ...

    def hash_origin(self, origin: str) -> bytes:
        """Return the keyed hash of a network address; every process returns the same."""
        ...

    async def say(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        text: str,
        offset: int = 0,
    ) -> int:
        """Add a user's message to the conversation and answer it; return the message's offset.

        Idempotent: a repeated ``id`` returns the first one's offset. The listeners are called
        before this returns.

        Args:
            session: the session of the user.
            id: id of the message, chosen by the client.
            text: the message.
            offset: offset of the question that the user saw, the only one that a typed "yes" can
                confirm; 0 if it is not known, which confirms none.
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
        """Process a tapped choice of the event at ``offset`` (0 for ``desk:`` choices).

        A choice of a question that is no longer open is answered by repeating the open question.
        Returns the offset of the choice, as ``say`` does.
        """
        ...

    async def choose_several(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        choices: Sequence[str],
        offset: int,
    ) -> int:
        """Process all choices of a question that takes several, made at once; as ``choose``."""
        ...

    async def hand_in(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        values: Mapping[str, str | tuple[str, ...]],
        offset: int,
    ) -> int:
        """Process a card of questions that was filled in, as ``choose``.

        Args:
            session: the session of the user.
            id: id of the message, chosen by the client.
            values: the answers, by the names of the fields.
            offset: offset of the event with the card.
        """
        ...

    async def submit_uploads(
        self,
        session: Session,
        *,
        id: str,  # noqa: A002 - the protocol's word
        uploads: Sequence[str],
        done: bool = False,
        text: str = "",
    ) -> int:
        """Submit files stored by ``store_upload``; return the offset, as ``say`` does.

        Args:
            session: the session of the user.
            id: id of the message, chosen by the client.
            uploads: the ids of the files.
            done: these are all; else it is asked whether there are more.
            text: words beside the files, as for ``say``; may be empty.

        Raises:
            DeskError: ``NOT_FOUND`` if one of the files was not stored for this conversation.
        """
        ...

    async def check_upload_allowed(self, session: Session) -> None:
        """Check that an upload is allowed, before its content is read.

        Raises:
            DeskError: ``NOT_ALLOWED_NOW`` unless ``View.accepts_files``, ``RATE_LIMITED`` if the
                conversation already has the maximum number of files.
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
        """Store a file, re-encoded and encrypted.

        Args:
            session: the session of the user who uploads it.
            name: the client's file name, already sanitised.
            media_type: the media type that the client claims; not relied on.
            content: the bytes in chunks. Reading it raises ``TOO_LARGE`` past the limit, so all
                other checks come first.

        Raises:
            DeskError: as ``check_upload_allowed``; ``UNSUPPORTED_MEDIA``; ``TOO_LARGE``.
        """
        ...

    async def events(self, session: Session, *, after: int, limit: int) -> tuple[Event, ...]:
        """Return at most ``limit`` events whose offset is greater than ``after``, in order."""
        ...

    async def attachment(self, session: Session, name: str) -> Attachment:
        """Return a file that was sent in the session's conversation, decrypted.

        Raises:
            NotFoundError: no file with this id was sent there, or it was purged with the messages.
        """
        ...

    async def download(self, session: Session | None, number: str, secret: str) -> Download:
        """Return the access package that a download link refers to; see ``Packages.open``.

        Args:
            session: the session of the user; None for a client that was not admitted, which is
                refused with the same error.
            number: the ticket number in the link.
            secret: the secret in the link.

        Raises:
            DeskError: ``NOT_FOUND`` if the link is not valid for this user.
        """
        ...

    async def receipt(self, session: Session, number: str) -> ReceiptFile:
        """Return the receipt of a closed request that a status answer in the conversation shows.

        Raises:
            NotFoundError: there is no such request, or it is open.
            UnavailableError: another process is about to sign it.
        """
        ...

    async def receipt_text(self, session: Session, number: str) -> str:
        """Return what that receipt says, in words and in the language of the conversation."""
        ...

    async def view(self, session: Session) -> View:
        """Return the current view, including the place in the queue and the requests."""
        ...

    def view_of(self, conversation: Conversation) -> View:
        """Return the view of a loaded conversation, without its place in the queue and requests.

        Reads no storage: it is called after every commit of a conversation that is on screen.
        """
        ...

    async def head(self, session: Session) -> int:
        """Return the conversation's last offset."""
        ...

    async def heads(self, conversations: Sequence[ConversationId]) -> Mapping[ConversationId, int]:
        """Return the last offsets of several conversations, for the hub's periodic comparison."""
        ...

    def subscribe(self, conversation: ConversationId, listener: Listener) -> Unsubscribe:
        """Call ``listener`` after each commit of a conversation, until unsubscribed."""
        ...

    def watch_elsewhere(self, watcher: Callable[[Sequence[ConversationId]], None]) -> Unsubscribe:
        """Call ``watcher`` with conversations that other processes change, until unsubscribed."""
        ...

    async def mark_typing(self, session: Session) -> None:
        """Mark the user as typing for a few seconds."""
        ...

    async def mark_read(self, session: Session, offset: int) -> None:
        """Mark everything up to ``offset`` as read by the user."""
        ...

    async def mark_left(self, session: Session) -> None:
        """Mark the user as gone: their last connection to this conversation was closed."""
        ...
