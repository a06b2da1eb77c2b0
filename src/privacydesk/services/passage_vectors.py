"""Embedding vectors of a policy's passages: read from the library, computed if missing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from threading import Event
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from privacydesk.errors import DeskError, UnavailableError
from privacydesk.policy.library import PolicyLibrary
from privacydesk.policy.tree import PolicyVersion

if TYPE_CHECKING:
    from privacydesk.encoder.embedding import PassageEmbedder, Vector
    from privacydesk.policy.vectors import Vectors

_log = structlog.get_logger(__name__)

_EARLIER_VERSIONS: Final = 3
"""How many earlier versions are searched for the vectors of unchanged passages."""
_SAVE_EVERY: Final = 50
"""How many vectors are computed between saves; an interrupted import resumes at the last save."""


class VectorSource(Protocol):
    """Computes the vectors of passages."""

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of passages, of shape (len(texts), 384)."""
        ...


class PassageVectors:
    """Provides the vectors of a version; those that no version has are computed in memory.

    The process that answers questions reads untrusted text, so it may not write to the data
    folder (decision 034); ``precompute_vectors`` stores the vectors when a version is imported.

    Args:
        library: stores policy versions with the vectors of their passages.
        embedder: computes the vectors of texts.
    """

    def __init__(self, library: PolicyLibrary, embedder: PassageEmbedder) -> None:
        self._library = library
        self._embedder = embedder
        self._stopped = Event()

    def stop(self) -> None:
        """Stop computing vectors, so that the process can exit without waiting for them."""
        self._stopped.set()

    def get(self, version: PolicyVersion, texts: list[str]) -> Vector:
        """Return the vectors of a version's texts, of shape (len(texts), 384).

        Raises:
            UnavailableError: ``stop`` was called.
        """
        import numpy as np  # noqa: PLC0415

        from privacydesk.encoder.embedding import DIMENSIONS  # noqa: PLC0415
        from privacydesk.policy.vectors import digest  # noqa: PLC0415 - see PolicyAnswers

        digests = [digest(text) for text in texts]
        vectors = _load_stored(self._library, version, digests)
        missing = [index for index, key in enumerate(digests) if key not in vectors]
        if missing:
            _log.warning(
                "policy_vectors_missing",
                name=version.name,
                passages=len(missing),
                hint="they are made at each start until the policy is imported again",
            )
        for index in missing:
            if self._stopped.is_set():
                raise UnavailableError("the desk stops before the policy is ready")
            vectors[digests[index]] = self._embedder.embed_passages([texts[index]])[0]
        rows = [vectors[key][np.newaxis] for key in digests]
        return np.concatenate([np.empty((0, DIMENSIONS), dtype=np.float32), *rows])


def precompute_vectors(
    library: PolicyLibrary,
    version: PolicyVersion,
    embedder: VectorSource,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Compute the vectors of an imported version that no version has yet, and store them with it.

    Args:
        library: stores the vectors; already has the version.
        version: the version whose passages are embedded.
        embedder: computes the vectors of texts.
        progress: called before each vector with the number computed so far and the total.

    Raises:
        UnavailableError: the disk is full or the folder can't be written.
    """
    from privacydesk.policy.answering import embedded_texts  # noqa: PLC0415 - see PolicyAnswers
    from privacydesk.policy.vectors import digest, unpack  # noqa: PLC0415

    texts = {digest(text): text for text in embedded_texts(version)}
    if unpack(library.vectors(version)).keys() >= texts.keys():
        return
    vectors = _load_stored(library, version, texts)
    missing = [key for key in texts if key not in vectors]
    for count, key in enumerate(missing):
        progress(count, len(missing))
        vectors[key] = embedder.embed_passages([texts[key]])[0]
        if (count + 1) % _SAVE_EVERY == 0:
            _save(library, version, texts, vectors)
    _save(library, version, texts, vectors)


def count_vectors(version: PolicyVersion, vectors: bytes | None = None) -> int:
    """Return how many texts of a version are embedded; with vectors, how many these cover."""
    from privacydesk.policy.answering import embedded_texts  # noqa: PLC0415 - see PolicyAnswers
    from privacydesk.policy.vectors import digest, unpack  # noqa: PLC0415

    texts = {digest(text) for text in embedded_texts(version)}
    return len(texts if vectors is None else texts & unpack(vectors).keys())


def _load_stored(
    library: PolicyLibrary, version: PolicyVersion, digests: Collection[bytes]
) -> dict[bytes, Vector]:
    """Return the stored vectors of a version; if some are missing, also those of earlier ones."""
    from privacydesk.policy.vectors import unpack  # noqa: PLC0415

    vectors = dict(unpack(library.vectors(version)))
    if not vectors.keys() >= set(digests):
        for other in _earlier_versions(library, version):
            vectors = {**unpack(library.vectors(other)), **vectors}
    return vectors


def _earlier_versions(library: PolicyLibrary, version: PolicyVersion) -> tuple[PolicyVersion, ...]:
    try:
        return library.versions(version.name)[-_EARLIER_VERSIONS:]
    except DeskError:
        # One of them is damaged: all vectors are computed again.
        return ()


def _save(
    library: PolicyLibrary, version: PolicyVersion, texts: Mapping[bytes, str], vectors: Vectors
) -> None:
    """Store the vectors of a version computed so far.

    Args:
        library: stores the vectors.
        version: the version to store them with.
        texts: the texts of the version, by digest.
        vectors: the vectors known so far, by digest, possibly also those of other texts.
    """
    import numpy as np  # noqa: PLC0415

    from privacydesk.policy.vectors import pack  # noqa: PLC0415

    digests = [key for key in texts if key in vectors]
    matrix = np.stack([vectors[key] for key in digests])
    library.save_vectors(version, pack(matrix, [texts[key] for key in digests]))
