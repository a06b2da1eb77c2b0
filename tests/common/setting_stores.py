"""Saved settings in memory."""

from __future__ import annotations

from collections.abc import Mapping

from privacydesk.domain.api_tokens import StoredResponse
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.saved_settings import SavedSetting
from privacydesk.errors import StaleError


class MemorySettings:
    """Implements ``ports.SavedSettingStore``."""

    def __init__(self) -> None:
        self.versions: list[SavedSetting] = []
        self.told: list[AuditEntry] = []

    async def current(self) -> Mapping[str, SavedSetting]:
        return {setting.name: setting for setting in self.versions}

    async def history(self, name: str, limit: int) -> tuple[SavedSetting, ...]:
        return tuple(one for one in reversed(self.versions) if one.name == name)[:limit]

    async def version(self, name: str, version: int) -> SavedSetting | None:
        found = (one for one in self.versions if (one.name, one.version) == (name, version))
        return next(found, None)

    async def add(
        self,
        setting: SavedSetting,
        audit_entry: AuditEntry,
        *,
        api_result: StoredResponse | None = None,
    ) -> None:
        current = (await self.current()).get(setting.name)
        if setting.version != (current.version if current else 0) + 1:
            raise StaleError("it was changed meanwhile", reason="setting_changed")
        self.versions.append(setting)
        self.told.append(audit_entry)
