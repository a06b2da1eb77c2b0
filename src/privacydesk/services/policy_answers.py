"""Policy answers: from the version in force, prepared once, queried off the event loop."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Lock
from typing import TYPE_CHECKING, Final

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.encoder.embedding import PassageEmbedder
from privacydesk.errors import NotFoundError
from privacydesk.policy.library import PolicyLibrary, kept
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.fair_pool import FairPool
from privacydesk.services.passage_vectors import PassageVectors

if TYPE_CHECKING:
    from privacydesk.policy.answering import PolicyIndex

_SEARCH: Final = 500
"""The fixed cost of a search, in characters of question that take as long."""


class PolicyAnswers:
    """Answers from one version of the policy at a time.

    Nothing is read at the start: ``load`` is called in the background, and a question that comes
    before it is done waits for it in its thread.

    Args:
        library: holds versions, and the vectors of passages beside them.
        version: the policy in force at first; None when nothing was imported.
        embedder: turns texts into vectors.
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
        self._aside = FairPool()

    def stop(self) -> None:
        """Stop making vectors, so that the process can end without waiting for them."""
        self._vectors.stop()

    @property
    def digest(self) -> str:
        """The digest of the version that it answers from; empty without one."""
        return self._version.digest if self._version is not None else ""

    def load(self) -> None:
        """Prepare what the first question would have to wait for.

        Does nothing without a version, which saves the model's memory, or when called again.
        """
        if self._version is None:
            return
        self._embedder.load()
        self._ready()

    def go_by(self, name: str, digest: str) -> None:
        """Prepare a kept version beside the one in force, then switch to it; call in a thread.

        Questions that come meanwhile are answered from the one in force.

        Raises:
            NotFoundError: no such version is kept.
            DeskError: POLICY_UNREADABLE when its files are damaged.
            UnavailableError: it was stopped before it was ready.
        """
        version = kept(self._library, name, digest)
        if version is None:
            raise NotFoundError(f"the policy {name} has no version {digest[:12]}")
        if version == self._version:
            return
        # With kept vectors nothing would load the model before the first question.
        self._embedder.load()
        index = self._made(version)
        with self._lock:
            self._version, self._index = version, index

    def answer_now(self, question: str) -> PolicyAnswer | None:
        """Return what the policy says; None without an import. Takes a tenth of a second."""
        index = self._ready()
        return index.answer(question) if index is not None else None

    async def answer(self, question: str, whose: Hashable) -> PolicyAnswer | None:
        """Return what the policy says, worked out in a thread; see ``ports.Understanding``."""
        if self._version is None:
            return None
        return await self._aside.run(whose, _SEARCH + len(question), self.answer_now, question)

    def _ready(self) -> PolicyIndex | None:
        with self._lock:
            if self._index is None and self._version is not None:
                self._index = self._made(self._version)
            return self._index

    def _made(self, version: PolicyVersion) -> PolicyIndex:
        # Imported here: commands that answer nothing don't need the numeric code.
        from privacydesk.policy.answering import PolicyIndex, embedded_texts  # noqa: PLC0415

        texts = embedded_texts(version)
        return PolicyIndex(version, self._vectors.of(version, texts), self._embedder)
