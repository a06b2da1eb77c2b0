"""Attachments: files that an agent sends to the user with a reply.

They are part of the conversation: shown to its owner, and deleted with it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from privacydesk.domain.ids import AttachmentId, ConversationId


class Attachment(Struct, frozen=True):
    """One file, re-encoded and stripped of metadata.

    Attributes:
        offset: the event that carries it.
        by: the agent who sent it.
        body: the file itself; empty in lists.
    """

    id: AttachmentId
    conversation_id: ConversationId
    offset: int
    name: str
    media_type: str
    size: int
    sha256: str
    created_at: datetime
    by: str
    body: bytes = b""

    def told(self) -> dict[str, Any]:
        """Return what its event carries."""
        return {
            "id": self.id.hex(),
            "name": self.name,
            "size": self.size,
            "media_type": self.media_type,
        }
