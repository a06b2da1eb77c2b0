"""Repository of the settings that administrators change: versions are only added."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.saved_settings import SavedSetting
from privacydesk.errors import StaleError
from privacydesk.ports import FailedJobError
from privacydesk.storage import tables
from privacydesk.storage.api_results import require_no_result, store_result
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_signed_rows
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal, Seals
from privacydesk.storage.writer import BatchWriter

BINDING: Final = Binding(
    "saved_setting.mac",
    "name",
    "version",
    "body",
    "changed_at",
    "changed_by",
    "comment",
    "restored",
    keys=2,
)
_setting = tables.saved_setting.c
_newest = tables.saved_setting.alias("newest")
_CURRENT: Final = sa.select(tables.saved_setting).where(
    _setting.version
    == sa.select(sa.func.max(_newest.c.version))
    .where(_newest.c.name == _setting.name)
    .scalar_subquery()
)
NEWEST_VERSIONS: Final = sa.select(_setting.name, sa.func.max(_setting.version)).group_by(
    _setting.name
)
"""The newest version of each name."""


class SqlSavedSettingStore:
    """Implements ``ports.SavedSettingStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def current(self) -> Mapping[str, SavedSetting]:
        """Return the newest version of each setting; see ``ports.SavedSettingStore``."""
        return {setting.name: setting for setting in await self._read(_CURRENT)}

    async def history(self, name: str, limit: int) -> tuple[SavedSetting, ...]:
        """Return the versions of a setting, the newest first."""
        query = sa.select(tables.saved_setting).where(_setting.name == name)
        return await self._read(query.order_by(_setting.version.desc()).limit(limit))

    async def version(self, name: str, version: int) -> SavedSetting | None:
        """Return a version of a setting; None if there is none."""
        query = sa.select(tables.saved_setting).where(
            _setting.name == name, _setting.version == version
        )
        return next(iter(await self._read(query)), None)

    async def add(
        self,
        setting: SavedSetting,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        """Add a version; see ``ports.SavedSettingStore``."""

        def write(connection: sa.Connection) -> None:
            require_no_result(connection, api_result)
            newest = sa.select(sa.func.max(_setting.version)).where(_setting.name == setting.name)
            if (connection.execute(newest).scalar() or 0) != setting.version - 1:
                raise StaleError("it was changed meanwhile", reason="setting_changed")
            key = get_or_create_digest_key(connection, self._seals)
            connection.execute(sa.insert(tables.saved_setting), BINDING.sign(_row(setting), key))
            store_result(connection, api_result)
            anchors = [("saved_setting", setting.name, setting.version)]
            write_audit_entries(connection, self._seals, [audit_entry], anchors=anchors)

        try:
            await self._writer.run(write)
        except FailedJobError:
            # Another process may just have added the same version: now that is found.
            await self._writer.run(write)

    async def _read(self, query: sa.Select[Any]) -> tuple[SavedSetting, ...]:
        def fetch(connection: sa.Connection) -> tuple[SavedSetting, ...]:
            rows = connection.execute(query)
            return tuple(open_signed_rows(connection, self._seals, rows, BINDING, _checked))

        return await self._reader.read(fetch)


def read_current(connection: sa.Connection) -> dict[str, SavedSetting]:
    """Return the newest version of each setting, without a check of its digest."""
    return {row.name: _read(row) for row in connection.execute(_CURRENT)}


def read_versions(connection: sa.Connection, name: str) -> tuple[SavedSetting, ...]:
    """Return the versions of a setting, the newest first, without a check of their digests."""
    query = sa.select(tables.saved_setting).where(_setting.name == name)
    return tuple(_read(row) for row in connection.execute(query.order_by(_setting.version.desc())))


def _checked(row: Any, key: Seal) -> SavedSetting:
    BINDING.check(row, key)
    return _read(row)


def _row(setting: SavedSetting) -> dict[str, Any]:
    return {
        "name": setting.name,
        "version": setting.version,
        "body": setting.body,
        "changed_at": to_micros(setting.at),
        "changed_by": setting.by,
        "comment": setting.comment,
        "restored": setting.restored,
    }


def _read(row: Any) -> SavedSetting:
    return SavedSetting(
        row.name,
        row.version,
        row.body,
        from_micros(row.changed_at),
        row.changed_by,
        row.comment,
        row.restored,
    )
