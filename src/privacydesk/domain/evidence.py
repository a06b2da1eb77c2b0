"""Evidence: files that users upload because a flow asks for them.

They are stored encrypted, shown on the case only, and removed after the decision.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId

MAX_PAGES: Final = 10
"""Maximum number of pages of a PDF; each becomes a file."""


def page_id(first: EvidenceId, page: int) -> EvidenceId:
    """Return the id of a further page of a PDF, which follows from that of its first one.

    So a client submits a PDF with one id, and nothing else has to be stored of which pages belong
    together.
    """
    return EvidenceId(first[:-1] + bytes([first[-1] ^ page]))


def page_name(name: str, page: int, pages: int) -> str:
    """Return the name of a page; of a file with one page, its own."""
    return f"{name} ({page + 1}/{pages})" if pages > 1 else name


class Evidence(Struct, frozen=True):
    """One file, re-encoded and stripped of metadata.

    Attributes:
        ticket_id: the ticket it was filed with; None until then.
        body: the file's content; empty after its removal, and in lists.
        sha256: hash of ``body``, kept after the removal.
        removed_at: when the body was removed.
    """

    id: EvidenceId
    conversation_id: ConversationId
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime
    ticket_id: TicketId | None = None
    body: bytes = b""
    removed_at: datetime | None = None
