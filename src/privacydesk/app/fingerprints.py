"""Fingerprints of this process's secrets, compared at every start."""

from __future__ import annotations

import os
import socket

from privacydesk.app.dependencies import Dependencies
from privacydesk.services.secret_fingerprints import check_secrets, fingerprint_secrets
from privacydesk.settings import Settings


def this_process() -> str:
    """Return a name for this process that other processes can show: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"


def secret_digests(settings: Settings) -> dict[str, bytes]:
    """Return the fingerprints of the hashing secret and the ring keys, by name."""
    return fingerprint_secrets(settings.hashing(), settings.keys()[1])


async def check_fingerprints(deps: Dependencies) -> None:
    """Compare this process's secrets with those recorded in the database.

    Raises:
        SettingsError: a secret differs; the message names it.
    """
    secrets = secret_digests(deps.settings)
    await check_secrets(deps.store.fingerprints, secrets, deps.clock, this_process())
