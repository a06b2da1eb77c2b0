"""Evidence: files that users upload because a flow asks for them.

They are stored encrypted, shown on the case only, and removed after the decision.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId


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
