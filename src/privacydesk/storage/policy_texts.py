"""Repository of the policy's imported texts with the search data of their passages."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.policy_texts import PolicyText
from privacydesk.domain.saved_settings import POLICY_PREFIX
from privacydesk.ports import FailedJobError
from privacydesk.storage import tables
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal, Seals
from privacydesk.storage.writer import BatchWriter

BINDING: Final = Binding(
    "policy_text.mac",
    "name",
    "digest",
    "tree",
    "source",
    "added_at",
    "added_by",
    "passages",
    "embedded",
    "vectors",
    keys=2,
)
_text = tables.policy_text.c


class SqlPolicyTextStore:
    """Implements ``ports.PolicyTextStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def find(self, name: str, digest: str) -> PolicyText | None:
        """Return a text; None if it was not imported."""
        row = await self._row(name, digest)
        return None if row is None else _read(row)

    async def vectors(self, name: str, digest: str) -> bytes | None:
        """Return the search data of a text; None if there is none."""
        row = await self._row(name, digest)
        vectors: bytes | None = None if row is None else row.vectors
        return vectors

    async def all(self, name: str) -> tuple[PolicyText, ...]:
        """Return the texts of a name, the one imported last first."""
        query = sa.select(tables.policy_text).where(_text.name == name)
        rows = await self._rows(query.order_by(_text.added_at.desc()))
        return tuple(_read(row) for row in rows)

    async def unready(self) -> tuple[PolicyText, ...]:
        """Return the texts without all of their search data."""
        query = sa.select(tables.policy_text).where(_text.embedded < _text.passages)
        return tuple(_read(row) for row in await self._rows(query.order_by(_text.added_at)))

    async def save(self, text: PolicyText, vectors: bytes | None, audit_entry: AuditEntry) -> None:
        """Store a text; see ``ports.PolicyTextStore``."""

        def write(connection: sa.Connection) -> None:
            key = get_or_create_digest_key(connection, self._seals)
            row = BINDING.sign(_row(text, vectors), key)
            same = (_text.name == text.name) & (_text.digest == text.digest)
            connection.execute(sa.delete(tables.policy_text).where(same))
            connection.execute(sa.insert(tables.policy_text), row)
            write_audit_entries(connection, self._seals, [audit_entry])

        try:
            await self._writer.run(write)
        except FailedJobError:
            # Another process has just added the same text.
            await self._writer.run(write)

    async def save_vectors(self, name: str, digest: str, vectors: bytes, embedded: int) -> None:
        """Store the search data of a text that was imported before."""

        def write(connection: sa.Connection) -> None:
            same = (_text.name == name) & (_text.digest == digest)
            query = sa.select(tables.policy_text).where(same).with_for_update()
            row = connection.execute(query).first()
            if row is None:
                return
            key = get_or_create_digest_key(connection, self._seals)
            BINDING.check(row, key)
            changed = {**row._mapping, "vectors": vectors, "embedded": embedded}  # noqa: SLF001 - the documented way to a row's columns
            connection.execute(
                sa.update(tables.policy_text).where(same).values(BINDING.sign(changed, key))
            )

        await self._writer.run(write)

    async def remove(self, name: str, digest: str, audit_entry: AuditEntry) -> None:
        """Remove a text."""

        def write(connection: sa.Connection) -> None:
            same = (_text.name == name) & (_text.digest == digest)
            connection.execute(sa.delete(tables.policy_text).where(same))
            write_audit_entries(connection, self._seals, [audit_entry])

        await self._writer.run(write)

    async def _row(self, name: str, digest: str) -> Any | None:
        query = sa.select(tables.policy_text).where(_text.name == name, _text.digest == digest)
        return next(iter(await self._rows(query)), None)

    async def _rows(self, query: sa.Select[Any]) -> tuple[Any, ...]:
        def fetch(connection: sa.Connection) -> tuple[Any, ...]:
            rows = connection.execute(query)
            return tuple(open_signed_rows(connection, self._seals, rows, BINDING, _checked))

        return await self._reader.read(fetch)


def read_policies(connection: sa.Connection) -> Iterator[tuple[PolicyText, bytes | None]]:
    """Yield each text that was in force, with its search data, in the order of its settings.

    The digests of rows are not checked.
    """
    setting = tables.saved_setting.c
    put_in_force = sa.select(tables.policy_text).join(
        tables.saved_setting,
        (setting.name == sa.literal(POLICY_PREFIX) + _text.name) & (setting.body == _text.digest),
    )
    for row in connection.execute(put_in_force.order_by(setting.changed_at, setting.version)):
        yield _read(row), row.vectors


def _checked(row: Any, key: Seal) -> Any:
    BINDING.check(row, key)
    return row


def _row(text: PolicyText, vectors: bytes | None) -> dict[str, Any]:
    return {
        "name": text.name,
        "digest": text.digest,
        "tree": zlib.compress(text.tree),
        "source": zlib.compress(text.source.encode()),
        "added_at": to_micros(text.added_at),
        "added_by": text.by,
        "passages": text.passages,
        "embedded": text.embedded,
        "vectors": vectors,
    }


def _read(row: Any) -> PolicyText:
    return PolicyText(
        row.name,
        row.digest,
        zlib.decompress(row.tree),
        zlib.decompress(row.source).decode(),
        from_micros(row.added_at),
        row.added_by,
        row.passages,
        row.embedded,
    )
