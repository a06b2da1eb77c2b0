"""Checks of the database: whether it can be written, by this version, and with these keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from privacydesk import migrations
from privacydesk.app.database_check import find_secret_faults
from privacydesk.app.doctor.files import find_exposed_database
from privacydesk.app.doctor.report import Report
from privacydesk.app.findings import Finding, Level
from privacydesk.clock import Clock
from privacydesk.domain.instants import CLOCK_TOLERANCE
from privacydesk.services.secret_fingerprints import RING_KEY_PREFIX
from privacydesk.settings import Settings
from privacydesk.storage.inspection import Inspection, open_inspection
from privacydesk.storage.sealing import KeyRing

_NOTABLE_SKEW: Final = timedelta(seconds=5)
"""A difference of clocks that synchronised ones never have."""
_KEYS: Final = "keys"
_CLOCK: Final = "clock"
_COPIES: Final = "copies"
_WEBHOOKS: Final = "webhooks"
_ADMINISTRATORS: Final = "administrators"


def find_database_faults(
    settings: Settings, file: Path | None, clock: Clock, report: Report
) -> None:
    """Report on the database, on the keys for it, and on this machine's clock.

    Args:
        settings: the settings of the desk.
        file: the file, if the database is SQLite's.
        clock: source of the current time.
        report: gets the findings.

    Raises:
        SettingsError: the database can't be opened.
    """
    if file is not None:
        report.add(find_exposed_database(file))
    if report.has_fault("database"):
        return
    with open_inspection(settings.url) as inspection:
        report.add(_find_write_faults(inspection))
        if not report.has_fault("secrets"):
            with report.check(_KEYS, "they open what is stored"):
                report.add(
                    Finding(_KEYS, finding.level, finding.message)
                    for finding in find_secret_faults(settings, inspection)
                )
                if not report.has_fault(_KEYS):
                    inspection.check_ring(KeyRing(*settings.keys()))
        if settings.sign_on_issuer:
            with report.check(_ADMINISTRATORS, "one can sign in while the provider is out"):
                report.add(_find_lockout(settings, inspection))
        with report.check(_WEBHOOKS, "no endpoint fails"):
            report.add(_find_failing_endpoints(inspection))
        with report.check(_CLOCK, "it agrees with the database"):
            at = inspection.time()
            report.add(_find_file_skew(file, clock) if file else find_server_skew(at, clock))


def _find_write_faults(inspection: Inspection) -> Iterator[Finding]:
    if not inspection.is_file and inspection.is_read_only():
        message = (
            "the server takes no changes, since it is a replica: name the primary in"
            " PRIVACYDESK_DATABASE_URL"
        )
        yield Finding("database", Level.FAULT, message)
        return
    if tables := inspection.read_only_tables():
        message = (
            f"its user may not change {tables[0]} ({len(tables)} tables in all): have the user of"
            " PRIVACYDESK_DATABASE_URL own the database"
        )
        yield Finding("database", Level.FAULT, message)
        return
    message = (
        f"{inspection.server_version()}, schema {inspection.schema_version()} (this version knows"
        f" {migrations.HEAD}), can be read and written"
    )
    if inspection.is_file:
        message += "; `privacydesk db check` reads all of it"
    yield Finding("database", Level.OK, message)


def _find_lockout(settings: Settings, inspection: Inspection) -> Iterator[Finding]:
    """Yield whether every administrator comes in by the identity provider alone."""
    linked, emergency = inspection.administrators(), settings.sign_on_emergency
    if linked and all(
        name not in emergency and (is_linked or settings.sign_on_only)
        for name, is_linked in linked.items()
    ):
        message = (
            "all of them come in by the identity provider alone, so nobody does while it is out:"
            " name one in PRIVACYDESK_SIGN_ON_EMERGENCY whose password and recovery codes lie in a"
            " safe"
        )
        yield Finding(_ADMINISTRATORS, Level.WARNING, message)


def find_old_ring_key(
    settings: Settings, retention_days: int, clock: Clock, report: Report
) -> None:
    """Report whether copies of the database show for too long what was deleted.

    A copy can be read as long as its ring key exists. So what is deleted is gone from all copies
    only once the key of that time is replaced and destroyed.

    Args:
        settings: the settings of the desk.
        retention_days: how long content is kept.
        clock: source of the current time.
        report: gets the finding.
    """
    name = settings.ring_key
    with report.check(_COPIES, "the ring key is new enough"), open_inspection(settings.url) as seen:
        known = seen.fingerprints().get(f"{RING_KEY_PREFIX}{name}")
        if known is not None and clock.now() - known.at > timedelta(days=retention_days):
            message = (
                f"those made since {known.at:%Y-%m-%d} still show what was deleted after"
                f" {retention_days} days, because the ring key {name!r} has been in use since then:"
                " replace it with `privacydesk keys rotate`, and destroy it"
            )
            report.add([Finding(_COPIES, Level.WARNING, message)])


def _find_failing_endpoints(inspection: Inspection) -> Iterator[Finding]:
    """Yield whether receivers of webhooks fail, as deliveries found; none is sent for this."""
    count, since = inspection.failing_endpoints()
    if since is not None:
        message = (
            f"deliveries to {count} endpoint{'s' if count > 1 else ''} fail, to the first since"
            f" {since:%Y-%m-%d %H:%M} UTC: see Webhooks in the console"
        )
        yield Finding(_WEBHOOKS, Level.WARNING, message)


def find_server_skew(at: datetime | None, clock: Clock) -> Iterator[Finding]:
    """Yield whether the clocks of this machine and of the database server differ."""
    if at is None:
        return
    skew = clock.now() - at
    if abs(skew) > _NOTABLE_SKEW:
        level = Level.FAULT if abs(skew) > CLOCK_TOLERANCE else Level.WARNING
        direction = "ahead of" if skew > timedelta() else "behind"
        message = (
            f"this machine's clock is {abs(skew.total_seconds()):.0f} s {direction} the database"
            " server's: have both synchronised (timedatectl set-ntp true)"
        )
        yield Finding(_CLOCK, level, message)


def _find_file_skew(file: Path, clock: Clock) -> Iterator[Finding]:
    """Yield whether the file was written at a time that is yet to come."""
    written = max(path.stat().st_mtime for path in file.parent.glob(f"{file.name}*"))
    ahead = written - clock.now().timestamp()
    if ahead > CLOCK_TOLERANCE.total_seconds():
        message = (
            f"the database was last written {ahead:.0f} s in the future of this machine's clock:"
            " set it right, and have it synchronised (timedatectl set-ntp true)"
        )
        yield Finding(_CLOCK, Level.FAULT, message)
