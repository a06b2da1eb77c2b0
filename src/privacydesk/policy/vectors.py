"""The vectors of a policy's passages as a file, keyed by the text that each was made of.

So those of the previous version are reused for unchanged passages, and making them may be resumed.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MODEL: Final = "multilingual-e5-small-q4/1"
"""Raised when the model changes: vectors of two models can't be compared."""

_DIGEST: Final = "S32"

Vectors = Mapping[bytes, NDArray[np.float32]]
"""Vectors by ``digest`` of their text."""


def digest(text: str) -> bytes:
    """Return the key of a text's vector; another model gives another one."""
    return hashlib.sha256(f"{_MODEL}\x00{text}".encode()).hexdigest()[:32].encode()


def pack(vectors: NDArray[np.float32], texts: Sequence[str]) -> bytes:
    """Return the vectors of texts, a row each, as the content of a file."""
    held = io.BytesIO()
    made_of = np.array([digest(text) for text in texts], dtype=_DIGEST)
    np.savez(held, vectors=vectors.astype(np.float32), made_of=made_of)
    return held.getvalue()


def unpack(content: bytes | None) -> Vectors:
    """Return the vectors in a file; none when it is damaged."""
    if content is None:
        return {}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            names, vectors = held["made_of"], np.asarray(held["vectors"], dtype=np.float32)
            if names.shape != vectors.shape[:1]:
                return {}
            return dict(zip(names.astype(_DIGEST).tolist(), vectors, strict=True))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return {}
