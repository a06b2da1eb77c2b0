"""The files of access packages: read part by part, removed when they expire."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from privacydesk.domain.ids import ConversationId, PackageId
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.keys import load_seals
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.package import read_part
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_part = tables.package_part.c
_PART = sa.select(tables.package_part).where(
    _part.package_id == sa.bindparam("package"), _part.place == sa.bindparam("place")
)
_OVER = _part.until <= sa.bindparam("now")
_GONE = sa.select(sa.func.count(sa.distinct(_part.package_id))).where(_OVER)
_REMOVE = sa.delete(tables.package_part).where(_OVER)


class SqlPackageFiles:
    """Implements ``ports.PackageFiles``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def part(self, package: PackageId, place: int) -> bytes | None:
        """Return a part of a file; None if missing or removed."""

        def look(connection: sa.Connection) -> bytes | None:
            row = connection.execute(_PART, {"package": package, "place": place}).first()
            if row is None:
                return None
            home = ConversationId(row.conversation_id)
            seal = load_seals(connection, self._seals, [home]).get(home)
            # The key is deleted with a conversation that is purged as a whole.
            return None if seal is None else read_part(row, seal)

        return await self._reader.read(look)

    async def sweep(self, now: datetime) -> int:
        """Remove expired files; return how many."""
        at = {"now": to_micros(now)}
        if not await self._reader.read(lambda connection: connection.scalar(_GONE, at)):
            return 0

        def remove(connection: sa.Connection) -> int:
            gone = connection.scalar(_GONE, at)
            connection.execute(_REMOVE, at)
            return int(gone or 0)

        return await self._writer.run(remove)
