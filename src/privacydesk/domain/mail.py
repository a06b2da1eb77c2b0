"""Incoming mail: what is read from it, and the mailbox's interface."""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct


class MailFile(Struct, frozen=True):
    """A file that came with a mail."""

    name: str
    media_type: str
    body: bytes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.media_type!r}, {len(self.body)} bytes)"


class Incoming(Struct, frozen=True):
    """A mail as the desk reads it.

    Attributes:
        message_id: identifies it; derived from its bytes if it has none.
        thread: the earlier mails of its exchange, oldest first, as it lists them.
        answers: the one it answers, as it says; empty without one.
        address: its claimed sender; proves nothing.
        text: what was written, without quotations and signature.
        automatic: why no person wrote it; empty if one may have.
    """

    message_id: str
    thread: tuple[str, ...]
    answers: str
    address: str
    subject: str
    text: str
    files: tuple[MailFile, ...] = ()
    automatic: str = ""

    @property
    def root(self) -> str:
        """The first mail of its exchange."""
        return self.thread[0] if self.thread else self.message_id

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


class Waiting(Struct, frozen=True):
    """A mail that is in the mailbox.

    Attributes:
        uid: identifies it there.
        raw: as received; None where it is larger than anything that is read.
    """

    uid: str
    raw: bytes | None


class Mailbox(Protocol):
    """A mailbox from which mails are taken. Nothing is ever deleted from it."""

    async def waiting(self, limit: int) -> tuple[Waiting, ...]:
        """Return unread mails, oldest first.

        Raises:
            UnavailableError: it can't be reached; ``data`` names the ``reason``.
        """
        ...

    async def taken(self, uid: str) -> None:
        """Mark a mail as read."""
        ...

    async def parked(self, uid: str) -> None:
        """Mark a mail as read and flag it, for a person to look at."""
        ...
