"""Attachments as rows. Written once, with the event that carries them, and gone with it."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.attachments import Attachment
from privacydesk.domain.ids import AttachmentId, ConversationId
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.sealing import Seal


def _place(column: bytes, conversation: ConversationId, attachment: AttachmentId) -> bytes:
    return b"attachment." + column + b"|" + conversation + b"|" + attachment


def attachment_row(attachment: Attachment, seal: Seal) -> dict[str, Any]:
    """Return an attachment's row."""
    where = (attachment.conversation_id, attachment.id)
    name = attachment.name.encode("utf-8", "replace")
    return {
        "id": attachment.id,
        "conversation_id": attachment.conversation_id,
        "offset": attachment.offset,
        "name": seal.seal(_place(b"name", *where), name),
        "media_type": attachment.media_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "created_at": to_micros(attachment.created_at),
        "by": attachment.by,
        "body": seal.seal(_place(b"body", *where), attachment.body),
    }


def read_attachment(row: Any, seal: Seal) -> Attachment:
    """Return the attachment of a row, opened.

    Raises:
        SealError: name or body were not sealed for this file.
    """
    where = (ConversationId(row.conversation_id), AttachmentId(row.id))
    return Attachment(
        id=where[1],
        conversation_id=where[0],
        offset=row.offset,
        name=seal.open(_place(b"name", *where), row.name).decode(),
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        created_at=from_micros(row.created_at),
        by=row.by,
        body=seal.open(_place(b"body", *where), row.body),
    )
