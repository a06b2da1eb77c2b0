"""Fingerprints of this process's secrets and configuration, compared at every start."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Mapping

import orjson

from privacydesk.app.dependencies import Dependencies
from privacydesk.policy.tree import PolicyVersion
from privacydesk.profile import OperatorProfile
from privacydesk.services.configuration import Configuration, ConfigurationPart
from privacydesk.services.secret_fingerprints import check_secrets, fingerprint_secrets
from privacydesk.settings import Settings
from privacydesk.storage.engines import parse_url, sqlite_file
from privacydesk.storage.store import SqlStore


def this_process() -> str:
    """Return a name for this process that other processes can show: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def secret_digests(settings: Settings) -> dict[str, bytes]:
    """Return the fingerprints of the hashing secret and the ring keys, by name."""
    return fingerprint_secrets(settings.hashing(), settings.keys()[1])


def configuration_digests(
    profile: OperatorProfile, policy: PolicyVersion | None
) -> dict[ConfigurationPart, bytes]:
    """Return a digest of the effective content of each part of the configuration.

    Default values, the order of keys and comments make no difference.
    """
    return {
        ConfigurationPart.PROFILE: _digest(profile.model_dump(mode="json", exclude_defaults=True)),
        ConfigurationPart.POLICY: _digest(
            [profile.policy, policy.digest if policy is not None else ""]
        ),
    }


def build_configuration(deps: Dependencies, store: SqlStore) -> Configuration:
    """Return the service that compares the configuration with that of other processes."""
    return Configuration(
        store.fingerprints,
        _digest_source(deps),
        deps.clock,
        this_process(),
        is_alone=sqlite_file(parse_url(deps.settings.url)) is not None,
    )


async def check_fingerprints(
    deps: Dependencies, configuration: Configuration, *, beside_serve: bool
) -> None:
    """Compare this process's secrets and configuration with those recorded in the database.

    Raises:
        SettingsError: a secret or a part of the configuration differs; the message names it.
    """
    secrets = secret_digests(deps.settings)
    await check_secrets(deps.store.fingerprints, secrets, deps.clock, this_process())
    await (configuration.compare() if beside_serve else configuration.check())


def _digest_source(deps: Dependencies) -> Callable[[], Mapping[ConfigurationPart, bytes]]:
    """Return a function that returns the current digests, cached until a policy is imported."""
    cached_for: PolicyVersion | None = None
    cached: Mapping[ConfigurationPart, bytes] = {}

    def digests() -> Mapping[ConfigurationPart, bytes]:
        nonlocal cached_for, cached
        if not cached or deps.policy.version is not cached_for:
            cached_for = deps.policy.version
            cached = configuration_digests(deps.profile, cached_for)
        return cached

    return digests


def _digest(value: object) -> bytes:
    return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).digest()
