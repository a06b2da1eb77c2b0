"""Answers to questions about the privacy policy, searched in threads in an index of one version."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import TYPE_CHECKING, Final

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.encoder.embedding import PassageEmbedder
from privacydesk.errors import NotFoundError
from privacydesk.policy.library import PolicyLibrary, find_version
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.fair_pool import FairPool
from privacydesk.services.passage_vectors import PassageVectors

if TYPE_CHECKING:
    from privacydesk.policy.answering import PolicyIndex

_SEARCH_COST: Final = 500
"""The cost of a search besides the length of its question: characters that take as long to read."""


class PolicyAnswers:
    """Answers questions from one version of the policy at a time.

    The index is not built at startup: ``load`` is called in the background, and the thread of an
    earlier question waits for it.

    Args:
        library: stores policy versions with the vectors of their passages.
        version: the version in force at startup; None if none was imported.
        embedder: computes the vectors of texts.
    """

    def __init__(
        self,
        library: PolicyLibrary,
        version: PolicyVersion | None,
        embedder: PassageEmbedder,
    ) -> None:
        self._library = library
        self._version = version
        self._embedder = embedder
        self._vectors = PassageVectors(library, embedder)
        self._index: PolicyIndex | None = None
        self._lock = Lock()
        self._pool = FairPool()

    def stop(self) -> None:
        """Stop computing vectors, so that the process can exit without waiting for them."""
        self._vectors.stop()

    @property
    def digest(self) -> str:
        """The digest of the version in force; empty without one."""
        return self._version.digest if self._version is not None else ""

    def load(self) -> None:
        """Load the model and build the index, so that the first question need not wait for them.

        Does nothing when called again, or without a version, which saves the model's memory.
        """
        if self._version is None:
            return
        self._embedder.load()
        self._get_index()

    def switch_to(self, name: str, digest: str) -> None:
        """Build the index of a stored version, then answer from it; call this in a thread.

        Meanwhile questions are answered from the version in force.

        Args:
            name: the name of the policy.
            digest: the digest of the version.

        Raises:
            NotFoundError: no such version is stored.
            DeskError: ``POLICY_UNREADABLE`` if its files are damaged.
            UnavailableError: ``stop`` was called before the index was ready.
        """
        version = find_version(self._library, name, digest)
        if version is None:
            raise NotFoundError(f"the policy {name} has no version {digest[:12]}")
        if version == self._version:
            return
        # If all vectors are stored, nothing else loads the model before the first question.
        self._embedder.load()
        index = self._build_index(version)
        with self._lock:
            self._version, self._index = version, index

    def answer_sync(self, question: str) -> PolicyAnswer | None:
        """Return what the policy says, None if none was imported; takes a tenth of a second."""
        index = self._get_index()
        return index.answer(question) if index is not None else None

    async def answer(self, question: str, user: Hashable) -> PolicyAnswer | None:
        """Return what the policy says, searched in a thread; see ``ports.LanguageUnderstanding``.

        Args:
            question: the user's question.
            user: identifies whom the search is for; users share the threads fairly.
        """
        if self._version is None:
            return None
        return await self._pool.run(user, _SEARCH_COST + len(question), self.answer_sync, question)

    def _get_index(self) -> PolicyIndex | None:
        with self._lock:
            if self._index is None and self._version is not None:
                self._index = self._build_index(self._version)
            return self._index

    def _build_index(self, version: PolicyVersion) -> PolicyIndex:
        # Imported here: commands that answer no questions don't need the numeric code.
        from privacydesk.policy.answering import PolicyIndex, embedded_texts  # noqa: PLC0415

        texts = embedded_texts(version)
        return PolicyIndex(version, self._vectors.get(version, texts), self._embedder)
