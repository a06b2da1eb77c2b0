"""Access packages: files with a person's data, offered for download for a limited time.

The file is stored encrypted, in parts. For each download link the requester enters a new code; the
link works only in the conversation in which the code was entered.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from privacydesk.domain.ids import ConversationId, PackageId, TicketId

LINK_LIFETIME: Final = timedelta(minutes=15)
"""How long a link works; long enough to resume after a lost connection."""

PART_BYTES: Final = 256 * 1024
"""The size of the parts, in bytes; each is encrypted as one value."""

_MEGABYTE: Final = 1024 * 1024

KNOWN_COLUMNS: Final = (
    "account", "amount", "at", "avatar", "birthday", "bound_at", "count", "currency", "device",
    "from", "gender", "id", "interests", "label_masked", "last_login_way", "messages", "nickname",
    "phone", "phone_masked", "provider", "real_name", "real_name_masked", "real_name_verified",
    "room", "seconds", "signature", "status", "tags", "text", "to", "verified", "with",
)  # fmt: skip
"""Fields of entries with a translated name; others are shown under the name that they have."""


class Link(Struct, frozen=True):
    """A download link, valid for a few minutes.

    Attributes:
        secret_hash: keyed hash of the secret in the link.
        conversation_id: the conversation in which the link works.
        until: when it expires.
    """

    secret_hash: bytes
    conversation_id: ConversationId
    until: datetime


class Package(Struct, frozen=True):
    """The metadata of one file of a ticket.

    Attributes:
        made_at: when it was made, the time of the data in it.
        until: when it is deleted.
        size: size of the file, in bytes.
        parts: number of parts.
        sha256: hash of the file.
        link: the current link, which replaced earlier ones.
        downloads: number of downloads begun.
    """

    id: PackageId
    made_at: datetime
    until: datetime
    size: int
    parts: int
    sha256: str
    link: Link | None = None
    downloads: int = 0

    def is_available(self, now: datetime) -> bool:
        """Return whether the file has not been deleted."""
        return now < self.until

    def opens(self, secret_hash: bytes, conversation: ConversationId, now: datetime) -> bool:
        """Return whether a link's secret gives access to the file in a conversation now."""
        link = self.link
        if link is None:
            return False
        is_right = hmac.compare_digest(link.secret_hash, secret_hash)
        is_same = link.conversation_id == conversation
        return is_right and is_same and now < link.until and self.is_available(now)


class PackagePart(Struct, frozen=True):
    """A stored part of a file.

    Attributes:
        place: number of the part, starting with 1.
        until: when the file is deleted.
    """

    package_id: PackageId
    place: int
    conversation_id: ConversationId
    ticket_id: TicketId
    until: datetime
    body: bytes


def size_in_words(size: int) -> str:
    """Return a size in KB or MB, in a form that is the same in every language."""
    if size < _MEGABYTE:
        return f"{max(1, round(size / 1024))} KB"
    return f"{size / _MEGABYTE:.1f} MB"


def split_file(body: bytes) -> Iterator[bytes]:
    """Yield the parts of a file."""
    for start in range(0, len(body), PART_BYTES):
        yield body[start : start + PART_BYTES]
