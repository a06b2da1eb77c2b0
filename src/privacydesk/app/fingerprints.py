"""Fingerprints of this process's secrets, compared at every start."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from privacydesk.services.hash_rotation import HashingSecrets
from privacydesk.services.secret_fingerprints import check_secrets, fingerprint_secrets
from privacydesk.settings import Settings

if TYPE_CHECKING:
    from privacydesk.app.dependencies import Dependencies


def this_process() -> str:
    """Return a name for this process that other processes can show: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def secret_digests(settings: Settings) -> dict[str, bytes]:
    """Return the fingerprints of the hashing secrets and the ring keys, by name."""
    ring_keys = settings.keys()[1]
    return fingerprint_secrets(settings.hashing(), ring_keys, settings.previous_hashing())


def hashing_tags(settings: Settings) -> str:
    """Return words that tell other processes which hashing secrets this one has."""
    return hashing_secrets(settings).tags


def hashing_secrets(settings: Settings) -> HashingSecrets:
    """Return the hashing secrets of this process."""
    return HashingSecrets(settings.hashing(), settings.previous_hashing())


async def check_fingerprints(deps: Dependencies) -> None:
    """Compare this process's secrets with those recorded in the database.

    Raises:
        SettingsError: a secret differs; the message names it.
    """
    secrets = secret_digests(deps.settings)
    await check_secrets(deps.store.fingerprints, secrets, deps.clock, this_process())
