"""Fingerprints of secrets and configuration files; only the newest of each name is kept."""

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
        """Return them by name."""
        return await self._reader.read(read_fingerprints)

    async def record(self, fresh: Iterable[Fingerprint]) -> None:
        """Store new fingerprints, replacing those of the same names."""
        several = tuple(fresh)
        try:
            await self._writer.run(lambda connection: write_fingerprints(connection, several))
        except FailedJobError:
            # Another process recorded the same name first, so now the row is there to be updated.
            await self._writer.run(lambda connection: write_fingerprints(connection, several))


def read_fingerprints(connection: sa.Connection) -> dict[str, Fingerprint]:
    """Return all of them by name."""
    return {
        row.name: Fingerprint(row.name, row.digest, from_micros(row.recorded_at), row.recorded_by)
        for row in connection.execute(_ALL)
    }


def write_fingerprints(connection: sa.Connection, fresh: Iterable[Fingerprint]) -> None:
    """Store new fingerprints, replacing those of the same names."""
    for one in sorted(fresh, key=lambda one: one.name):
        at = to_micros(one.at)
        changed = {"to_digest": one.digest, "to_at": at, "to_by": one.by}
        if connection.execute(_UPDATE, {"at_name": one.name, **changed}).rowcount:
            continue
        row = {"name": one.name, "digest": one.digest, "recorded_at": at, "recorded_by": one.by}
        connection.execute(sa.insert(tables.fingerprint), row)
