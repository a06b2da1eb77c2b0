"""Rows of staff's settings: signed, guarded by their version, and audited with every change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from privacydesk.domain.audit import AuditEntry
from privacydesk.errors import StaleError
from privacydesk.storage import tables
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal, Seals
from privacydesk.storage.writer import BatchWriter

T = TypeVar("T")
AlsoWrite = Callable[[sa.Connection, T | None], None]
"""Writes what belongs to a change, given the value before it; None for a new row."""


class VersionedRows(Generic[T]):
    """The rows of a table of settings, which contain no personal data of requesters.

    Args:
        writer: runs the changes.
        reader: runs the queries.
        seals: signs the rows.
        binding: the table's binding; its first column is the key.
        read: returns the value of a row whose digest is right.
        stale_reason: the error's reason if another version is stored than was seen.
    """

    def __init__(
        self,
        writer: BatchWriter,
        reader: SqlReader,
        seals: Seals,
        *,
        binding: Binding,
        read: Callable[[Any], T],
        stale_reason: str,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals
        self._binding = binding
        self._read = read
        self._stale_reason = stale_reason
        self._table = tables.metadata.tables[binding.table]
        self._key = self._table.c[binding.columns[0]]
        self._all = sa.select(self._table).order_by(self._key)

    async def all(self) -> tuple[T, ...]:
        """Return the values of all rows, sorted by key."""

        def fetch(connection: sa.Connection) -> tuple[T, ...]:
            rows = connection.execute(self._all)
            return tuple(
                open_signed_rows(connection, self._seals, rows, self._binding, self._check)
            )

        return await self._reader.read(fetch)

    async def save(
        self, row: dict[str, Any], audit_entry: AuditEntry, also: AlsoWrite[T] | None = None
    ) -> None:
        """Insert a row of version 1, or update the row of the version before.

        Args:
            row: the row, without its digest.
            audit_entry: what is recorded of the change.
            also: writes more in the same transaction.

        Raises:
            StaleError: another version is stored.
        """
        name = row[self._key.name]

        def write(connection: sa.Connection) -> None:
            before = self._locked(connection, name, row["version"] - 1)
            key = get_or_create_digest_key(connection, self._seals)
            if also is not None:
                also(connection, None if before is None else self._check(before, key))
            signed = self._binding.sign(row, key)
            if row["version"] == 1:
                connection.execute(sa.insert(self._table), signed)
            else:
                update = sa.update(self._table).where(self._key == name)
                connection.execute(update.values(signed))
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    async def remove(self, key: str | bytes, seen: int, audit_entry: AuditEntry) -> None:
        """Delete a row.

        Raises:
            StaleError: another version than ``seen`` is stored, or none.
        """

        def write(connection: sa.Connection) -> None:
            self._locked(connection, key, seen)
            connection.execute(sa.delete(self._table).where(self._key == key))
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    def _check(self, row: Any, key: Seal) -> T:
        self._binding.check(row, key)
        return self._read(row)

    def _locked(
        self, connection: sa.Connection, key: str | bytes, expected: int
    ) -> sa.Row[Any] | None:
        """Lock the row with a key, which has to have a version, and return it; None for 0."""
        query = sa.select(self._table).where(self._key == key).with_for_update()
        row = connection.execute(query).one_or_none()
        if (0 if row is None else row.version) != expected:
            raise StaleError("it was changed meanwhile", reason=self._stale_reason)
        return row
