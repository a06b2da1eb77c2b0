"""Repository of staff's text modules, which contain no personal data of requesters."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.text_modules import TextModule
from privacydesk.errors import StaleError
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.audit import audit_row
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal, Seals
from privacydesk.storage.writer import BatchWriter

BINDING = Binding("text_module.mac", "name", "version", "texts", "changed_by", "changed_at")
_module = tables.text_module.c
_ALL_MODULES = sa.select(tables.text_module).order_by(_module.name)
_LOCK_VERSION = (
    sa.select(_module.version).where(_module.name == sa.bindparam("wanted")).with_for_update()
)


class SqlTextModuleStore:
    """Implements ``ports.TextModuleStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def all(self) -> tuple[TextModule, ...]:
        """Return all text modules, sorted by name."""

        def fetch(connection: sa.Connection) -> tuple[TextModule, ...]:
            rows = connection.execute(_ALL_MODULES)
            return tuple(open_signed_rows(connection, self._seals, rows, BINDING, _read))

        return await self._reader.read(fetch)

    async def save(self, module: TextModule, audit_entry: AuditEntry) -> None:
        """Insert or update a module; see ``ports.TextModuleStore``."""

        def write(connection: sa.Connection) -> None:
            _check_version(connection, module.name, module.version - 1)
            key = get_or_create_digest_key(connection, self._seals)
            if module.version == 1:
                connection.execute(sa.insert(tables.text_module), _row(module, key))
            else:
                connection.execute(
                    sa.update(tables.text_module)
                    .where(_module.name == module.name)
                    .values(_row(module, key))
                )
            row = audit_row(audit_entry, audit_entry.at, 0, key)
            connection.execute(sa.insert(tables.audit), row)

        await self._writer.run(write)

    async def remove(self, name: str, seen: int, audit_entry: AuditEntry) -> None:
        """Delete a module; see ``ports.TextModuleStore``."""

        def write(connection: sa.Connection) -> None:
            _check_version(connection, name, seen)
            connection.execute(sa.delete(tables.text_module).where(_module.name == name))
            key = get_or_create_digest_key(connection, self._seals)
            row = audit_row(audit_entry, audit_entry.at, 0, key)
            connection.execute(sa.insert(tables.audit), row)

        await self._writer.run(write)


def _check_version(connection: sa.Connection, name: str, expected: int) -> None:
    version = connection.execute(_LOCK_VERSION, {"wanted": name}).scalar()
    if (version or 0) != expected:
        raise StaleError("the module was changed meanwhile", reason="text_changed")


def _row(module: TextModule, key: Seal) -> dict[str, Any]:
    row = {
        "name": module.name,
        "version": module.version,
        "texts": orjson.dumps(dict(module.texts), option=orjson.OPT_SORT_KEYS).decode(),
        "changed_by": module.changed_by,
        "changed_at": to_micros(module.changed_at),
    }
    return BINDING.sign(row, key)


def _read(row: Any, key: Seal) -> TextModule:
    BINDING.check(row, key)
    return TextModule(
        row.name,
        orjson.loads(row.texts),
        row.changed_by,
        from_micros(row.changed_at),
        row.version,
    )
