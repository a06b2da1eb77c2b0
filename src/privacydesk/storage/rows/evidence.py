"""Evidence files as rows. Written once, then only moved to a ticket or emptied."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.storage.codec import from_micros, opt_instant, opt_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BOUND = Binding(
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


def body_place(evidence: Any) -> bytes:
    """Return what the body of a row, or of a value, is bound to."""
    # A body is bound to its place alone: it is large, and the rest changes while it stays.
    where: tuple[bytes, bytes] = (evidence.conversation_id, evidence.id)
    return b"evidence.body|" + b"|".join(where)


def evidence_row(evidence: Evidence, seal: Seal) -> dict[str, Any]:
    """Return a file's row."""
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
    row["name"] = seal.seal(BOUND.of(row), evidence.name.encode("utf-8", "replace"))
    row["body"] = seal.seal(body_place(evidence), evidence.body) if evidence.body else b""
    return row


def changed_row(row: Any, seal: Seal, **changed: Any) -> dict[str, Any]:
    """Return a file's columns without the body, some of them changed, and the name resealed.

    Raises:
        SealError: the row was not as it was written.
    """
    values = {name: getattr(row, name) for name in BOUND.columns}
    name = seal.open(BOUND.of(values), row.name)
    values |= changed
    values["name"] = seal.seal(BOUND.of(values), name)
    return values


def read_evidence(row: Any, seal: Seal, *, body: bytes = b"") -> Evidence:
    """Return the file of a row.

    Args:
        row: all columns but the body.
        seal: of the conversation it was sent in.
        body: the sealed body, when it is wanted.

    Raises:
        SealError: name or body were not sealed for this file, or a column beside them was
            changed.
    """
    return Evidence(
        id=EvidenceId(row.id),
        conversation_id=ConversationId(row.conversation_id),
        name=BOUND.open(row, seal, row.name).decode(),
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        created_at=from_micros(row.created_at),
        ticket_id=None if row.ticket_id is None else TicketId(row.ticket_id),
        body=seal.open(body_place(row), body) if body else b"",
        removed_at=opt_instant(row.removed_at),
    )
