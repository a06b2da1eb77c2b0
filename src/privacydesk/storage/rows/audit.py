"""Row mapper of audit entries, which contain no personal content and are not sealed.

The audit chain authenticates them; an entry that is not part of the chain yet has its own digest.
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

_RANDOM_ID_BYTES = 6

Anchor = tuple[str, str, int]
"""A table, the key of one of its rows as text, and the row's new version."""

_anchors_decoder = msgspec.json.Decoder(list[Anchor])

BINDING = Binding(
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
    entry: AuditEntry, now: datetime, index: int, key: Seal, *, anchors: Sequence[Anchor] = ()
) -> dict[str, Any]:
    """Return the signed row of a new audit entry.

    Args:
        entry: the entry.
        now: the current time, by which ids sort.
        index: the position of the entry among those of its transaction, from 0.
        key: the key of the digests.
        anchors: the new versions of rows that the recorded action changed. A rollback of such a
            row to a lower version is detected.
    """
    time_and_index = to_micros(now).to_bytes(8, "big") + index.to_bytes(2, "big")
    row = {
        "id": time_and_index + os.urandom(_RANDOM_ID_BYTES),
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
    return BINDING.sign(row, key)


def read_anchors(row: Any) -> list[Anchor]:
    """Return the anchors of an entry's row.

    Raises:
        msgspec.MsgspecError: the column was not written by ``audit_row``.
    """
    return [] if row.anchors is None else _anchors_decoder.decode(row.anchors)


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
