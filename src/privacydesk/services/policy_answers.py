"""Answering policy questions: the version in force, made ready once, asked off the event loop."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from threading import Event, Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.errors import DeskError, NotFoundError, UnavailableError
from privacydesk.policy.library import PolicyLibrary, kept
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.aside import Aside
from privacydesk.understanding.embedding import DIMENSIONS, PassageEmbedder, Vector
from privacydesk.understanding.normalise import normalise

if TYPE_CHECKING:
    from privacydesk.policy.answering import PolicyIndex
    from privacydesk.policy.vectors import Vectors

_log = structlog.get_logger(__name__)

_SEARCH: Final = 500
"""What the search for a short question costs, in characters of a long one that take as long."""
_EARLIER: Final = 3
"""Versions whose vectors are looked at for passages that did not change."""
_KEPT_EVERY: Final = 50
"""Vectors after which they are kept, so that whoever is interrupted goes on from there."""


class PolicyAnswers:
    """Answers from one version of the policy at a time.

    Nothing is read at the start: ``load`` is called in the background, and a question that comes
    before it is done waits for it in its thread.

    Args:
        library: keeps the vectors of passages beside the version.
        version: the policy in force at first; None when nothing was imported.
        embedder: turns texts into vectors.
        progress: told before each vector that is made: how many were, and how many there will be.
    """

    def __init__(
        self,
        library: PolicyLibrary,
        version: PolicyVersion | None,
        embedder: PassageEmbedder,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> None:
        self._library = library
        self._version = version
        self._embedder = embedder
        self._progress = progress
        self._index: PolicyIndex | None = None
        self._lock = Lock()
        self._stopped = Event()
        self._aside = Aside()

    def stop(self) -> None:
        """Leave off making vectors, so that the process need not wait for it to end."""
        self._stopped.set()

    @property
    def digest(self) -> str:
        """Of the version that it answers from; empty without one."""
        return self._version.digest if self._version is not None else ""

    def load(self) -> None:
        """Make ready what the first sentence and question would have to wait for.

        Again does nothing.
        """
        self._embedder.load()
        self._ready()

    def go_by(self, name: str, digest: str) -> None:
        """Make a kept version ready beside the one in force, then answer from it; in a thread.

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
        index = self._made(version)
        with self._lock:
            self._version, self._index = version, index

    def answer_now(self, question: str) -> PolicyAnswer | None:
        """Return what the policy says; None when nothing was imported. Takes some 20 ms."""
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
        # Imported here: numbers in bulk are of no use to commands that answer nothing.
        from privacydesk.policy.answering import PolicyIndex, embedded_texts  # noqa: PLC0415

        texts = embedded_texts(version)
        return PolicyIndex(version, self._vectors(version, texts), normalise, self._embedder)

    def _vectors(self, version: PolicyVersion, texts: list[str]) -> Vector:
        """Return a vector for each text, making what no version has and keeping it as it comes."""
        from privacydesk.policy.vectors import digest, unpack  # noqa: PLC0415

        names = [digest(text) for text in texts]
        known = dict(unpack(self._library.vectors(version)))
        if not known.keys() >= set(names):
            for other in self._earlier(version):
                known = {**unpack(self._library.vectors(other)), **known}
        lacking = [at for at, name in enumerate(names) if name not in known]
        for count, at in enumerate(lacking):
            if self._stopped.is_set():
                raise UnavailableError("the desk stops before the policy is ready")
            self._progress(count, len(lacking))
            known[names[at]] = self._embedder.embed_passages([texts[at]])[0]
            if (count + 1) % _KEPT_EVERY == 0:
                self._keep(version, texts, known)
        if lacking:
            self._keep(version, texts, known)
        made = [known[name][np.newaxis] for name in names]
        return np.concatenate([np.empty((0, DIMENSIONS), dtype=np.float32), *made])

    def _earlier(self, version: PolicyVersion) -> tuple[PolicyVersion, ...]:
        try:
            return self._library.versions(version.name)[-_EARLIER:]
        except DeskError:
            # One of them is damaged: then all are made anew.
            return ()

    def _keep(self, version: PolicyVersion, texts: list[str], known: Vectors) -> None:
        from privacydesk.policy.vectors import digest, pack  # noqa: PLC0415

        made = [text for text in dict.fromkeys(texts) if digest(text) in known]
        vectors = np.stack([known[digest(text)] for text in made])
        try:
            self._library.keep_vectors(version, pack(vectors, made))
        except UnavailableError as error:
            # A folder that may only be read: they are made anew at the next start.
            _log.warning("policy_vectors_not_kept", name=version.name, why=error.message)
