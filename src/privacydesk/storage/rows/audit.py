"""Audit entries as rows. They hold no content, so nothing is sealed; the chain guards them."""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any

import orjson

from privacydesk.domain.audit import AuditEntry, SealedEntry
from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.storage.codec import from_micros, to_micros

_CHANCE = 6


def audit_row(entry: AuditEntry, now: datetime, place: int) -> dict[str, Any]:
    """Return a new entry's row.

    Args:
        entry: the entry.
        now: the present; ids sort by it.
        place: its place among the entries of its job.
    """
    identity = to_micros(now).to_bytes(8, "big") + place.to_bytes(2, "big") + os.urandom(_CHANCE)
    return {
        "id": identity,
        "at": to_micros(entry.at),
        "by": entry.by,
        "what": entry.what,
        "ticket_id": entry.ticket_id,
        "conversation_id": entry.conversation_id,
        "evidence_id": entry.evidence_id,
        "detail": orjson.dumps(dict(entry.detail), option=orjson.OPT_SORT_KEYS).decode(),
        "seq": None,
        "code": None,
    }


def read_audit(row: Any) -> SealedEntry:
    """Return the entry of a row."""
    entry = AuditEntry(
        at=from_micros(row.at),
        by=row.by,
        what=row.what,
        ticket_id=None if row.ticket_id is None else TicketId(row.ticket_id),
        conversation_id=None
        if row.conversation_id is None
        else ConversationId(row.conversation_id),
        evidence_id=None if row.evidence_id is None else EvidenceId(row.evidence_id),
        detail=orjson.loads(row.detail),
    )
    return SealedEntry(row.seq or 0, entry, row.id)
