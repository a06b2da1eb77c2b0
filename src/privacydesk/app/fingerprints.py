"""Fingerprints of this process's secrets and configuration, compared at every start."""

from __future__ import annotations

import hashlib
import os
import socket

import orjson

from privacydesk.app.dependencies import Dependencies
from privacydesk.profile import OperatorProfile
from privacydesk.services.configuration import Configuration
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


def profile_digest(profile: OperatorProfile) -> bytes:
    """Return a digest of a profile's content; default values and the order of keys don't matter."""
    content = profile.model_dump(mode="json", exclude_defaults=True)
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def build_configuration(deps: Dependencies, store: SqlStore) -> Configuration:
    """Return the service that compares the configuration with that of other processes."""
    return Configuration(
        store.fingerprints,
        profile_digest(deps.profile),
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
