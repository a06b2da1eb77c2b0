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
from privacydesk.domain.saved_settings import BY_FILE, POLICY_PREFIX, policy_setting
from privacydesk.errors import DeskError, ErrorCode, NotAllowedNowError, NotFoundError, StaleError
from privacydesk.policy.codec import dump_version, load_version
from privacydesk.policy.library import FilePolicyLibrary, MemoryPolicyLibrary, is_translation
from privacydesk.policy.tree import PolicyVersion
from privacydesk.ports import PolicyTextStore
from privacydesk.services.passage_vectors import VectorSource, count_vectors, precompute_vectors
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
                await self._store(version, vectors, by=BY_FILE, is_ready=True)
                await self._put_in_force(version, by=BY_FILE, comment="")

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
        embedder: VectorSource,
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
        await self.add(version, by=by)
        if not is_translation(name):
            await self.prepare(version, embedder, progress)
        current = await self._saved.current(policy_setting(name))
        if current is not None and current.body == digest:
            return False
        await self._put_in_force(version, by=by, comment=comment)
        await self.mirror()
        return True

    async def texts(self, name: str) -> tuple[PolicyText, ...]:
        """Return the stored texts of a policy, the one imported last first."""
        return await self._texts.all(name)

    async def text(self, name: str, digest: str) -> PolicyText:
        """Return a stored text.

        Args:
            name: the name of the policy.
            digest: the digest, or the beginning of it.

        Raises:
            NotFoundError: there is none.
        """
        for text in await self._texts.all(name):
            if digest and text.digest.startswith(digest):
                return text
        raise NotFoundError(f"{name} has no text {digest[:12]}")

    async def add(
        self, version: PolicyVersion, *, by: str, notes: Sequence[Sequence[object]] = ()
    ) -> None:
        """Store a version without putting it in force; nothing happens if it is stored already.

        Args:
            version: the version.
            by: who imports it.
            notes: what the importer noticed: line, code and explanation.
        """
        known = await self._texts.find(version.name, version.digest)
        if known is None or version_of(known).documents != version.documents:
            await self._store(version, None, by=by, notes=notes)

    async def prepare(
        self,
        version: PolicyVersion,
        embedder: VectorSource,
        progress: Callable[[int, int], None] = lambda _done, _total: None,
    ) -> None:
        """Compute and store the search data that a stored version lacks.

        Raises:
            UnavailableError: ``embedder`` has stopped; what it had computed is stored.
        """
        name, digest = version.name, version.digest
        loop = asyncio.get_running_loop()

        def save(vectors: bytes) -> None:
            count = count_vectors(version, vectors)
            saving = self._texts.save_vectors(name, digest, vectors, count)
            asyncio.run_coroutine_threadsafe(saving, loop).result()

        draft = _Draft(self._library, version, await self._texts.vectors(name, digest), save)
        await asyncio.to_thread(precompute_vectors, draft, version, embedder, progress)

    async def _store(
        self,
        version: PolicyVersion,
        vectors: bytes | None,
        *,
        by: str,
        notes: Sequence[Sequence[object]] = (),
        is_ready: bool = False,
    ) -> None:
        """Store a version.

        ``is_ready`` says that what its search data lacks is computed in memory, as in earlier
        releases.
        """
        now = self._clock.now()
        passages = 0 if is_translation(version.name) else count_vectors(version)
        text = PolicyText(
            name=version.name,
            digest=version.digest,
            tree=orjson.dumps({**dump_version(version), "notes": notes}),
            source=version.source,
            added_at=version.imported_at,
            by=by,
            passages=passages,
            embedded=passages if is_ready else 0,
        )
        detail = {"name": version.name, "digest": version.digest[:12]}
        await self._texts.save(text, vectors, AuditEntry(now, by, "policy_imported", detail=detail))

    async def put_in_force(
        self, name: str, digest: str, *, by: str, seen: int, comment: str = ""
    ) -> None:
        """Put a stored text in force.

        Raises:
            NotFoundError: there is no such text.
            NotAllowedNowError: its search data is not ready.
            StaleError: somebody else has put another one in force.
        """
        text = await self._texts.find(name, digest)
        if text is None:
            raise NotFoundError(f"{name} has no text {digest[:12]}")
        if not text.is_ready:
            raise NotAllowedNowError("its search data is not ready", reason="policy_preparing")
        await self._saved.save_policy(name, digest, by=by, seen=seen, comment=comment)
        await self.mirror()

    async def remove(self, name: str, digest: str, *, by: str) -> None:
        """Remove a text that was never in force.

        Raises:
            NotAllowedNowError: it is or was in force.
        """
        history = await self._saved.history(policy_setting(name))
        if any(setting.body == digest for setting in history):
            raise NotAllowedNowError("it was in force", reason="policy_in_force")
        detail = {"name": name, "digest": digest[:12]}
        entry = AuditEntry(self._clock.now(), by, "policy_removed", detail=detail)
        await self._texts.remove(name, digest, entry)

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
