"""Repository of fingerprints of secrets and configuration files, the newest for each name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.ports import FailedJobError
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.writer import BatchWriter

_print = tables.fingerprint.c
_ALL = sa.select(tables.fingerprint)
_UPDATE = (
    sa.update(tables.fingerprint)
    .where(_print.name == sa.bindparam("at_name"))
    .values(
        digest=sa.bindparam("to_digest"),
        recorded_at=sa.bindparam("to_at"),
        recorded_by=sa.bindparam("to_by"),
    )
)


class SqlFingerprints:
    """Implements ``ports.Fingerprints``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader) -> None:
        self._writer = writer
        self._reader = reader

    async def all(self) -> Mapping[str, Fingerprint]:
        """Return all fingerprints by name."""
        return await self._reader.read(read_fingerprints)

    async def record(self, fresh: Iterable[Fingerprint]) -> None:
        """Store new fingerprints, replacing those of the same names."""
        fingerprints = tuple(fresh)
        try:
            await self._writer.run(lambda connection: write_fingerprints(connection, fingerprints))
        except FailedJobError:
            # Another process has just inserted the same name: now that row is updated.
            await self._writer.run(lambda connection: write_fingerprints(connection, fingerprints))


def read_fingerprints(connection: sa.Connection) -> dict[str, Fingerprint]:
    """Return all fingerprints by name."""
    return {
        row.name: Fingerprint(row.name, row.digest, from_micros(row.recorded_at), row.recorded_by)
        for row in connection.execute(_ALL)
    }


def write_fingerprints(connection: sa.Connection, fresh: Iterable[Fingerprint]) -> None:
    """Store new fingerprints, replacing those of the same names."""
    for new in sorted(fresh, key=lambda fingerprint: fingerprint.name):
        at = to_micros(new.at)
        update = {"at_name": new.name, "to_digest": new.digest, "to_at": at, "to_by": new.by}
        if connection.execute(_UPDATE, update).rowcount:
            continue
        row = {"name": new.name, "digest": new.digest, "recorded_at": at, "recorded_by": new.by}
        connection.execute(sa.insert(tables.fingerprint), row)
