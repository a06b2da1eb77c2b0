"""Vectors for searching a policy's passages: read where stored, computed where not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from threading import Event
from typing import TYPE_CHECKING, Final

import numpy as np
import structlog

from privacydesk.encoder.embedding import DIMENSIONS, PassageEmbedder, Vector
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.policy.library import PolicyLibrary
from privacydesk.policy.tree import PolicyVersion

if TYPE_CHECKING:
    from privacydesk.policy.vectors import Vectors

_log = structlog.get_logger(__name__)

_EARLIER: Final = 3
"""Versions whose vectors are searched for unchanged passages."""
_KEPT_EVERY: Final = 50
"""Vectors between saves, so that an interrupted import resumes from the last save."""


class PassageVectors:
    """Provides the vectors of a version; those that no version has are made in memory.

    The process that answers questions reads strangers' text, so it may not write to the data
    folder (decision 034); ``import_vectors`` stores the vectors when a version is imported.

    Args:
        library: keeps the vectors of passages beside the version.
        embedder: turns texts into vectors.
    """

    def __init__(self, library: PolicyLibrary, embedder: PassageEmbedder) -> None:
        self._library = library
        self._embedder = embedder
        self._stopped = Event()

    def stop(self) -> None:
        """Stop making vectors, so that the process can end without waiting for them."""
        self._stopped.set()

    def of(self, version: PolicyVersion, texts: list[str]) -> Vector:
        """Return a vector for each text of a version, of shape (len(texts), 384).

        Raises:
            UnavailableError: it was stopped.
        """
        from privacydesk.policy.vectors import digest  # noqa: PLC0415 - see PolicyAnswers

        names = [digest(text) for text in texts]
        known = _kept(self._library, version, names)
        lacking = [at for at, name in enumerate(names) if name not in known]
        if lacking:
            _log.warning(
                "policy_vectors_missing",
                name=version.name,
                passages=len(lacking),
                hint="they are made at each start until the policy is imported again",
            )
        for at in lacking:
            if self._stopped.is_set():
                raise UnavailableError("the desk stops before the policy is ready")
            known[names[at]] = self._embedder.embed_passages([texts[at]])[0]
        made = [known[name][np.newaxis] for name in names]
        return np.concatenate([np.empty((0, DIMENSIONS), dtype=np.float32), *made])


def import_vectors(
    library: PolicyLibrary,
    version: PolicyVersion,
    embedder: PassageEmbedder,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:
    """Make an imported version's vectors that no version has yet; store them beside it.

    Args:
        library: holds the version already.
        version: whose passages are to be found.
        embedder: turns texts into vectors.
        progress: called before each vector with the number made so far and the total.

    Raises:
        UnavailableError: the disk is full or the folder can't be written.
    """
    from privacydesk.policy.answering import embedded_texts  # noqa: PLC0415 - see PolicyAnswers
    from privacydesk.policy.vectors import digest, unpack  # noqa: PLC0415

    texts = {digest(text): text for text in embedded_texts(version)}
    if unpack(library.vectors(version)).keys() >= texts.keys():
        return
    known = _kept(library, version, texts)
    lacking = [name for name in texts if name not in known]
    for count, name in enumerate(lacking):
        progress(count, len(lacking))
        known[name] = embedder.embed_passages([texts[name]])[0]
        if (count + 1) % _KEPT_EVERY == 0:
            _keep(library, version, texts, known)
    _keep(library, version, texts, known)


def _kept(
    library: PolicyLibrary, version: PolicyVersion, names: Collection[bytes]
) -> dict[bytes, Vector]:
    """Return a version's stored vectors, with earlier versions' where some are missing."""
    from privacydesk.policy.vectors import unpack  # noqa: PLC0415

    known = dict(unpack(library.vectors(version)))
    if not known.keys() >= set(names):
        for other in _earlier(library, version):
            known = {**unpack(library.vectors(other)), **known}
    return known


def _earlier(library: PolicyLibrary, version: PolicyVersion) -> tuple[PolicyVersion, ...]:
    try:
        return library.versions(version.name)[-_EARLIER:]
    except DeskError:
        # One of them is damaged: all vectors are made anew.
        return ()


def _keep(
    library: PolicyLibrary, version: PolicyVersion, texts: Mapping[bytes, str], known: Vectors
) -> None:
    from privacydesk.policy.vectors import pack  # noqa: PLC0415

    made = [name for name in texts if name in known]
    vectors = np.stack([known[name] for name in made])
    library.keep_vectors(version, pack(vectors, [texts[name] for name in made]))
