"""Incoming mail as the desk reads it, and the interface of the mailbox."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class ReceivedFile(Struct, frozen=True):
    """A file attached to an incoming mail."""

    name: str
    media_type: str
    body: bytes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.media_type!r}, {len(self.body)} bytes)"


class IncomingMail(Struct, frozen=True):
    """A parsed incoming mail.

    Attributes:
        message_id: its ``Message-ID``; derived from its bytes if it has none.
        references: ``Message-ID``s of the earlier mails of its thread, oldest first.
        in_reply_to: ``Message-ID`` of the mail that it answers; empty for none.
        address: the sender address, which is not authenticated.
        text: the text without quotations and signature.
        automatic: why it was classified as sent by a program; empty if a person may have sent it.
    """

    message_id: str
    references: tuple[str, ...]
    in_reply_to: str
    address: str
    subject: str
    text: str
    files: tuple[ReceivedFile, ...] = ()
    automatic: str = ""

    @property
    def thread_root(self) -> str:
        """The ``Message-ID`` of the first mail of its thread."""
        return self.references[0] if self.references else self.message_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class UnreadMail(Struct, frozen=True):
    """An unread mail in the mailbox.

    Attributes:
        uid: its identifier in the mailbox.
        raw: its bytes; None if it exceeds the size limit.
    """

    uid: str
    raw: bytes | None


class Mailbox(Protocol):
    """A mailbox that is polled for mail. Nothing is ever deleted from it."""

    async def fetch_unread(self, limit: int) -> tuple[UnreadMail, ...]:
        """Return up to ``limit`` unread mails, oldest first.

        Raises:
            UnavailableError: the server can't be reached; ``data`` names the ``reason``.
        """
        ...

    async def mark_read(self, uid: str) -> None:
        """Mark a mail as read."""
        ...

    async def mark_for_review(self, uid: str) -> None:
        """Mark a mail as read and flag it, so that a person looks at it."""
        ...
