"""The vectors of a policy's passages as a file, and whether they still are those of its texts."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MODEL: Final = "multilingual-e5-small-q4/1"
"""Raised when the model changes: vectors of two models can't be compared."""


def pack(vectors: NDArray[np.float32], texts: Sequence[str]) -> bytes:
    """Give the vectors of texts as the content of a file."""
    held = io.BytesIO()
    np.savez(held, vectors=vectors.astype(np.float32), made_of=np.array(_made_of(texts)))
    return held.getvalue()


def unpack(content: bytes | None, texts: Sequence[str]) -> NDArray[np.float32] | None:
    """Give the vectors back; None when they are of other texts, or the file is damaged."""
    if content is None:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as held:
            if str(held["made_of"]) != _made_of(texts) or len(held["vectors"]) != len(texts):
                return None
            return np.asarray(held["vectors"], dtype=np.float32)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return None


def _made_of(texts: Sequence[str]) -> str:
    return hashlib.sha256("\x00".join([_MODEL, *texts]).encode()).hexdigest()
