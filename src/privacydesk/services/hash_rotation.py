"""Replacing the hashing secret while the desk is served.

    both secrets in the settings ─► begin ─► rehash, page by page ─► end ─► only the new one

Processes that know both write the form that the database names, and find rows in either. So
``begin``, one short transaction, switches all of them at once, and ``rehash`` may stop anywhere and
go on later.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from privacydesk.clock import Clock
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.fingerprints import Fingerprint
from privacydesk.errors import SettingsError
from privacydesk.ports import Fingerprints, Hashing, HashRotation
from privacydesk.services.secret_fingerprints import (
    HASHING_SECRET,
    PREVIOUS_HASHING_SECRET,
    hashing_digest,
)

_OPERATOR: Final = "operator"
_PAGE: Final = 200
_PAUSE: Final = 0.005
"""Seconds between two pages, in which turns are committed."""


@dataclass(frozen=True, slots=True)
class HashingSecrets:
    """The hashing secrets of this process.

    Attributes:
        present: the one in use.
        previous: the one before; None if there is none.
    """

    present: bytes
    previous: bytes | None = None

    @property
    def tags(self) -> str:
        """Words that tell other processes which secrets these are, and nothing more of them."""
        both = (self.present, self.previous)
        return " ".join(tag_of(secret) for secret in both if secret is not None)


def tag_of(secret: bytes) -> str:
    """Return the beginning of a secret's fingerprint."""
    return hashing_digest(secret)[:6].hex()


@dataclass(frozen=True, slots=True)
class RehashProgress:
    """How far a table is.

    Attributes:
        table: name of the table.
        done: number of rows looked at.
        total: number of rows at the start.
        changed: number of rows that had the form of the secret before.
        is_done: whether the table is done.
    """

    table: str
    done: int
    total: int
    changed: int
    is_done: bool


class HashSecretRotation:
    """Replaces the hashing secret.

    Args:
        rotation: the stored forms of hashes.
        book: the fingerprints of secrets.
        hashing: makes the hashes.
        secrets: the secrets of this process.
        clock: source of the current time.
        process: the name of this process, for fingerprints.
    """

    def __init__(
        self,
        rotation: HashRotation,
        book: Fingerprints,
        hashing: Hashing,
        secrets: HashingSecrets,
        *,
        clock: Clock,
        process: str,
    ) -> None:
        self._rotation = rotation
        self._book = book
        self._hashing = hashing
        self._secrets = secrets
        self._clock = clock
        self._process = process

    async def open(self) -> None:
        """Choose the forms of hashes by what the database says, once its secrets are checked."""
        present, previous = self._secrets.present, self._secrets.previous
        recorded = (await self._book.all())[HASHING_SECRET]
        root = await self._rotation.root()
        if recorded.digest == hashing_digest(present):
            self._hashing.use(root or present)
            # The form of the first secret is the hash as it is.
            written = None if root is None else present
            self._rotation.use(written, None if previous in {None, root} else previous)
            return
        assert previous is not None
        self._hashing.use(root or previous)
        self._rotation.use(
            None if root is None else previous, present, awaited=self._fingerprint(present)
        )

    async def run(self) -> AsyncGenerator[RehashProgress]:
        """Replace the secret, or go on with it; yields the progress.

        Raises:
            SettingsError: the settings lack one of both secrets, or a process that serves does.
        """
        recorded = await self._book.all()
        if recorded[HASHING_SECRET].digest != hashing_digest(self._secrets.present):
            await self._begin(recorded[HASHING_SECRET])
        elif PREVIOUS_HASHING_SECRET not in recorded:
            return
        changed, total = 1, 0
        while changed:
            changed = 0
            for table in self._rotation.tables():
                async for progress in self._rehash(table):
                    yield progress
                changed += progress.changed
            total += changed
        entry = self._entry("hashing_secret_replaced", rows=total)
        await self._rotation.end(PREVIOUS_HASHING_SECRET, entry)

    async def _begin(self, recorded: Fingerprint) -> None:
        present, previous = self._secrets.present, self._secrets.previous
        assert previous is not None
        root = await self._rotation.root()
        if present == root:
            raise SettingsError(
                "PRIVACYDESK_HASHING_SECRET is the first one that this database had: make a new one"
                " with `privacydesk keys generate --hashing-secret`",
                key=HASHING_SECRET,
            )
        if any(tag_of(present) not in tags for tags in await self._rotation.serving_tags()):
            raise SettingsError(
                "a process serves this database without the new PRIVACYDESK_HASHING_SECRET and the"
                " one before: restart every `serve` with both, then run this again",
                key=HASHING_SECRET,
            )
        before = self._fingerprint(previous)
        new = (
            self._fingerprint(present),
            Fingerprint(PREVIOUS_HASHING_SECRET, before.digest, recorded.at, recorded.by),
        )
        entry = self._entry("hashing_secret_changed")
        await self._rotation.begin(root or previous, before, new, entry)

    async def _rehash(self, table: str) -> AsyncGenerator[RehashProgress]:
        total = await self._rotation.count(table)
        done = changed = 0
        after = None
        while True:
            page = await self._rotation.rehash(table, after, limit=_PAGE)
            done, changed, after = done + page.rows, changed + page.changed, page.last
            yield RehashProgress(table, done, total, changed, is_done=after is None)
            if after is None:
                return
            await asyncio.sleep(_PAUSE)

    def _fingerprint(self, secret: bytes) -> Fingerprint:
        now = self._clock.now()
        return Fingerprint(HASHING_SECRET, hashing_digest(secret), now, self._process)

    def _entry(self, what: str, **detail: int) -> AuditEntry:
        return AuditEntry(self._clock.now(), _OPERATOR, what, detail=detail)
