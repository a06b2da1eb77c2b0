"""Files handed in, as rows. Written once, then only moved to a ticket or emptied."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.evidence import Evidence
from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.storage.codec import from_micros, opt_instant, opt_micros, to_micros
from privacydesk.storage.sealing import Seal


def _place(column: bytes, conversation: ConversationId, evidence: EvidenceId) -> bytes:
    return b"evidence." + column + b"|" + conversation + b"|" + evidence


def evidence_row(evidence: Evidence, seal: Seal) -> dict[str, Any]:
    """Return a file's row."""
    where = (evidence.conversation_id, evidence.id)
    name = evidence.name.encode("utf-8", "replace")
    return {
        "id": evidence.id,
        "conversation_id": evidence.conversation_id,
        "ticket_id": evidence.ticket_id,
        "name": seal.seal(_place(b"name", *where), name),
        "media_type": evidence.media_type,
        "size": evidence.size,
        "sha256": evidence.sha256,
        "created_at": to_micros(evidence.created_at),
        "handed_in_at": None if evidence.ticket_id is None else to_micros(evidence.created_at),
        "removed_at": opt_micros(evidence.removed_at),
        "body": seal.seal(_place(b"body", *where), evidence.body) if evidence.body else b"",
    }


def read_evidence(row: Any, seal: Seal, *, body: bytes = b"") -> Evidence:
    """Return the file of a row.

    Args:
        row: all columns but the body.
        seal: of the conversation it was sent in.
        body: the sealed body, when it is wanted.

    Raises:
        SealError: name or body were not sealed for this file.
    """
    conversation, identity = ConversationId(row.conversation_id), EvidenceId(row.id)
    where = (conversation, identity)
    return Evidence(
        id=identity,
        conversation_id=conversation,
        name=seal.open(_place(b"name", *where), row.name).decode(),
        media_type=row.media_type,
        size=row.size,
        sha256=row.sha256,
        created_at=from_micros(row.created_at),
        ticket_id=None if row.ticket_id is None else TicketId(row.ticket_id),
        body=seal.open(_place(b"body", *where), body) if body else b"",
        removed_at=opt_instant(row.removed_at),
    )
