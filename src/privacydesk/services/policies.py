"""Versions of the policy in the database: importing them, and putting one in force.

Questions are answered by a program without the database, so each process keeps a copy of the
version in force in its data folder.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import orjson
import structlog

from privacydesk.clock import Clock
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.policy_texts import PolicyText
from privacydesk.domain.saved_settings import POLICY_PREFIX, policy_setting
from privacydesk.encoder.embedding import PassageEmbedder
from privacydesk.errors import DeskError, ErrorCode, NotFoundError, StaleError
from privacydesk.policy.codec import dump_version, load_version
from privacydesk.policy.library import FilePolicyLibrary, MemoryPolicyLibrary, is_translation
from privacydesk.policy.tree import PolicyVersion
from privacydesk.ports import PolicyTextStore
from privacydesk.services.passage_vectors import count_vectors, precompute_vectors
from privacydesk.services.saved_settings import SavedSettings

_log = structlog.get_logger(__name__)

_ATTEMPTS: Final = 5


class Policies:
    """Imports versions of policies, and keeps those in force in the data folder.

    Args:
        texts: stores the texts.
        saved: says which text of a name is in force.
        library: the data folder.
        clock: source of the current time.
    """

    def __init__(
        self,
        texts: PolicyTextStore,
        saved: SavedSettings,
        library: FilePolicyLibrary,
        clock: Clock,
    ) -> None:
        self._texts = texts
        self._saved = saved
        self._library = library
        self._clock = clock
        self._mirrored: dict[str, tuple[int, str]] = {}

    async def take_over(self) -> None:
        """Import what lies in the data folder under names that the database doesn't have yet.

        Folders were the place of versions in earlier releases.
        """
        for name in await asyncio.to_thread(self._library.all_names):
            if await self._saved.current(policy_setting(name)) is not None:
                continue
            try:
                versions = await asyncio.to_thread(self._library.versions, name)
            except DeskError as error:
                _log.error("policy_not_taken_over", name=name, why=error.message)
                continue
            for version in versions:
                vectors = await asyncio.to_thread(self._library.vectors, version)
                await self._store(version, vectors, by="operator")
                await self._put_in_force(version, by="operator", comment="files")

    async def mirror(self) -> bool:
        """Bring the data folder to the versions in force; return whether it has changed."""
        changed = False
        for setting in self._saved.in_force(POLICY_PREFIX):
            name = setting.name.removeprefix(POLICY_PREFIX)
            folder = await asyncio.to_thread(self._newest_folder, name)
            if self._mirrored.get(name) == (setting.version, folder):
                continue
            try:
                changed |= await self._mirror(name, setting.body)
            except DeskError as error:
                _log.error("policy_not_mirrored", name=name, why=error.message)
            folder = await asyncio.to_thread(self._newest_folder, name)
            self._mirrored[name] = setting.version, folder
        return changed

    def _newest_folder(self, name: str) -> str:
        stamp = self._library.stamp(name)
        return "" if stamp is None else stamp.folder

    async def _mirror(self, name: str, digest: str) -> bool:
        text = await self._texts.find(name, digest)
        if text is None:
            raise NotFoundError(f"the text {digest[:12]} of {name} is missing")
        vectors = await self._texts.vectors(name, digest)
        return await asyncio.to_thread(self._write, text, vectors)

    def _write(self, text: PolicyText, vectors: bytes | None) -> bool:
        version = version_of(text)
        is_new = self._library.save(version)
        if vectors is not None and (is_new or self._library.vectors(version) is None):
            self._library.save_vectors(version, vectors)
        return is_new

    async def import_version(
        self,
        version: PolicyVersion,
        *,
        by: str,
        embedder: PassageEmbedder,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
        comment: str = "",
    ) -> bool:
        """Import a version, compute its search data, and put it in force.

        The search data of an interrupted import is used by the next one.

        Args:
            version: the version.
            by: who imports it.
            embedder: computes the search data, in a thread.
            progress: called as by ``precompute_vectors``.
            comment: why.

        Returns:
            False if it is in force already.
        """
        name, digest = version.name, version.digest
        known = await self._texts.find(name, digest)
        if known is None or version_of(known).documents != version.documents:
            await self._store(version, None, by=by)
        if not is_translation(name):
            await self._prepare(version, embedder, progress)
        current = await self._saved.current(policy_setting(name))
        if current is not None and current.body == digest:
            return False
        await self._put_in_force(version, by=by, comment=comment)
        await self.mirror()
        return True

    async def _prepare(
        self,
        version: PolicyVersion,
        embedder: PassageEmbedder,
        progress: Callable[[int, int], None],
    ) -> None:
        name, digest = version.name, version.digest
        loop = asyncio.get_running_loop()

        def save(vectors: bytes) -> None:
            count = count_vectors(version, vectors)
            saving = self._texts.save_vectors(name, digest, vectors, count)
            asyncio.run_coroutine_threadsafe(saving, loop).result()

        draft = _Draft(self._library, version, await self._texts.vectors(name, digest), save)
        await asyncio.to_thread(precompute_vectors, draft, version, embedder, progress)

    async def _store(self, version: PolicyVersion, vectors: bytes | None, *, by: str) -> None:
        now = self._clock.now()
        searched = not is_translation(version.name)
        text = PolicyText(
            name=version.name,
            digest=version.digest,
            tree=orjson.dumps(dump_version(version)),
            source=version.source,
            added_at=version.imported_at,
            by=by,
            passages=count_vectors(version) if searched else 0,
            embedded=count_vectors(version, vectors) if searched and vectors is not None else 0,
        )
        detail = {"name": version.name, "digest": version.digest[:12]}
        await self._texts.save(text, vectors, AuditEntry(now, by, "policy_imported", detail=detail))

    async def _put_in_force(self, version: PolicyVersion, *, by: str, comment: str) -> None:
        for attempt in range(_ATTEMPTS):
            current = await self._saved.current(policy_setting(version.name))
            if current is not None and current.body == version.digest:
                return
            seen = 0 if current is None else current.version
            try:
                await self._saved.save_policy(
                    version.name, version.digest, by=by, seen=seen, comment=comment
                )
            except StaleError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return


class _Draft(MemoryPolicyLibrary):
    """A version whose search data is being computed, with earlier ones of the data folder.

    Args:
        earlier: has the vectors of unchanged passages.
        version: the version.
        vectors: its vectors computed before; None for none.
        save: stores its vectors.
    """

    def __init__(
        self,
        earlier: FilePolicyLibrary,
        version: PolicyVersion,
        vectors: bytes | None,
        save: Callable[[bytes], None],
    ) -> None:
        super().__init__()
        self._earlier = earlier
        self._save = save
        self.save(version)
        if vectors is not None:
            super().save_vectors(version, vectors)

    def versions(self, name: str) -> tuple[PolicyVersion, ...]:
        """Return the versions of the data folder."""
        return self._earlier.versions(name)

    def vectors(self, version: PolicyVersion) -> bytes | None:
        """Return the vectors computed so far, or those of an earlier version."""
        return super().vectors(version) or self._earlier.vectors(version)

    def save_vectors(self, version: PolicyVersion, vectors: bytes) -> None:
        """Store the vectors computed so far."""
        super().save_vectors(version, vectors)
        self._save(vectors)


def version_of(text: PolicyText) -> PolicyVersion:
    """Return an imported text as a version.

    Raises:
        DeskError: POLICY_UNREADABLE if this release can't read its structure.
    """
    try:
        return load_version(orjson.loads(text.tree), text.source)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DeskError(
            f"the policy {text.digest[:12]} can't be read: {error}",
            code=ErrorCode.POLICY_UNREADABLE,
        ) from error


def library_of(versions: Sequence[PolicyVersion]) -> MemoryPolicyLibrary:
    """Return a library of versions, oldest first."""
    library = MemoryPolicyLibrary()
    for version in versions:
        library.save(version)
    return library
