"""Audit entries as rows. They hold no content, so nothing is sealed.

The chain guards them; until they are part of it, each has a digest of its own.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import orjson

from privacydesk.domain.audit import AuditEntry, SealedEntry
from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

_CHANCE = 6

Anchor = tuple[str, str, int]
"""A table, the key of a row of it as text, and the version the row has from here on."""

_anchors = msgspec.json.Decoder(list[Anchor])

BOUND = Binding(
    "audit.mac",
    "id",
    "at",
    "by",
    "what",
    "ticket_id",
    "conversation_id",
    "evidence_id",
    "detail",
    "anchors",
)


def audit_row(
    entry: AuditEntry, now: datetime, place: int, key: Seal, *, anchors: Sequence[Anchor] = ()
) -> dict[str, Any]:
    """Return a new entry's row, signed.

    Args:
        entry: the entry.
        now: the present; ids sort by it.
        place: its place among the entries of its job.
        key: of the digests.
        anchors: new versions of rows that the act changed: a rollback to a lower one is detected
            while the entry is part of the chain.
    """
    identity = to_micros(now).to_bytes(8, "big") + place.to_bytes(2, "big") + os.urandom(_CHANCE)
    row = {
        "id": identity,
        "at": to_micros(entry.at),
        "by": entry.by,
        "what": entry.what,
        "ticket_id": entry.ticket_id,
        "conversation_id": entry.conversation_id,
        "evidence_id": entry.evidence_id,
        "detail": orjson.dumps(dict(entry.detail), option=orjson.OPT_SORT_KEYS).decode(),
        "anchors": orjson.dumps(anchors).decode() if anchors else None,
        "seq": None,
        "code": None,
    }
    return BOUND.sign(row, key)


def read_anchors(row: Any) -> list[Anchor]:
    """Return which rows an entry anchors.

    Raises:
        msgspec.MsgspecError: the column was not written by ``audit_row``.
    """
    return [] if row.anchors is None else _anchors.decode(row.anchors)


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
