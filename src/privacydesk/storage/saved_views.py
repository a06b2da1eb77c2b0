"""Repository of saved views of the inbox, which contain no personal data of requesters."""

from __future__ import annotations

from typing import Any

import msgspec

from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.ids import SavedViewId
from privacydesk.domain.inbox_views import InboxListing
from privacydesk.domain.saved_views import SavedView
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seals
from privacydesk.storage.versioned_rows import VersionedRows
from privacydesk.storage.writer import BatchWriter

BINDING = Binding(
    "saved_view.mac",
    "id",
    "version",
    "name",
    "owner",
    "shared",
    "listing",
    "changed_by",
    "changed_at",
)


class SqlSavedViewStore:
    """Implements ``ports.SavedViewStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._rows = VersionedRows(
            writer, reader, seals, binding=BINDING, read=_read, stale_reason="view_changed"
        )

    async def all(self) -> tuple[SavedView, ...]:
        """Return all saved views, in the order in which they were saved."""
        return await self._rows.all()

    async def save(self, view: SavedView, audit_entry: AuditEntry) -> None:
        """Insert or update a view; see ``ports.SavedViewStore``."""
        await self._rows.save(_row(view), audit_entry)

    async def remove(self, view_id: SavedViewId, seen: int, audit_entry: AuditEntry) -> None:
        """Delete a view; see ``ports.SavedViewStore``."""
        await self._rows.remove(view_id, seen, audit_entry)


def _row(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.id,
        "version": view.version,
        "name": view.name,
        "owner": view.owner,
        "shared": view.shared,
        "listing": msgspec.json.encode(view.listing, order="deterministic").decode(),
        "changed_by": view.changed_by,
        "changed_at": to_micros(view.changed_at),
    }


def _read(row: Any) -> SavedView:
    return SavedView(
        SavedViewId(row.id),
        row.name,
        row.owner,
        row.shared,
        msgspec.json.decode(row.listing, type=InboxListing),
        row.changed_by,
        from_micros(row.changed_at),
        row.version,
    )
