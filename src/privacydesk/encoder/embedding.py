"""Sentence embeddings: sentences of similar meaning have close vectors, in whatever language.

The model is multilingual-e5-small in four bits. It ships inside a package, so nothing is
downloaded, and it runs on one core; the others belong to the desk.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from privacydesk.encoder.e5 import E5

Vector = NDArray[np.float32]
"""One embedding, of length one: the dot product of two is their similarity, at most 1."""

States = NDArray[np.float32]
"""The tokens of a text after the layers that read it by itself, of shape (tokens, 384)."""

DIMENSIONS: Final = 384

_QUERY_ROOM: Final = 128
_PASSAGE_ROOM: Final = 480
"""How much of a text is read, in characters as wide as a Chinese one; about a token each.

The time grows with it, about half a millisecond per token, so that a message of any length takes
no longer than a long sentence. Beyond 512 tokens the model would cut by itself.
"""

_QUERY_STATES: Final = 64
_PASSAGE_STATES: Final = 288
"""The most tokens of a question and of a passage that are read together."""

_NARROW_IN_WIDE: Final = 3
"""Latin letters that count as one Chinese character."""

# No word contains these; the models were trained on texts without them.
_BROKEN: Final = re.compile(r"[\ud800-\udfff\x00-\x1f\x7f]+")
_LAST_NARROW: Final = "\u02ff"


class PassageEmbedder(Protocol):
    """Embeds questions and passages as comparable vectors. Slow; any thread may call it."""

    def load(self) -> None:
        """Load what the first question would have to wait for. Idempotent."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of passages, of shape (len(texts), 384)."""
        ...

    def read_query(self, text: str) -> tuple[Vector, States]:
        """Return a question's vector, of shape (384,), and its tokens half-way; a long one is cut.

        Never raises for a text.
        """
        ...

    def read_passage(self, parts: Sequence[str]) -> tuple[States, list[tuple[int, int]]]:
        """Return the tokens of a passage half-way, and the range of each of its parts."""
        ...


_loading: Final = Lock()


# It is large and never changes: desks opened one after the other in a process share it.
@cache
def _model(threads: int) -> E5:
    # Imported here: commands without embeddings need not wait for it.
    from privacydesk.encoder.e5 import E5  # noqa: PLC0415

    return E5(threads)


class E5Embedder:
    """The model, loaded on first use. It embeds one text at a time, for all threads.

    Args:
        threads: cores that it uses for a text; the others belong to the desk.
    """

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._model: E5 | None = None
        self._lock = Lock()

    def load(self) -> None:
        """Load the model, some 150 MB, in less than a second."""
        with self._lock:
            self._loaded()

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of passages; long ones are cut."""
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for at, text in enumerate(texts):
            # The lock is released between texts, so that an import delays no question.
            with self._lock:
                vectors[at] = self._loaded().passage(fitted(text, _PASSAGE_ROOM))
        return vectors

    def read_query(self, text: str) -> tuple[Vector, States]:
        """Return a question's vector, and its tokens half-way; a long one is cut."""
        with self._lock:
            return self._loaded().query_states(fitted(text, _QUERY_ROOM), _QUERY_STATES)

    def read_passage(self, parts: Sequence[str]) -> tuple[States, list[tuple[int, int]]]:
        """Return the tokens of a passage half-way, and the range of each of its parts."""
        with self._lock:
            return self._loaded().passage_states(parts, _PASSAGE_STATES)

    def _loaded(self) -> E5:
        if self._model is None:
            with _loading:
                self._model = _model(self._threads)
        return self._model


def fitted(text: str, room: int) -> str:
    """Return the beginning of a text that fits, with unreadable characters as spaces."""
    # Nothing after this many characters can fit, and cleaning 100 KB takes time of its own.
    return _beginning(_BROKEN.sub(" ", text[: room * _NARROW_IN_WIDE]), room)


def _beginning(readable: str, room: int) -> str:
    left = room * _NARROW_IN_WIDE
    for at, character in enumerate(readable):
        left -= 1 if character <= _LAST_NARROW else _NARROW_IN_WIDE
        if left < 0:
            return readable[:at]
    return readable
