"""``privacydesk doctor``: all that a desk needs, checked one after the other.

Nothing is changed, and no server needs to run. Each mistake that an operator can make is one
finding; what depends on something that is broken is left out, so that one mistake is told once.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from privacydesk.app import saved_overrides, saved_policies
from privacydesk.app.desk_address import desk_origin
from privacydesk.app.doctor.channels import find_channel_faults
from privacydesk.app.doctor.database import find_database_faults, find_old_ring_key
from privacydesk.app.doctor.files import find_disk_faults, find_exposed_files, find_folder_faults
from privacydesk.app.doctor.outside import find_outside_faults
from privacydesk.app.doctor.report import Report
from privacydesk.app.findings import Finding, Level
from privacydesk.app.metrics.listener import check_metrics_guard
from privacydesk.app.saved_profile import settle_profile
from privacydesk.app.service_settings import web_settings
from privacydesk.app.start_warnings import policy_warnings, profile_warnings, setting_warnings
from privacydesk.calendars import Calendars, Overrides, load_overrides
from privacydesk.clock import Clock
from privacydesk.data import dialog_files, locale_files
from privacydesk.dialog.checker import check as check_flows
from privacydesk.dialog.citations import cited_clauses
from privacydesk.dialog.reader import read_flows
from privacydesk.errors import DeskError
from privacydesk.i18n.catalog import Catalogs
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.profile import OperatorProfile
from privacydesk.services.app_tokens import TokenChecker
from privacydesk.services.deadlines import Deadlines
from privacydesk.settings import Settings
from privacydesk.storage.engines import parse_url, sqlite_file
from privacydesk.weak_secrets import find_weak_secrets

__all__ = ["examine"]

_PUBLISHED_BY = (12, 1)
"""Month and day by which the next year's schedule of days off is usually published."""


async def examine(
    settings: Settings, clock: Clock, settings_file: Path | None = None
) -> tuple[Finding, ...]:
    """Check everything; return the findings in the order of the checks.

    Args:
        settings: the settings of the desk.
        clock: source of the current time.
        settings_file: the file that they were read from, if any.
    """
    report = Report()
    profile = await asyncio.to_thread(_examine_here, settings, clock, settings_file, report)
    await find_outside_faults(settings, clock, profile or OperatorProfile(), report)
    return tuple(report.findings)


def _examine_here(
    settings: Settings, clock: Clock, settings_file: Path | None, report: Report
) -> OperatorProfile | None:
    """Check everything but outside services; return the profile, if it can be read."""
    _examine_settings(settings, clock, settings_file, report)
    has_database = _examine_storage(settings, clock, report)
    profile = _examine_profile(settings, has_database=has_database, report=report)
    _examine_texts(settings, report)
    if profile is not None and has_database:
        find_old_ring_key(settings, profile.retention_days, clock, report)
    if profile is not None and not report.has_fault("data folder"):
        _examine_calendar(settings, profile, clock, has_database=has_database, report=report)
        with report.check("policy", "the policy is imported, and has every clause"):
            version = _policy_in_force(settings, profile.policy, has_database=has_database)
            report.warn(policy_warnings(profile.policy, profile.clause_map(), version))
    return profile


def _examine_settings(
    settings: Settings, clock: Clock, settings_file: Path | None, report: Report
) -> None:
    warnings = tuple(setting_warnings(settings))
    with report.check("settings", "each is one that the desk knows and can use"):
        report.warn(one for one in warnings if one.check == "settings")
        report.add(find_exposed_files(settings_file))
        desk_origin(settings)
        if settings.metrics_port is not None:
            check_metrics_guard(settings)
        if settings.app_token_keys:
            TokenChecker(settings.app_token_keys, settings.app_token_audience, clock)
    if settings.staff_channels:
        with report.check("staff channels", "each address has the form of its service"):
            report.add(find_channel_faults(settings))
    with report.check("confinement", "programs that parse strangers' input are confined"):
        report.warn(one for one in warnings if one.check == "confinement")
    with report.check("secrets", "ring keys and hashing secret are there, and all look random"):
        for weak in find_weak_secrets(settings):
            level = Level.FAULT if weak.is_fault else Level.WARNING
            report.add([Finding("secrets", level, weak.sentence)])


