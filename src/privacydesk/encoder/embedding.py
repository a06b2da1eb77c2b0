"""Sentences as points: what means nearly the same lies close, in whatever language it is said.

The model is multilingual-e5-small in four bits. It travels inside a package, so nothing is
fetched, and it runs on one core; others of the machine belong to the desk.
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
"""One embedding, of length one: the dot product of two is their likeness, at most 1."""

States = NDArray[np.float32]
"""The tokens of a text after the layers that read it by itself, of shape (tokens, 384)."""

DIMENSIONS: Final = 384

_QUERY_ROOM: Final = 128
_PASSAGE_ROOM: Final = 480
"""How much of a text is read, in characters as wide as a Chinese one; about a token each.

The time grows with it, about half a millisecond a token, so that a message of any length is read
in the time of a long sentence. Beyond 512 tokens the model would cut by itself.
"""

_QUERY_STATES: Final = 64
_PASSAGE_STATES: Final = 288
"""Tokens of a question and of a passage that are read together, at most."""

_NARROW_IN_WIDE: Final = 3
"""Latin letters that cost as much as one Chinese character."""

# No word is made of these; the models have learnt from texts without them.
_BROKEN: Final = re.compile(r"[\ud800-\udfff\x00-\x1f\x7f]+")
_LAST_NARROW: Final = "\u02ff"


class PassageEmbedder(Protocol):
    """Turns questions and passages into vectors that compare. Slow; any thread may ask."""

    def load(self) -> None:
        """Make ready what the first question would have to wait for. Again does nothing."""
        ...

    def embed_query(self, text: str) -> Vector:
        """Return the vector of what a person says, of shape (384,). Never raises for a text."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of texts to be found, of shape (len(texts), 384)."""
        ...


_loading: Final = Lock()


# It is large and never changes: desks that are opened one after the other in a process share it.
@cache
def _model(threads: int) -> E5:
    # Imported here: commands that embed nothing need not wait for it.
    from privacydesk.encoder.e5 import E5  # noqa: PLC0415

    return E5(threads)


class E5Embedder:
    """The model, loaded at its first use. One text at a time, whoever asks.

    Args:
        threads: cores that it takes for a text; others of the machine belong to the desk.
    """

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._model: E5 | None = None
        self._lock = Lock()

    def load(self) -> None:
        """Load the model, some 150 MB, in less than a second."""
        with self._lock:
            self._loaded()

    def embed_query(self, text: str) -> Vector:
        """Return the vector of what a person says; of a long text, of its beginning."""
        cut = fitted(text, _QUERY_ROOM)
        with self._lock:
            return self._loaded().query(cut)

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of texts to be found; long ones count by their beginning."""
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for at, text in enumerate(texts):
            # The lock is let go between texts, so that an import holds up nobody's question.
            with self._lock:
                vectors[at] = self._loaded().passage(fitted(text, _PASSAGE_ROOM))
        return vectors

    def read_query(self, text: str) -> tuple[Vector, States]:
        """Return the vector of a question, and its tokens half-way; of a long one its beginning."""
        with self._lock:
            return self._loaded().query_states(fitted(text, _QUERY_ROOM), _QUERY_STATES)

    def read_passage(self, parts: Sequence[str]) -> tuple[States, list[tuple[int, int]]]:
        """Return the tokens of a passage half-way, and which of them are of each of its parts."""
        with self._lock:
            return self._loaded().passage_states(parts, _PASSAGE_STATES)

    def _loaded(self) -> E5:
        if self._model is None:
            with _loading:
                self._model = _model(self._threads)
        return self._model


def fitted(text: str, room: int) -> str:
    """Return the beginning of a text that fits, with what makes no word a space."""
    # Nothing behind this many characters can fit, and cleaning 100 KB takes time of its own.
    return _beginning(_BROKEN.sub(" ", text[: room * _NARROW_IN_WIDE]), room)


def _beginning(readable: str, room: int) -> str:
    left = room * _NARROW_IN_WIDE
    for at, character in enumerate(readable):
        left -= 1 if character <= _LAST_NARROW else _NARROW_IN_WIDE
        if left < 0:
            return readable[:at]
    return readable
