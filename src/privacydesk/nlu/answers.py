"""What a short message answers: a yes, a no, later, that there is nothing more, or none of these.

Learnt from the gist that the network has of a message, and from its characters: the network learns
from what people ask for, and whoever answers asks for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self
from zlib import crc32

import numpy as np

from privacydesk.domain.reading import Answer
from privacydesk.nlu.heads.weights import Floats, softmax
from privacydesk.nlu.normaliser import fold

FILE: Final = "answers.npz"
"""The file of what was learnt."""
NONE: Final = "other"
"""The class of messages that answer nothing, or say more than an answer."""
CLASSES: Final = (*(one.value for one in Answer), NONE)
"""What a message may be, in the order of the weights."""
LONGEST: Final = 60
"""Characters of a message that may be nothing but an answer."""

_BUCKETS: Final = 8_192
"""Places that runs of characters are counted in; a power of two."""
_RUN: Final = 5
"""Characters of the longest run."""
_WEIGHT: Final = 8.0
"""The length of what is told of the characters; the gist has some twenty."""
_ENOUGH: Final = 0.7
"""The chance from which a message is an answer. Of what was a yes from here on to weights that had
not seen its author 0.98 was one; of the yeses 0.6 were."""


def characters(text: str) -> Floats:
    """Return what runs of up to five characters a message has, of length ``_WEIGHT``."""
    folded = f"^{fold(text).strip()}$"
    runs = Counter(
        crc32(folded[start : start + length].encode()) % _BUCKETS
        for length in range(1, _RUN + 1)
        for start in range(len(folded) - length + 1)
    )
    found = np.zeros(_BUCKETS, np.float32)
    for place, times in runs.items():
        found[place] = 1 + np.log(times)
    return found * (_WEIGHT / np.linalg.norm(found))


class Answers:
    """Tells answers.

    Args:
        mean, scale: of the gist's numbers.
        weights: (gist and characters, classes).
        bias: of each class.
    """

    def __init__(self, mean: Floats, scale: Floats, weights: Floats, bias: Floats) -> None:
        self._mean, self._scale, self._weights, self._bias = mean, scale, weights, bias

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return those of a file."""
        with np.load(path) as kept:
            names: Sequence[str] = ("mean", "scale", "weights", "bias")
            return cls(*(kept[name].astype(np.float32) for name in names))

    def answer(self, text: str, gist: Floats) -> Answer | None:
        """Return what a message answers; None where it says more, or something else."""
        if len(text) > LONGEST:
            return None
        seen = np.concatenate([(gist - self._mean) / self._scale, characters(text)])
        chances = softmax(seen @ self._weights + self._bias)
        best = CLASSES[int(chances.argmax())]
        return Answer(best) if best != NONE and chances.max() >= _ENOUGH else None