def _examine_storage(settings: Settings, clock: Clock, report: Report) -> bool:
    """Check data folder, disk and database; return whether the database can be read."""
    with report.check("data folder", f"{settings.data_dir} can be written, and by nobody else"):
        report.add(find_folder_faults(settings.data_dir))
    if report.has_fault("data folder"):
        return False
    with report.check("disk", "there is room"):
        report.add(find_disk_faults(settings.data_dir))
    with report.check("database", "it can be read and written"):
        file = sqlite_file(parse_url(settings.url))
        if file is not None and not file.exists() and file.parent.is_dir():
            report.add(
                [
                    Finding(
                        "database",
                        Level.WARNING,
                        f"there is none at {file} yet: `privacydesk serve` makes it; if there"
                        " should be one, look at PRIVACYDESK_DATA_DIR and"
                        " PRIVACYDESK_DATABASE_URL",
                    )
                ]
            )
            return False
        find_database_faults(settings, file, clock, report)
    return not report.has_fault("database")


def _examine_profile(
    settings: Settings, *, has_database: bool, report: Report
) -> OperatorProfile | None:
    profile = None
    with report.check("profile", "it says all that users are told"):
        if has_database:
            profile, outdated = settle_profile(settings, beside_serve=False)
            report.warn([outdated] if outdated is not None else [])
        else:
            profile = settings.operator()
        web_settings(settings, profile)
        report.warn(profile_warnings(settings, profile, profile.gaps(_cited(settings))))
    return profile


def _cited(settings: Settings) -> frozenset[str]:
    """Return the clauses that flows cite; none if they can't be read, which is told of them."""
    try:
        return cited_clauses(read_flows(dialog_files(settings.dialogs)).values())
    except DeskError:
        return frozenset()


def _examine_texts(settings: Settings, report: Report) -> None:
    with report.check("texts", "flows and sentences can be read in all languages"):
        catalogs = Catalogs.load(locale_files(settings.locales))
        flows = read_flows(dialog_files(settings.dialogs))
        if settings.dialogs is not None or settings.locales is not None:
            faults = check_flows(flows, catalogs.placeholders())
            report.add(Finding("texts", Level.FAULT, str(fault)) for fault in faults)


def _examine_calendar(
    settings: Settings,
    profile: OperatorProfile,
    clock: Clock,
    *,
    has_database: bool,
    report: Report,
) -> None:
    """Check that the days off are known that due dates of the coming months rest on."""
    with report.check("calendar", "the days off of this year and the next are known"):
        overrides = _overrides(settings, has_database=has_database)
        calendars = Calendars(overrides, settled_until=profile.settled_until)
        deadlines = Deadlines(calendars, profile.deadline_rules())
        now, code = clock.now(), profile.calendar
        today, year = deadlines.today(now), deadlines.missing_schedule(now)
        if year is not None:
            report.add([_unsettled(code, year, "so new due dates are provisional")])
        elif (today.month, today.day) >= _PUBLISHED_BY:
            following = today.year + 1
            if not calendars.get(code).year(following).settled:
                report.add([_unsettled(code, following, "on which due dates will soon rest")])


def _unsettled(code: str, year: int, consequence: str) -> Finding:
    message = (
        f"the days off of {year} in {code} are not settled, {consequence}: import them with"
        f" `privacydesk calendar import FILE --settle {year}` once they are published"
    )
    return Finding("calendar", Level.WARNING, message)


def _overrides(settings: Settings, *, has_database: bool) -> dict[str, Overrides]:
    saved = dict(saved_overrides(settings)) if has_database else {}
    return load_overrides(settings.data_dir) | saved


def _policy_in_force(settings: Settings, name: str, *, has_database: bool) -> PolicyVersion | None:
    """Return the version in the database, or else in the data folder; None for none."""
    if not name:
        return None
    # Also read where the database has one: `serve` does not start with one that can't be.
    stored = FilePolicyLibrary(settings.data_dir).latest(name)
    saved = saved_policies(settings).latest(name) if has_database else None
    return saved or stored
