"""Audit entries of operations, which change rows outside of the batch's jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from privacydesk.domain.audit import AuditEntry
from privacydesk.storage import tables
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.rows.audit import Anchor, audit_row
from privacydesk.storage.sealing import Seals


def write_audit_entries(
    connection: sa.Connection,
    seals: Seals,
    entries: Iterable[AuditEntry],
    *,
    anchors: Sequence[Anchor] = (),
) -> None:
    """Write signed audit entries in the transaction of what they record.

    Args:
        connection: the transaction.
        seals: sign the rows.
        entries: the entries, in order.
        anchors: the new versions of rows that were changed; the first entry carries them.
    """
    rows = []
    for index, entry in enumerate(entries):
        key = get_or_create_digest_key(connection, seals)
        rows.append(audit_row(entry, entry.at, index, key, anchors=() if index else anchors))
    if rows:
        connection.execute(sa.insert(tables.audit), rows)
