"""Repository of the files of access packages, which are stored in parts and expire."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import ConversationId, PackageId, TicketId
from privacydesk.storage import tables
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.data_keys import load_seals
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.package import read_part
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_part = tables.package_part.c
_PART = sa.select(tables.package_part).where(
    _part.package_id == sa.bindparam("package"), _part.place == sa.bindparam("place")
)
_EXPIRED = _part.until <= sa.bindparam("now")
_EXPIRED_FILES = (
    sa.select(_part.package_id, _part.ticket_id, _part.conversation_id, _part.until)
    .where(_EXPIRED, _part.place == 1)
    .order_by(_part.until, _part.package_id)
)
_DELETE_EXPIRED = sa.delete(tables.package_part).where(_EXPIRED)


class SqlPackageFiles:
    """Implements ``ports.PackageFiles``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def part(self, package: PackageId, place: int) -> bytes | None:
        """Return a part of a file, counted from 1; None if it is missing or deleted."""

        def fetch(connection: sa.Connection) -> bytes | None:
            row = connection.execute(_PART, {"package": package, "place": place}).first()
            if row is None:
                return None
            conversation = ConversationId(row.conversation_id)
            seal = load_seals(connection, self._seals, [conversation]).get(conversation)
            # There is no key if the whole conversation has just been erased.
            return None if seal is None else read_part(row, seal)

        return await self._reader.read(fetch)

    async def sweep(self, now: datetime) -> int:
        """Delete expired files, with an audit entry for each; return how many."""
        params = {"now": to_micros(now)}
        if not await self._reader.read(lambda c: c.execute(_EXPIRED_FILES, params).all()):
            return 0

        def delete(connection: sa.Connection) -> int:
            expired = connection.execute(_EXPIRED_FILES, params).all()
            write_audit_entries(
                connection,
                self._seals,
                (
                    AuditEntry(
                        from_micros(file.until),
                        "clock",
                        "package_expired",
                        TicketId(file.ticket_id),
                        ConversationId(file.conversation_id),
                    )
                    for file in expired
                ),
            )
            connection.execute(_DELETE_EXPIRED, params)
            return len(expired)

        return await self._writer.run(delete)
