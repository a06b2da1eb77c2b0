"""Audit entries of operations, which change rows outside of the batch's jobs."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from privacydesk.domain.audit import AuditEntry
from privacydesk.storage import tables
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.rows.audit import audit_row
from privacydesk.storage.sealing import Seals


def write_audit_entries(
    connection: sa.Connection, seals: Seals, entries: Iterable[AuditEntry]
) -> None:
    """Write signed audit entries in the transaction of what they record."""
    rows = []
    for index, entry in enumerate(entries):
        key = get_or_create_digest_key(connection, seals)
        rows.append(audit_row(entry, entry.at, index, key))
    if rows:
        connection.execute(sa.insert(tables.audit), rows)
