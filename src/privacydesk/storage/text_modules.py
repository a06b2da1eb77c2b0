"""Staff text modules, through the writer like every other change; no requester's data in them."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.text_modules import TextModule
from privacydesk.errors import StaleError
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.damaged import open_signed_rows
from privacydesk.storage.keys import writing_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.audit import audit_row
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal, Seals
from privacydesk.storage.writer import BatchWriter

BOUND = Binding("text_module.mac", "name", "version", "texts", "changed_by", "changed_at")
_module = tables.text_module.c
_ALL = sa.select(tables.text_module).order_by(_module.name)
_VERSION = (
    sa.select(_module.version).where(_module.name == sa.bindparam("wanted")).with_for_update()
)


class SqlTextBook:
    """Implements ``ports.TextBook``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def all(self) -> tuple[TextModule, ...]:
        """Return all of them by name."""

        def look(connection: sa.Connection) -> tuple[TextModule, ...]:
            rows = connection.execute(_ALL)
            return tuple(open_signed_rows(connection, self._seals, rows, BOUND, _read))

        return await self._reader.read(look)

    async def save(self, module: TextModule, told: AuditEntry) -> None:
        """Store a module; see ``ports.TextBook``."""

        def write(connection: sa.Connection) -> None:
            _check(connection, module.name, module.version - 1)
            key = writing_key(connection, self._seals)
            if module.version == 1:
                connection.execute(sa.insert(tables.text_module), _row(module, key))
            else:
                connection.execute(
                    sa.update(tables.text_module)
                    .where(_module.name == module.name)
                    .values(_row(module, key))
                )
            connection.execute(sa.insert(tables.audit), audit_row(told, told.at, 0, key))

        await self._writer.run(write)

    async def remove(self, name: str, seen: int, told: AuditEntry) -> None:
        """Remove a module; see ``ports.TextBook``."""

        def write(connection: sa.Connection) -> None:
            _check(connection, name, seen)
            connection.execute(sa.delete(tables.text_module).where(_module.name == name))
            key = writing_key(connection, self._seals)
            connection.execute(sa.insert(tables.audit), audit_row(told, told.at, 0, key))

        await self._writer.run(write)


def _check(connection: sa.Connection, name: str, seen: int) -> None:
    found = connection.execute(_VERSION, {"wanted": name}).scalar()
    if (found or 0) != seen:
        raise StaleError("the module was changed meanwhile", reason="text_changed")


def _row(module: TextModule, key: Seal) -> dict[str, Any]:
    row = {
        "name": module.name,
        "version": module.version,
        "texts": orjson.dumps(dict(module.texts), option=orjson.OPT_SORT_KEYS).decode(),
        "changed_by": module.changed_by,
        "changed_at": to_micros(module.changed_at),
    }
    return BOUND.sign(row, key)


def _read(row: Any, key: Seal) -> TextModule:
    BOUND.check(row, key)
    return TextModule(
        row.name,
        orjson.loads(row.texts),
        row.changed_by,
        from_micros(row.changed_at),
        row.version,
    )
