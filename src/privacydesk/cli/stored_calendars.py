"""The imported overrides of calendars: in the database, or in a data folder without one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from privacydesk.calendars import Overrides, load_overrides, store_overrides
from privacydesk.cli.common import command_services, run, settings_with_database
from privacydesk.domain.signin import BY_COMMAND


def stored_overrides(data_dir: Path) -> Mapping[str, Overrides]:
    """Return the imported overrides by code of the calendar.

    Raises:
        SettingsError: a setting is wrong, or the database can't be opened.
        CalendarInvalidError: a file of a folder without a database is invalid.
    """
    settings = settings_with_database(data_dir)
    if settings is None:
        return load_overrides(data_dir)
    from privacydesk.app import saved_overrides  # noqa: PLC0415 - imports the database

    # The first start of this version takes over what lies in files.
    return {**load_overrides(data_dir), **saved_overrides(settings)}


def import_overrides(
    overrides: Overrides, data_dir: Path, *, replace: bool, comment: str
) -> Overrides:
    """Import overrides; return all of their calendar that are in force then.

    Raises:
        SettingsError: a setting is wrong, or the database can't be opened.
        CalendarInvalidError: the stored file is invalid, and ``replace`` is off.
        OSError: the file in ``data_dir`` can't be written.
    """
    if settings_with_database(data_dir) is None:
        return store_overrides(overrides, data_dir, replace=replace)
    return run(_save(overrides, data_dir, replace=replace, comment=comment))


async def _save(overrides: Overrides, data_dir: Path, *, replace: bool, comment: str) -> Overrides:
    async with command_services(data_dir) as services:
        return await services.saved_settings.import_overrides(
            overrides, by=BY_COMMAND, replace=replace, comment=comment
        )
