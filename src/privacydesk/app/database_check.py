"""Checks that a database is intact and matches this process's settings.

Used by the commands ``db check`` and ``db adopt``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from privacydesk import migrations
from privacydesk.app.findings import Finding, Level
from privacydesk.app.fingerprints import secret_digests, this_process
from privacydesk.app.saved_profile import settle_profile
from privacydesk.clock import Clock
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.errors import DeskError, SettingsError
from privacydesk.services.secret_fingerprints import (
    HASHING_SECRET,
    PREVIOUS_HASHING_SECRET,
    RING_KEY_PREFIX,
    RING_KEYS,
    changed_secrets,
    mismatch_message,
    setting_for,
)
from privacydesk.settings import Settings
from privacydesk.storage.inspection import Inspection, open_inspection, replace_fingerprints
from privacydesk.storage.key_wrapping import missing_key_message
from privacydesk.storage.serving_lock import serving_lock

_SAME_SECRETS = "they are the ones that this database was filled with"
_SAME_CONFIGURATION = "the profile is the one in force"
ADOPTABLE = (HASHING_SECRET, RING_KEYS)


def check_database(settings: Settings) -> tuple[Finding, ...]:
    """Check the database file or server, and compare secrets and configuration with it.

    Changes nothing. May run while ``serve`` runs.
    """
    try:
        with open_inspection(settings.url) as inspection:
            return (
                *_check_integrity(inspection),
                *_findings_or_ok(
                    "secrets", lambda: find_secret_faults(settings, inspection), _SAME_SECRETS
                ),
                *_findings_or_ok(
                    "configuration",
                    lambda: _check_configuration(settings),
                    _SAME_CONFIGURATION,
                ),
            )
    except DeskError as error:
        return (Finding("database", Level.FAULT, error.message),)


def adopt_parts(settings: Settings, parts: Collection[str], clock: Clock) -> None:
    """Store the fingerprints of this process's settings, to which later checks compare.

    Args:
        settings: the settings of this process.
        parts: the names of the parts to adopt, out of ``ADOPTABLE``.
        clock: source of the current time.

    Raises:
        DeskError: ``serve`` is running on the SQLite file with the previous values.
        SettingsError: a setting is missing or wrong, or the database can't be opened.
    """
    if RING_KEYS in parts:
        with open_inspection(settings.url) as inspection:
            for name in _missing_ring_keys(settings, inspection):
                raise SettingsError(
                    f"{missing_key_message(name)}. It can't be given up, because the data could"
                    " not be read any more",
                    key=RING_KEYS,
                )
    now, process = clock.now(), this_process()
    digests = _current_digests(settings, parts)
    fingerprints = tuple(
        Fingerprint(name, digest, now, process) for name, digest in digests.items()
    )
    with serving_lock(settings.url):
        replaced = {RING_KEYS: RING_KEY_PREFIX, HASHING_SECRET: PREVIOUS_HASHING_SECRET}
        without = [prefix for part, prefix in replaced.items() if part in parts]
        replace_fingerprints(settings.url, fingerprints, without=without)


def _current_digests(settings: Settings, parts: Collection[str]) -> dict[str, bytes]:
    """Return the digests of the named parts of this process's settings."""
    digests: dict[str, bytes] = {}
    if HASHING_SECRET in parts or RING_KEYS in parts:
        secrets = secret_digests(settings)
        digests |= {name: digest for name, digest in secrets.items() if setting_for(name) in parts}
    return digests


# -- the checks ----------------------------------------------------------------------------------


def _check_integrity(inspection: Inspection) -> Iterator[Finding]:
    """Check a SQLite file's pages, or that a PostgreSQL server is writable; and the schema."""
    if inspection.is_file:
        faults = inspection.damage()
        if faults:
            yield Finding("database", Level.FAULT, f"damaged: {'; '.join(faults)}")
        else:
            yield Finding("database", Level.OK, "every page and index of the file is whole")
    elif inspection.is_read_only():
        yield Finding("database", Level.FAULT, "the server takes no changes: it is a replica")
    else:
        checksums = "on" if inspection.has_checksums() else "off"
        yield Finding(
            "database",
            Level.OK,
            "the server answers and takes changes; it detects damaged pages itself"
            f" (data_checksums is {checksums}; pg_amcheck checks all pages)",
        )
    yield Finding(
        "schema", Level.OK, f"the schema is the one this version needs: {migrations.HEAD}"
    )


def find_secret_faults(settings: Settings, inspection: Inspection) -> Iterator[Finding]:
    """Yield secrets that are others than those that the database was filled with."""
    current, recorded = secret_digests(settings), inspection.fingerprints()
    for name in changed_secrets(recorded, current):
        yield Finding("secrets", Level.FAULT, mismatch_message(name, recorded[name]))
    for name in _missing_ring_keys(settings, inspection):
        yield Finding("secrets", Level.FAULT, missing_key_message(name))
    if PREVIOUS_HASHING_SECRET in current:
        yield Finding("secrets", Level.WARNING, _rotation_message(current, recorded))


def _rotation_message(current: Mapping[str, bytes], recorded: Mapping[str, Fingerprint]) -> str:
    """Return what is left to do, where the hashing secret is being replaced."""
    known = recorded.get(HASHING_SECRET)
    if known is not None and known.digest == current[PREVIOUS_HASHING_SECRET]:
        return (
            "the hashing secret is not replaced yet: restart every `serve` with both, then run"
            " `privacydesk keys rehash`"
        )
    if known is not None and PREVIOUS_HASHING_SECRET in recorded:
        return (
            f"the hashing secret is being replaced since {known.at:%Y-%m-%d %H:%M} UTC, and some"
            " rows still need the one of before: run `privacydesk keys rehash` to the end"
        )
    return "take PRIVACYDESK_HASHING_PREVIOUS_SECRET out: nothing that is stored needs it"


def _missing_ring_keys(settings: Settings, inspection: Inspection) -> list[str]:
    return sorted(inspection.ring_keys_in_use() - settings.keys()[1].keys())


def _check_configuration(settings: Settings) -> Iterator[Finding]:
    _, warning = settle_profile(settings, beside_serve=True)
    if warning is not None:
        yield Finding("configuration", Level.WARNING, warning.hint)


def _findings_or_ok(
    check: str, run_check: Callable[[], Iterator[Finding]], ok_message: str
) -> Iterator[Finding]:
    """Yield the findings of a check, or one with ``ok_message`` if there are none.

    A wrong setting is reported as a finding, too.
    """
    try:
        findings = list(run_check())
    except DeskError as error:
        findings = [Finding(check, Level.FAULT, error.message)]
    yield from findings or [Finding(check, Level.OK, ok_message)]
