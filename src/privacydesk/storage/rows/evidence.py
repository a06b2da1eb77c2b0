"""Row mapper of evidence; a file is inserted once, then only filed with a ticket or emptied."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.storage.codec import from_micros, opt_instant, opt_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Opener, Seal

BINDING = Binding(
    "evidence.name",
    "id",
    "conversation_id",
    "ticket_id",
    "media_type",
    "size",
    "sha256",
    "created_at",
    "handed_in_at",
    "removed_at",
)


def body_binding(evidence: Any) -> bytes:
    """Return the associated data of the body, given an evidence file or its row."""
    # Only its ids: other columns change, and the body is too large to be sealed again each time.
    ids: tuple[bytes, bytes] = (evidence.conversation_id, evidence.id)
    return b"evidence.body|" + b"|".join(ids)


def evidence_row(evidence: Evidence, seal: Seal) -> dict[str, Any]:
    """Return the row of an evidence file."""
    row: dict[str, Any] = {
        "id": evidence.id,
        "conversation_id": evidence.conversation_id,
        "ticket_id": evidence.ticket_id,
        "media_type": evidence.media_type,
        "size": evidence.size,
        "sha256": evidence.sha256,
        "created_at": to_micros(evidence.created_at),
        "handed_in_at": None if evidence.ticket_id is None else to_micros(evidence.created_at),
        "removed_at": opt_micros(evidence.removed_at),
    }
    row["name"] = seal.seal(BINDING.associated_data(row), evidence.name.encode("utf-8", "replace"))
    row["body"] = seal.seal(body_binding(evidence), evidence.body) if evidence.body else b""
    return row


def update_evidence_row(row: Any, seal: Seal, **changes: Any) -> dict[str, Any]:
    """Return a row without its body, with changed columns and the name sealed for them.

    Raises:
        SealError: the row is not as it was written.
    """
    values = {column: getattr(row, column) for column in BINDING.columns}
    name = seal.open(BINDING.associated_data(values), row.name)
    values |= changes
    values["name"] = seal.seal(BINDING.associated_data(values), name)
    return values


def read_evidence(row: Any, seal: Opener, *, body: bytes = b"") -> Evidence:
    """Return the evidence of a row.

    Args:
        row: all columns except the body.
        seal: the seal of the conversation in which the file was sent.
        body: the sealed body; empty to return the evidence without its body.

    Raises:
        SealError: the name or the body was not sealed for this row, or a bound column was changed.
    """
    return Evidence(
        id=EvidenceId(row.id),
        conversation_id=ConversationId(row.conversation_id),
        name=BINDING.open(row, seal, row.name).decode(),
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        created_at=from_micros(row.created_at),
        ticket_id=None if row.ticket_id is None else TicketId(row.ticket_id),
        body=seal.open(body_binding(row), body) if body else b"",
        removed_at=opt_instant(row.removed_at),
    )
