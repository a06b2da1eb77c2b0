"""Answering policy questions: the version in force, made ready once, asked off the event loop."""

from __future__ import annotations

from collections.abc import Hashable
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.errors import UnavailableError
from privacydesk.policy.library import PolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.aside import Aside
from privacydesk.understanding.embedding import DIMENSIONS, Embedder, Vector
from privacydesk.understanding.normalise import normalise

if TYPE_CHECKING:
    from privacydesk.policy.answering import PolicyIndex

_log = structlog.get_logger(__name__)

_SEARCH: Final = 500
"""What the search for a short question costs, in characters of a long one that take as long."""


class PolicyAnswers:
    """Answers from one version of the policy.

    Nothing is read at the start: ``load`` is called in the background, and a question that comes
    before it is done waits for it in its thread.

    Args:
        library: keeps the vectors of passages beside the version.
        version: the policy in force; None when nothing was imported.
        embedder: turns texts into vectors.
    """

    def __init__(
        self, library: PolicyLibrary, version: PolicyVersion | None, embedder: Embedder
    ) -> None:
        self._library = library
        self._version = version
        self._embedder = embedder
        self._index: PolicyIndex | None = None
        self._lock = Lock()
        self._stopped = Event()
        self._aside = Aside()

    def stop(self) -> None:
        """Leave off making vectors, so that the process need not wait for it to end."""
        self._stopped.set()

    def load(self) -> None:
        """Make ready what the first question would have to wait for. Again does nothing."""
        if self._version is not None:
            self._embedder.load()
            self._ready(self._version)

    def answer_now(self, question: str) -> PolicyAnswer | None:
        """Return what the policy says; None when nothing was imported. Takes some 20 ms."""
        if self._version is None:
            return None
        return self._ready(self._version).answer(question)

    async def answer(self, question: str, whose: Hashable) -> PolicyAnswer | None:
        """Return what the policy says, worked out beside the event loop; see ``PolicySearch``."""
        if self._version is None:
            return None
        return await self._aside.run(whose, _SEARCH + len(question), self.answer_now, question)

    def _ready(self, version: PolicyVersion) -> PolicyIndex:
        with self._lock:
            if self._index is None:
                self._index = self._made(version)
            return self._index

    def _made(self, version: PolicyVersion) -> PolicyIndex:
        # Imported here: numbers in bulk are of no use to commands that answer nothing.
        from privacydesk.policy.answering import PolicyIndex, embedded_texts  # noqa: PLC0415
        from privacydesk.policy.vectors import pack, unpack  # noqa: PLC0415

        texts = embedded_texts(version)
        vectors = unpack(self._library.vectors(version), texts)
        if vectors is None:
            vectors = self._embedded(texts)
            try:
                self._library.keep_vectors(version, pack(vectors, texts))
            except UnavailableError as error:
                # A folder that may only be read: they are made anew at the next start.
                _log.warning("policy_vectors_not_kept", name=version.name, why=error.message)
        return PolicyIndex(version, vectors, normalise, self._embedder)

    def _embedded(self, texts: list[str]) -> Vector:
        made: list[Vector] = []
        for text in texts:
            if self._stopped.is_set():
                raise UnavailableError("the desk stops before the policy is ready")
            made.append(self._embedder.embed_passages([text]))
        return np.concatenate([np.empty((0, DIMENSIONS), dtype=np.float32), *made])
