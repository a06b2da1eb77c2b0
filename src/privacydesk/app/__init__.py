"""The composition root: the only package that imports all the others.

The web server (``process``) and the clients of external services (``connections``) are not
imported here, because only serving processes need them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from privacydesk.app.composition import open_services
from privacydesk.app.container import Maintenance, Services, Webhooks
from privacydesk.app.database_check import ADOPTABLE, adopt_parts, check_database
from privacydesk.app.external_services import ExternalServices
from privacydesk.app.findings import Finding, Level
from privacydesk.app.saved_profile import choose_profile, profile_in_force
from privacydesk.calendars import CODES, Overrides
from privacydesk.domain.saved_settings import calendar_setting
from privacydesk.policy.library import MemoryPolicyLibrary
from privacydesk.services.policies import version_of
from privacydesk.services.setting_formats import load_overrides
from privacydesk.settings import Settings
from privacydesk.storage import backups, copying, receipts, schema
from privacydesk.storage.engines import parse_url
from privacydesk.storage.error_messages import describe_database_error
from privacydesk.storage.inspection import open_inspection
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.serving_lock import serving_lock, serving_tags

__all__ = [
    "ADOPTABLE",
    "ExternalServices",
    "Finding",
    "Level",
    "Maintenance",
    "Services",
    "Webhooks",
    "adopt_parts",
    "back_up",
    "check_copying",
    "check_database",
    "choose_profile",
    "copy_database",
    "describe_database_error",
    "end_receipt_logs",
    "is_served",
    "open_services",
    "profile_in_force",
    "renew_epochs",
    "saved_overrides",
    "saved_policies",
    "upgrade",
]


def upgrade(settings: Settings) -> None:
    """Migrate the database to the newest schema; see ``storage.schema.upgrade``."""
    schema.upgrade(settings.url)


def back_up(settings: Settings, file: Path) -> None:
    """Back up the database to a file; see ``storage.backups.back_up``."""
    backups.back_up(settings.url, file)


def check_copying(settings: Settings, target: str) -> Mapping[str, int]:
    """Check that the database can be copied; return how many rows each table has.

    ``storage.copying`` documents the errors.
    """
    copying.check_target(target)
    return copying.count_rows(settings.url)


def is_served(settings: Settings) -> bool:
    """Return whether a process serves the SQLite database; False for PostgreSQL."""
    return bool(serving_tags(parse_url(settings.url)))


def copy_database(
    settings: Settings, target: str, on_progress: copying.OnProgress
) -> Mapping[str, int]:
    """Copy the database to PostgreSQL; see ``storage.copying.copy_database``.

    Raises:
        DeskError: ``serve`` is running on the SQLite file.
    """
    with serving_lock(settings.url):
        return copying.copy_database(settings.url, target, on_progress)


def saved_overrides(settings: Settings) -> Mapping[str, Overrides]:
    """Return the overrides of calendars in the database, by code; for commands that only read.

    Raises:
        SettingsError: the database can't be opened.
    """
    with open_inspection(settings.url) as inspection:
        saved = inspection.saved_settings()
    return {
        code: load_overrides(code, saved[name].body)
        for code in CODES
        if (name := calendar_setting(code)) in saved
    }


def saved_policies(settings: Settings) -> MemoryPolicyLibrary:
    """Return the versions of policies that were in force, for commands that only read.

    Raises:
        SettingsError: the database can't be opened.
        DeskError: POLICY_UNREADABLE if this release can't read a version.
    """
    library = MemoryPolicyLibrary()
    with open_inspection(settings.url) as inspection:
        for text, vectors in inspection.policies():
            version = version_of(text)
            if library.save(version) and vectors is not None:
                library.save_vectors(version, vectors)
    return library


def end_receipt_logs(settings: Settings) -> int:
    """End the logs of receipts; return how many were open; see ``storage.receipts.end_logs``."""
    return receipts.end_logs(settings.url, KeyRing(*settings.keys()))


def renew_epochs(settings: Settings) -> int:
    """Give every conversation a new epoch; return the number of conversations."""
    return backups.renew_epochs(settings.url, KeyRing(*settings.keys()))
