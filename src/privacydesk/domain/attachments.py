"""Attachments: files that an agent and the user send each other in a conversation.

They are part of the conversation: shown in it, and deleted with it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct

from privacydesk.domain.ids import AttachmentId, ConversationId


class Attachment(Struct, frozen=True):
    """One file, re-encoded and stripped of metadata.

    Attributes:
        offset: offset of the event that it belongs to.
        by: name of the agent who sent it; empty if the user did.
        body: the file's content; empty in lists.
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

    def event_data(self) -> dict[str, Any]:
        """Return the description of the file for its event's ``data``."""
        return {
            "id": self.id.hex(),
            "name": self.name,
            "size": self.size,
            "media_type": self.media_type,
        }
