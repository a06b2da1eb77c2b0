"""Row mapper of attachments, which are inserted and deleted with the event they belong to."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.attachments import Attachment
from privacydesk.domain.ids import AttachmentId, ConversationId
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Opener, Seal

BINDING = Binding(
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


def body_binding(attachment: Any) -> bytes:
    """Return the associated data of the body, given an attachment or its row."""
    # Only its ids: the other columns are bound to the name, which is read with the body.
    ids: tuple[bytes, bytes] = (attachment.conversation_id, attachment.id)
    return b"attachment.body|" + b"|".join(ids)


def attachment_row(attachment: Attachment, seal: Seal) -> dict[str, Any]:
    """Return the row of an attachment."""
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
    row["name"] = seal.seal(
        BINDING.associated_data(row), attachment.name.encode("utf-8", "replace")
    )
    row["body"] = seal.seal(body_binding(attachment), attachment.body)
    return row


def read_attachment(row: Any, seal: Opener) -> Attachment:
    """Return the attachment of a row, with its body.

    Raises:
        SealError: the name or the body was not sealed for this row, or a bound column was changed.
    """
    return Attachment(
        id=AttachmentId(row.id),
        conversation_id=ConversationId(row.conversation_id),
        offset=row.offset,
        name=BINDING.open(row, seal, row.name).decode(),
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        created_at=from_micros(row.created_at),
        by=row.by,
        body=seal.open(body_binding(row), row.body),
    )
