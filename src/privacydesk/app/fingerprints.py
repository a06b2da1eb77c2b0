"""Fingerprints of what this process runs with, compared when the rooms are opened."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Mapping

import orjson

from privacydesk.app.basis import Basis
from privacydesk.calendars import CODES, Calendars
from privacydesk.policy.tree import PolicyVersion
from privacydesk.profile import OperatorProfile
from privacydesk.services.configuration import Configuration, Part
from privacydesk.services.secret_prints import check_secrets, secret_prints
from privacydesk.settings import Settings
from privacydesk.storage.engines import parse_url, sqlite_file
from privacydesk.storage.store import SqlStore


def this_process() -> str:
    """Return the name of this process for others: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def secret_digests(settings: Settings) -> dict[str, bytes]:
    """Return the fingerprints of the secrets that a process runs with."""
    return secret_prints(settings.hashing(), settings.keys()[1])


def configuration_digests(
    profile: OperatorProfile, policy: PolicyVersion | None, calendars: Calendars
) -> dict[Part, bytes]:
    """Return a digest of each part of the configuration, over its effective content.

    Keys with their default value, the order of keys and comments make no difference.
    """
    overrides = [calendars.get(code).overrides for code in sorted(CODES)]
    decided = [one.to_yaml() for one in overrides if one.days or one.settled_years]
    return {
        Part.PROFILE: _digest(profile.model_dump(mode="json", exclude_defaults=True)),
        Part.POLICY: _digest([profile.policy, policy.digest if policy is not None else ""]),
        Part.CALENDARS: _digest(decided),
    }


def make_configuration(basis: Basis, store: SqlStore) -> Configuration:
    """Return the service that compares the configuration with that of other processes."""
    return Configuration(
        store.fingerprints,
        _own(basis),
        basis.clock,
        this_process(),
        is_alone=sqlite_file(parse_url(basis.settings.url)) is not None,
    )


async def check_fingerprints(
    basis: Basis, configuration: Configuration, *, beside_serve: bool
) -> None:
    """Refuse secrets and configuration that differ from what the database knows.

    Raises:
        SettingsError: a secret or a part of the configuration differs; says which.
    """
    secrets = secret_digests(basis.settings)
    await check_secrets(basis.store.fingerprints, secrets, basis.clock, this_process())
    await (configuration.compare() if beside_serve else configuration.check())


def _own(basis: Basis) -> Callable[[], Mapping[Part, bytes]]:
    """Return a function for the digests of what is in force; it recomputes them after an import."""
    seen: tuple[PolicyVersion | None, Calendars] | None = None
    made: Mapping[Part, bytes] = {}

    def digests() -> Mapping[Part, bytes]:
        nonlocal seen, made
        now = basis.policy.version, basis.deadlines.calendars
        if seen is None or now[0] is not seen[0] or now[1] is not seen[1]:
            seen, made = now, configuration_digests(basis.profile, *now)
        return made

    return digests


def _digest(value: object) -> bytes:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).digest()
