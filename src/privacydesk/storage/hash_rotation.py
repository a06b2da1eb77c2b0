"""Replaces the hashing secret: begins it, gives stored hashes their new form, and ends it.

What the database says of it are two fingerprints: that of the secret in whose form hashes are
written, and, until all have that form, that of the secret before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.deliveries import DeliveryState
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.domain.ids import ConversationId
from privacydesk.errors import StaleError
from privacydesk.ports import RehashedPage, RowKey
from privacydesk.storage import tables
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.data_keys import get_or_create_seal, load_own_seal
from privacydesk.storage.engines import application_tags, sqlite_file
from privacydesk.storage.fingerprints import write_fingerprints
from privacydesk.storage.hash_forms import (
    HashForm,
    HashForms,
    KeyedHash,
    as_stored,
    as_stored_value,
)
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.schema import require_version
from privacydesk.storage.sealing import SealError, Seals
from privacydesk.storage.serving_lock import serving_tags
from privacydesk.storage.statements import sql_literal
from privacydesk.storage.writer import BatchWriter

_ROOT_KEY: Final = ConversationId(b"hashing-root".ljust(16, b"\0"))
"""The id of the key in ``data_key``; no conversation has it, as their ids are UUIDs."""
_BOUND: Final = b"hashing_root.body|1"
_ROOT: Final = sa.select(tables.hashing_root.c.body)
_fingerprint = tables.fingerprint.c
_DIGEST: Final = sa.select(_fingerprint.digest).where(_fingerprint.name == sa.bindparam("name"))
_FIRST_VERSION: Final = "0018"
"""The schema of the first program that knows forms."""


class _HashedTable(NamedTuple):
    """A table with keyed hashes: its primary key as it is stored, and the hashes."""

    table: sa.Table
    keys: tuple[sa.ColumnElement[Any], ...]
    hashes: tuple[sa.Column[bytes], ...]


def _hashed_tables() -> Iterator[_HashedTable]:
    for table in tables.metadata.sorted_tables:
        hashes = tuple(column for column in table.c if isinstance(column.type, KeyedHash))
        if hashes:
            yield _HashedTable(table, tuple(map(as_stored, table.primary_key)), hashes)


_TABLES: Final = {one.table.name: one for one in _hashed_tables()}
_IS_OPEN: Final = tables.outbox.c.state == sql_literal(DeliveryState.OPEN.value)


class SqlHashRotation:
    """Implements ``ports.HashRotation``."""

    def __init__(
        self,
        writer: BatchWriter,
        reader: SqlReader,
        seals: Seals,
        forms: HashForms,
        address: sa.URL,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals
        self._forms = forms
        self._address = address

    def use(
        self, written: bytes | None, other: bytes | None, *, awaited: Fingerprint | None = None
    ) -> None:
        """Choose the forms in which hashes are stored; see ``ports.HashRotation``."""
        is_named = None if awaited is None else partial(_is_recorded, awaited)
        self._forms.use(
            HashForm(written),
            None if written == other else HashForm(other),
            is_other_named=is_named,
        )

    async def root(self) -> bytes | None:
        """Return the first secret, once it was replaced; see ``ports.HashRotation``."""

        def fetch(connection: sa.Connection) -> bytes | None:
            sealed = connection.scalar(_ROOT)
            if sealed is None:
                return None
            seal = load_own_seal(connection, self._seals, _ROOT_KEY)
            if seal is None:
                raise SealError("the key of the first hashing secret is missing", place="data_key")
            return seal.open(_BOUND, sealed)

        return await self._reader.read(fetch)

    async def serving_tags(self) -> tuple[str, ...]:
        """Return the tags of the processes that serve; see ``ports.HashRotation``."""
        if sqlite_file(self._address) is not None:
            return serving_tags(self._address)
        return await self._reader.read(application_tags)

    async def begin(
        self, root: bytes, before: Fingerprint, new: Iterable[Fingerprint], audit_entry: AuditEntry
    ) -> None:
        """Have all processes write the other form; see ``ports.HashRotation``."""
        recorded = tuple(new)

        def write(connection: sa.Connection) -> None:
            if not _is_recorded(before, connection, for_change=True):
                raise StaleError("the secret was replaced meanwhile")
            if connection.scalar(_ROOT) is None:
                seal = get_or_create_seal(connection, self._seals, _ROOT_KEY)
                row = {"id": 1, "body": seal.seal(_BOUND, root)}
                connection.execute(sa.insert(tables.hashing_root), row)
            # Programs that don't know forms must not be started any more.
            require_version(connection, _FIRST_VERSION)
            write_fingerprints(connection, recorded)
            # Rows of one lane are compared with each other, so all of them change at once.
            assert self._forms.other is not None
            _rehash(connection, _TABLES["outbox"], self._forms, self._forms.other, _IS_OPEN)
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    def tables(self) -> tuple[str, ...]:
        """Return the names of the tables with hashes."""
        return tuple(_TABLES)

    async def count(self, table: str) -> int:
        """Return the number of rows of a table."""
        query = sa.select(sa.func.count()).select_from(_TABLES[table].table)
        return await self._reader.read(lambda connection: connection.scalar(query) or 0)

    async def rehash(self, table: str, after: RowKey | None, *, limit: int) -> RehashedPage:
        """Give a page of rows the form that is written; see ``ports.HashRotation``."""
        hashed = _TABLES[table]
        is_next = sa.true() if after is None else sa.tuple_(*hashed.keys) > sa.tuple_(*after)

        def write(connection: sa.Connection) -> RehashedPage:
            return _rehash(
                connection, hashed, self._forms, self._forms.written, is_next, limit=limit
            )

        return await self._writer.run(write)

    async def end(self, name: str, audit_entry: AuditEntry) -> None:
        """Forget the fingerprint of the secret before; see ``ports.HashRotation``."""

        def write(connection: sa.Connection) -> None:
            connection.execute(sa.delete(tables.fingerprint).where(_fingerprint.name == name))
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)


def _is_recorded(
    fingerprint: Fingerprint, connection: sa.Connection, *, for_change: bool = False
) -> bool:
    """Return whether a fingerprint is recorded, and keep that from changing until the commit."""
    query = _DIGEST.with_for_update(read=not for_change)
    return connection.scalar(query, {"name": fingerprint.name}) == fingerprint.digest


def _rehash(
    connection: sa.Connection,
    hashed: _HashedTable,
    forms: HashForms,
    form: HashForm,
    condition: sa.ColumnElement[bool],
    *,
    limit: int | None = None,
) -> RehashedPage:
    """Give rows of a table another form; return how far it came."""
    table, keys, hashes = hashed
    stored = [as_stored(column) for column in hashes]
    query = sa.select(*keys, *stored).where(condition).order_by(*keys).limit(limit)
    rows = connection.execute(query.with_for_update()).all()
    changed = 0
    for row in rows:
        key, before = row[: len(keys)], row[len(keys) :]
        after = [
            forms.reformed(value, form, column)
            for value, column in zip(before, hashes, strict=True)
        ]
        if after != list(before):
            new = {
                column: as_stored_value(value) for column, value in zip(hashes, after, strict=True)
            }
            is_row = sa.and_(*(column == value for column, value in zip(keys, key, strict=True)))
            connection.execute(sa.update(table).where(is_row).values(new))
            changed += 1
    last = tuple(rows[-1][: len(keys)]) if rows and len(rows) == limit else None
    return RehashedPage(last, len(rows), changed)
