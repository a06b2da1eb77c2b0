"""The operator profile in the database: all processes go by the same version of it.

The file that PRIVACYDESK_PROFILE names is the first version. Later ones come from `privacydesk
profile import`, or, where one process serves a SQLite file, from that file as it is at a start.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from privacydesk.app.start_warnings import StartWarning
from privacydesk.domain.saved_settings import BY_FILE, PROFILE, SavedSetting
from privacydesk.errors import DeskError, SettingsError, StaleError
from privacydesk.profile import OperatorProfile, dump_profile, load_profile
from privacydesk.services.saved_settings import SavedSettings
from privacydesk.settings import Settings
from privacydesk.storage.engines import parse_url, sqlite_file
from privacydesk.storage.inspection import open_inspection

_log = structlog.get_logger(__name__)


def profile_versions(settings: Settings) -> tuple[SavedSetting, ...]:
    """Return the versions of the profile in the database, the newest first.

    Their digests go unchecked; ``SavedProfile.check`` compares with what is checked.

    Raises:
        SettingsError: the database can't be opened.
    """
    file = sqlite_file(parse_url(settings.url))
    if file is not None and not (file.is_file() and file.stat().st_size):
        return ()
    with open_inspection(settings.url) as inspection:
        return inspection.versions_of(PROFILE)


def profile_in_force(settings: Settings) -> OperatorProfile | None:
    """Return the newest profile in the database; None if there is none.

    Raises:
        SettingsError: the database can't be opened, or this release can't read the profile.
    """
    versions = profile_versions(settings)
    return _read(versions[0]) if versions else None


def choose_profile(settings: Settings, *, beside_serve: bool) -> OperatorProfile:
    """Return the profile that a process is to go by.

    Args:
        settings: the settings; they name a file with a profile, or none.
        beside_serve: whether it is a command, which changes no profile.

    Raises:
        SettingsError: there is no profile, it can't be read, or the file has another one than the
            database; the message says how to settle it.
    """
    profile, warning = settle_profile(settings, beside_serve=beside_serve)
    if warning is not None:
        _log.warning(warning.event, **warning.fields, hint=warning.hint)
    return profile


def settle_profile(
    settings: Settings, *, beside_serve: bool
) -> tuple[OperatorProfile, StartWarning | None]:
    """Return what ``choose_profile`` returns, and a warning if the file is outdated.

    Raises:
        SettingsError: as ``choose_profile``.
    """
    own = settings.operator() if settings.profile is not None else None
    versions = profile_versions(settings)
    if not versions:
        return (own if own is not None else settings.operator()), None
    newest, earlier = versions[0], versions[1:]
    in_force = _read(newest)
    if own is None or own == in_force:
        return in_force, None
    is_file = sqlite_file(parse_url(settings.url)) is not None
    if is_file and not beside_serve and newest.by == BY_FILE:
        return own, None
    if is_file and beside_serve:
        return in_force, None
    if not _is_among(own, earlier):
        raise SettingsError(mismatch_message(newest), key="profile")
    return in_force, StartWarning(
        "profile",
        "profile_file_outdated",
        "PRIVACYDESK_PROFILE names an earlier version of the profile: remove the setting, or write"
        " the file anew with `privacydesk profile show`",
        {"version": newest.version},
    )


class SavedProfile:
    """Compares the profile of this process with the database, and notices a newer version.

    Args:
        saved: saves the versions.
        own: the profile that this process goes by.
        is_alone: whether no other process can serve the database. Then another profile is a new
            version, unless the newest one came from a command.

    Attributes:
        superseded: set when another profile is in force; ``newest`` is that one.
    """

    def __init__(self, saved: SavedSettings, own: OperatorProfile, *, is_alone: bool) -> None:
        self._saved = saved
        self._own = own
        self._is_alone = is_alone
        self.superseded = asyncio.Event()
        self.newest = own
        saved.on_profile = self._take

    async def check(self) -> None:
        """Compare when a serving process starts; save the first profile.

        Raises:
            SettingsError: another one is in force; the message says how to settle it.
        """
        current = await self._saved.current(PROFILE)
        if current is None:
            await self._save(seen=0)
        elif not self._is_own(current):
            if not self._is_alone or current.by != BY_FILE:
                raise SettingsError(mismatch_message(current), key="profile")
            await self._save(seen=current.version)

    async def compare(self) -> None:
        """Compare for a command that runs beside serving processes; save nothing.

        Raises:
            SettingsError: as ``check``.
        """
        current = await self._saved.current(PROFILE)
        if not (current is None or self._is_alone or self._is_own(current)):
            raise SettingsError(mismatch_message(current), key="profile")

    async def _save(self, *, seen: int) -> None:
        try:
            await self._saved.save_profile(dump_profile(self._own), by=BY_FILE, seen=seen)
        except StaleError:  # another process was quicker
            await self.compare()

    def _is_own(self, setting: SavedSetting) -> bool:
        return _is_among(self._own, (setting,))

    def _take(self, setting: SavedSetting) -> None:
        self.newest = _read(setting)
        if self.newest != self._own:
            self.superseded.set()


def mismatch_message(newest: SavedSetting) -> str:
    """Return a message that says which profile is in force, and how to settle the difference."""
    return (
        f"the profile differs from version {newest.version} in the database, in force since"
        f" {newest.at:%Y-%m-%d %H:%M} UTC (by {newest.by}), and all processes must go by the same"
        " one, else they promise other dates. If the file here is right, run `privacydesk profile"
        " import FILE`; if not, remove PRIVACYDESK_PROFILE from the settings here: the profile"
        " in the database counts"
    )


def _is_among(own: OperatorProfile, versions: Sequence[SavedSetting]) -> bool:
    for version in versions:
        try:
            if _read(version) == own:
                return True
        except DeskError:  # of a release that knew other keys
            continue
    return False


def _read(setting: SavedSetting) -> OperatorProfile:
    return load_profile(setting.body, f"version {setting.version} of the profile in the database")
