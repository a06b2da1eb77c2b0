"""Access packages: a file with what the app holds about a person, offered for a while.

The file is stored sealed, in parts. Its request shows that there is one and until when; the
requester gets a link to it with a new code each time, and the link opens it in one conversation
alone.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from privacydesk.domain.ids import ConversationId, PackageId, TicketId

LINK_LIFETIME: Final = timedelta(minutes=15)
"""How long a link opens a file: enough to come back to after a lost connection."""

PART_BYTES: Final = 256 * 1024
"""Bytes of a file that are sealed as one value."""

_MEGABYTE: Final = 1024 * 1024

KNOWN_COLUMNS: Final = (
    "account", "amount", "at", "avatar", "birthday", "bound_at", "count", "currency", "device",
    "from", "gender", "id", "interests", "label_masked", "last_login_way", "messages", "nickname",
    "phone", "phone_masked", "provider", "real_name", "real_name_masked", "real_name_verified",
    "room", "seconds", "signature", "status", "tags", "text", "to", "verified", "with",
)  # fmt: skip
"""Fields of entries that have a name in every language; others keep the name they came with."""


class Link(Struct, frozen=True):
    """A link to one file, for a few minutes.

    Attributes:
        secret_hash: keyed hash of what only the link holds.
        conversation_id: where the code was entered; the link opens the file there alone.
    """

    secret_hash: bytes
    conversation_id: ConversationId
    until: datetime


class Package(Struct, frozen=True):
    """One file of a request.

    Attributes:
        made_at: when it was made: its content is as of then.
        until: when it is deleted.
        size: of the file, in bytes.
        parts: the number of its parts.
        sha256: of the file.
        link: the last one, which replaces the one before.
        downloads: how often sending it was begun.
    """

    id: PackageId
    made_at: datetime
    until: datetime
    size: int
    parts: int
    sha256: str
    link: Link | None = None
    downloads: int = 0

    def is_there(self, now: datetime) -> bool:
        """Whether it is still available."""
        return now < self.until

    def opens(self, secret_hash: bytes, conversation: ConversationId, now: datetime) -> bool:
        """Whether a link's secret opens it in a conversation now."""
        link = self.link
        if link is None:
            return False
        known = hmac.compare_digest(link.secret_hash, secret_hash)
        here = link.conversation_id == conversation
        return known and here and now < link.until and self.is_there(now)


class PackagePart(Struct, frozen=True):
    """A part of a file, as stored.

    Attributes:
        place: 1 for the first.
        until: when the file is deleted.
    """

    package_id: PackageId
    place: int
    conversation_id: ConversationId
    ticket_id: TicketId
    until: datetime
    body: bytes


def size_in_words(size: int) -> str:
    """Return a size as people read it, the same in every language."""
    if size < _MEGABYTE:
        return f"{max(1, round(size / 1024))} KB"
    return f"{size / _MEGABYTE:.1f} MB"


def pieces(body: bytes) -> Iterator[bytes]:
    """Yield a file in pieces."""
    for begin in range(0, len(body), PART_BYTES):
        yield body[begin : begin + PART_BYTES]
