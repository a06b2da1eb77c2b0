"""Attachments as rows. Written once, with the event that carries them, and gone with it."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.attachments import Attachment
from privacydesk.domain.ids import AttachmentId, ConversationId
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BOUND = Binding(
    "attachment.name",
    "id",
    "conversation_id",
    "offset",
    "media_type",
    "size",
    "sha256",
    "created_at",
    "by",
)


def body_place(attachment: Any) -> bytes:
    """Return what the body of a row, or of a value, is bound to."""
    # The columns that the name is bound to are checked whenever the body is read.
    where: tuple[bytes, bytes] = (attachment.conversation_id, attachment.id)
    return b"attachment.body|" + b"|".join(where)


def attachment_row(attachment: Attachment, seal: Seal) -> dict[str, Any]:
    """Return an attachment's row."""
    row: dict[str, Any] = {
        "id": attachment.id,
        "conversation_id": attachment.conversation_id,
        "offset": attachment.offset,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "sha256": attachment.sha256,
        "created_at": to_micros(attachment.created_at),
        "by": attachment.by,
    }
    row["name"] = seal.seal(BOUND.of(row), attachment.name.encode("utf-8", "replace"))
    row["body"] = seal.seal(body_place(attachment), attachment.body)
    return row


def read_attachment(row: Any, seal: Seal) -> Attachment:
    """Return the attachment of a row, opened.

    Raises:
        SealError: name or body were not sealed for this file, or a column beside them was
            changed.
    """
    return Attachment(
        id=AttachmentId(row.id),
        conversation_id=ConversationId(row.conversation_id),
        offset=row.offset,
        name=BOUND.open(row, seal, row.name).decode(),
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        created_at=from_micros(row.created_at),
        by=row.by,
        body=seal.open(body_place(row), row.body),
    )
