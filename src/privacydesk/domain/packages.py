"""Access packages: a file with what the app holds about a person, offered for a while.

The file lies sealed in parts. Its request tells that there is one and until when; whoever the
request belongs to gets a link to it with a new code each time, and the link opens it in one
conversation alone.
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
"""How much of a file is sealed as one value."""

_MEGABYTE: Final = 1024 * 1024

KNOWN_COLUMNS: Final = (
    "account", "amount", "at", "avatar", "birthday", "bound_at", "count", "currency", "device",
    "from", "gender", "id", "interests", "label_masked", "last_login_way", "messages", "nickname",
    "phone", "phone_masked", "provider", "real_name", "real_name_masked", "real_name_verified",
    "room", "seconds", "signature", "status", "tags", "text", "to", "verified", "with",
)  # fmt: skip
"""Fields of entries that have a name in every language; others are called as they were sent."""


class Link(Struct, frozen=True):
    """A way to one file, for a few minutes.

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
        made_at: when it was made: what was held then.
        until: when it goes.
        size: of the file, in bytes.
        parts: how many there are.
        sha256: of the file.
        link: the last one; it takes the place of the one before.
        downloads: how often it was begun to be sent.
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
        """Tell whether it can still be had."""
        return now < self.until

    def opens(self, secret_hash: bytes, conversation: ConversationId, now: datetime) -> bool:
        """Tell whether a link's secret opens it in a conversation now."""
        link = self.link
        if link is None:
            return False
        known = hmac.compare_digest(link.secret_hash, secret_hash)
        here = link.conversation_id == conversation
        return known and here and now < link.until and self.is_there(now)


class PackagePart(Struct, frozen=True):
    """A piece of a file as it is kept.

    Attributes:
        place: 1 for the first.
        until: when the file goes.
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
    """Give a file in pieces."""
    for begin in range(0, len(body), PART_BYTES):
        yield body[begin : begin + PART_BYTES]
