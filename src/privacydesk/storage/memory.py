"""A store for tests and play: the real one, on a temporary file.

It is no twin with logic of its own, so that nothing can behave differently in tests than in use;
``docs/decisions/001-decide-under-lock.md`` says why.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from privacydesk.clock import Clock
from privacydesk.storage.hashing import MIN_SECRET_BYTES, KeyedHashing
from privacydesk.storage.schema import upgrade
from privacydesk.storage.sealing import KEY_BYTES, KeyRing
from privacydesk.storage.store import SqlStore


@asynccontextmanager
async def temporary_store(clock: Clock) -> AsyncIterator[SqlStore]:
    """Yield an open, empty store that is removed afterwards; its keys are random."""
    with TemporaryDirectory(prefix="privacydesk-") as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        upgrade(url)
        async with SqlStore(url, random_ring(), clock) as store:
            yield store


def random_ring() -> KeyRing:
    """Return a key ring of one random key."""
    return KeyRing("temporary", {"temporary": secrets.token_bytes(KEY_BYTES)})


def random_hashing() -> KeyedHashing:
    """Return keyed hashing under a random secret."""
    return KeyedHashing(secrets.token_bytes(MIN_SECRET_BYTES))
