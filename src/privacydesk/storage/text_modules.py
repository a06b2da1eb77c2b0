"""Repository of staff's text modules, which contain no personal data of requesters."""

from __future__ import annotations

from typing import Any

import orjson

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.text_modules import TextModule
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seals
from privacydesk.storage.versioned_rows import VersionedRows
from privacydesk.storage.writer import BatchWriter

BINDING = Binding("text_module.mac", "name", "version", "texts", "changed_by", "changed_at")


class SqlTextModuleStore:
    """Implements ``ports.TextModuleStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._rows = VersionedRows(
            writer, reader, seals, binding=BINDING, read=_read, stale_reason="text_changed"
        )

    async def all(self) -> tuple[TextModule, ...]:
        """Return all text modules, sorted by name."""
        return await self._rows.all()

    async def save(self, module: TextModule, audit_entry: AuditEntry) -> None:
        """Insert or update a module; see ``ports.TextModuleStore``."""
        await self._rows.save(_row(module), audit_entry)

    async def remove(self, name: str, seen: int, audit_entry: AuditEntry) -> None:
        """Delete a module; see ``ports.TextModuleStore``."""
        await self._rows.remove(name, seen, audit_entry)


def _row(module: TextModule) -> dict[str, Any]:
    return {
        "name": module.name,
        "version": module.version,
        "texts": orjson.dumps(dict(module.texts), option=orjson.OPT_SORT_KEYS).decode(),
        "changed_by": module.changed_by,
        "changed_at": to_micros(module.changed_at),
    }


def _read(row: Any) -> TextModule:
    return TextModule(
        row.name,
        orjson.loads(row.texts),
        row.changed_by,
        from_micros(row.changed_at),
        row.version,
    )
