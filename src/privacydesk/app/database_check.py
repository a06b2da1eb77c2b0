"""``db check`` and ``db adopt``: whether a database and this process's settings agree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from privacydesk import migrations
from privacydesk.app.fingerprints import configuration_digests, secret_digests, this_process
from privacydesk.calendars import Calendars
from privacydesk.clock import Clock
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.errors import DeskError, SettingsError
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.services.configuration import Part, difference, differing_parts
from privacydesk.services.secret_prints import (
    HASHING_SECRET,
    RING_KEY_PREFIX,
    RING_KEYS,
    changed_secrets,
    fault_of,
    setting_of,
)
from privacydesk.settings import Settings
from privacydesk.storage.inspection import Inspection, adopt, inspected
from privacydesk.storage.serving import serving_lock

_SAME_SECRETS = "they are the ones that this database was filled with"
_SAME_CONFIGURATION = "profile, policy and calendars are those that the database last saw"
ADOPTABLE = (*(part.value for part in Part), HASHING_SECRET, RING_KEYS)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        what: ``database``, ``schema``, ``secrets`` or ``configuration``.
        is_ok: whether all is well.
        told: one sentence.
    """

    what: str
    is_ok: bool
    told: str


def check_database(settings: Settings) -> tuple[Finding, ...]:
    """Check the database, the secrets it was filled with, and the configuration.

    Nothing is changed. Works beside ``serve``.
    """
    try:
        with inspected(settings.url) as look:
            return (
                *_database(look),
                *_checked("secrets", lambda: _secrets(settings, look), _SAME_SECRETS),
                *_checked(
                    "configuration", lambda: _configuration(settings, look), _SAME_CONFIGURATION
                ),
            )
    except DeskError as error:
        return (Finding("database", False, error.message),)


def adopt_parts(settings: Settings, parts: Collection[str], clock: Clock) -> None:
    """Record what this process runs with as what the database is checked against from now on.

    Args:
        settings: this process's.
        parts: which of ``ADOPTABLE``.
        clock: the present.

    Raises:
        DeskError: ``serve`` runs on the SQLite file and goes on with the previous values.
        SettingsError: a setting is missing or wrong, or the database can't be opened.
    """
    if RING_KEYS in parts:
        with inspected(settings.url) as look:
            for name in _missing_ring_keys(settings, look):
                raise SettingsError(
                    f"{_lacks(name)}. That can't be given up: nothing of it could be read."
                    " Put the key back",
                    key=RING_KEYS,
                )
    now, by = clock.now(), this_process()
    own = _own(settings, parts)
    fresh = tuple(Fingerprint(name, digest, now, by) for name, digest in own.items())
    with serving_lock(settings.url):
        adopt(settings.url, fresh, without=RING_KEY_PREFIX if RING_KEYS in parts else "")


def _own(settings: Settings, parts: Collection[str]) -> dict[str, bytes]:
    own: dict[str, bytes] = {}
    if HASHING_SECRET in parts or RING_KEYS in parts:
        secrets = secret_digests(settings)
        own |= {name: one for name, one in secrets.items() if setting_of(name) in parts}
    if any(part.value in parts for part in Part):
        files = _configured(settings)
        own |= {part.value: files[part] for part in Part if part.value in parts}
    return own


def _configured(settings: Settings) -> Mapping[Part, bytes]:
    profile = settings.operator()
    name, folder = profile.policy, settings.data_dir
    policy = FilePolicyLibrary(folder).latest(name) if name else None
    calendars = Calendars.from_data_dir(folder, settled_until=profile.settled_until)
    return configuration_digests(profile, policy, calendars)


# -- the checks ----------------------------------------------------------------------------------


def _database(look: Inspection) -> Iterator[Finding]:
    if look.is_file:
        faults = look.damage()
        told = "; ".join(faults) if faults else "every page and index of the file is whole"
        yield Finding("database", not faults, f"damaged: {told}" if faults else told)
    else:
        watched = look.has_checksums()
        yield Finding(
            "database",
            not look.is_read_only(),
            "the server takes no changes: it is a replica"
            if look.is_read_only()
            else "the server answers and takes changes; damaged pages are for it to find"
            f" (data_checksums is {'on' if watched else 'off'}; pg_amcheck looks at all of them)",
        )
    yield Finding("schema", True, f"the schema is the one this version needs: {migrations.HEAD}")


def _secrets(settings: Settings, look: Inspection) -> Iterator[Finding]:
    own, recorded = secret_digests(settings), look.fingerprints()
    for name in changed_secrets(recorded, own):
        yield Finding("secrets", False, fault_of(name, recorded[name]))
    for name in _missing_ring_keys(settings, look):
        yield Finding("secrets", False, _lacks(name))


def _missing_ring_keys(settings: Settings, look: Inspection) -> list[str]:
    return sorted(look.ring_keys_in_use() - settings.keys()[1].keys())


def _lacks(name: str) -> str:
    return f"PRIVACYDESK_RING_KEYS lacks {name!r}, which wraps data"


def _configuration(settings: Settings, look: Inspection) -> Iterator[Finding]:
    recorded = look.fingerprints()
    for part in differing_parts(recorded, _configured(settings)):
        told = difference(part, recorded[part])
        yield Finding("configuration", look.is_file, told)


def _checked(what: str, findings: Callable[[], Iterator[Finding]], fine: str) -> Iterator[Finding]:
    """Yield what was found, or that all is well; a wrong setting is a finding, too."""
    try:
        found = list(findings())
    except DeskError as error:
        found = [Finding(what, False, error.message)]
    yield from found or [Finding(what, True, fine)]
