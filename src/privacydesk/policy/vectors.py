"""Serialises the vectors of a policy's passages, keyed by a digest of each text.

The keys allow vectors of the previous version to be reused for unchanged passages, and an
interrupted computation to be resumed.
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
"""To be increased when the model changes, since vectors of two models can't be compared."""

_DIGEST: Final = "S32"

Vectors = Mapping[bytes, NDArray[np.float32]]
"""Vectors by ``digest`` of their text."""


def digest(text: str) -> bytes:
    """Return the key of a text's vector, which depends on the model, too."""
    return hashlib.sha256(f"{_MODEL}\x00{text}".encode()).hexdigest()[:32].encode()


def pack(vectors: NDArray[np.float32], texts: Sequence[str]) -> bytes:
    """Serialise the vectors of texts, one row each."""
    buffer = io.BytesIO()
    digests = np.array([digest(text) for text in texts], dtype=_DIGEST)
    np.savez(buffer, vectors=vectors.astype(np.float32), made_of=digests)
    return buffer.getvalue()


def unpack(content: bytes | None) -> Vectors:
    """Deserialise vectors; return none if the content is damaged."""
    if content is None:
        return {}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            names, vectors = archive["made_of"], np.asarray(archive["vectors"], dtype=np.float32)
            if names.shape != vectors.shape[:1]:
                return {}
            return dict(zip(names.astype(_DIGEST).tolist(), vectors, strict=True))
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return {}
