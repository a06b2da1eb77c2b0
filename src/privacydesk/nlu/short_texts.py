"""What short texts are: a reply to what was put, or what a question or a complaint is about.

Learnt from what a text means, as numbers, and from its characters. Of a reply the numbers are the
network's own; of the others the encoder's, since the network learns from what people ask for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self
from zlib import crc32

import numpy as np

from privacydesk.nlu.heads.weights import Floats, softmax
from privacydesk.nlu.normaliser import fold

SHIPPED: Final = Path(__file__).parent / "network"
"""Where the trained network lies that comes along, and what was learnt beside it."""
ANSWERS: Final = "answers.npz"
TOPICS: Final = "topics.npz"
COMPLAINTS: Final = "complaints.npz"
"""The files of what was learnt of replies, of questions and of complaints."""
LONGEST: Final = 100
"""Characters of a text that is looked at; a longer one tells a story."""

_BUCKETS: Final = 8_192
"""Places that runs of characters are counted in."""
_RUN: Final = 5
"""Characters of the longest run."""
_WEIGHT: Final = 8.0
"""The length of what is told of the characters; the meaning has some twenty."""


def characters(text: str) -> Floats:
    """Return what runs of up to five characters a text has, of length ``_WEIGHT``."""
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


class ShortTexts:
    """Tells of which class a short text is.

    Args:
        classes: their names; the last one is of what is none of the others.
        enough: the chance from which a text is of a class.
        learnt: ``mean`` and ``scale`` of the numbers of its meaning, ``weights`` (meaning and
            characters, classes), and the ``bias`` of each class.
    """

    def __init__(self, classes: list[str], enough: float, learnt: Mapping[str, Floats]) -> None:
        self._classes = classes
        self._enough = enough
        self._learnt = learnt

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return those of a file."""
        with np.load(path) as kept:
            numbers = ("mean", "scale", "weights", "bias")
            learnt = {name: kept[name].astype(np.float32) for name in numbers}
            return cls(kept["classes"].tolist(), float(kept["enough"]), learnt)

    def name(self, text: str, meaning: Floats) -> str:
        """Return the class of a text; empty where it is none, or where that is not clear.

        Args:
            text: what was written.
            meaning: of it, as numbers.
        """
        if len(text) > LONGEST:
            return ""
        learnt = self._learnt
        meant = (meaning - learnt["mean"]) / learnt["scale"]
        seen = np.concatenate([meant, characters(text)])
        chances = softmax(seen @ learnt["weights"] + learnt["bias"])
        best = int(chances.argmax())
        known = best < len(self._classes) - 1 and chances[best] >= self._enough
        return self._classes[best] if known else ""
