"""A store for tests and demos: ``SqlStore`` on a temporary SQLite file.

It has no logic of its own, so tests run the same code as production; see
``docs/decisions/001-decide-under-lock.md``.
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
    """Yield an open, empty store with random keys; its file is deleted afterwards."""
    with TemporaryDirectory(prefix="privacydesk-") as folder:
        url = f"sqlite:///{Path(folder) / 'desk.db'}"
        upgrade(url)
        async with SqlStore(url, random_ring(), clock) as store:
            yield store


def random_ring() -> KeyRing:
    """Return a key ring with one random key."""
    return KeyRing("temporary", {"temporary": secrets.token_bytes(KEY_BYTES)})


def random_hashing() -> KeyedHashing:
    """Return a ``KeyedHashing`` with a random secret."""
    return KeyedHashing(secrets.token_bytes(MIN_SECRET_BYTES))
