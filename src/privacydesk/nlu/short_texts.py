"""Classifies short texts: questions asked in a form, complaints, and what messages say.

The features are the mean of the vectors that the network has for a text's word pieces, and the
characters of its beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Self
from zlib import crc32

import numpy as np

from privacydesk.nlu.heads.weights import Floats, sigmoid, softmax
from privacydesk.nlu.normaliser import fold

SHIPPED: Final = Path(__file__).parent / "network"
"""The folder of the shipped network and of the models trained with it."""
TOPICS: Final = "topics.npz"
COMPLAINTS: Final = "complaints.npz"
REQUESTS: Final = "requests.npz"
ANSWERS: Final = "answers.npz"
SPEAKERS: Final = "speakers.npz"
REMARKS: Final = "remarks.npz"
DANGERS: Final = "dangers.npz"
CHILD_WISHES: Final = "child_wishes.npz"
"""The files of the models; ``corpus/README.md`` tells what each learns from."""
LONGEST: Final = 100
"""Characters of a text that are looked at; its meaning is that of all of it."""

_BUCKETS: Final = 8_192
"""Hash buckets for character n-grams."""
_RUN: Final = 5
"""Characters of the longest n-gram."""
_WEIGHT: Final = 8.0
"""Norm of the character features; that of the meaning is about twenty."""


def characters(text: str) -> Floats:
    """Return the hashed n-grams of a text's first characters, with norm ``_WEIGHT``."""
    folded = f"^{fold(text[:LONGEST]).strip()}$"
    signs = [sign.encode() for sign in folded]
    codes = []
    for start in range(len(signs)):
        code = 0
        for sign in signs[start : start + _RUN]:
            # The checksum of a run goes on from that of the run without its last character.
            code = crc32(sign, code)
            codes.append(code % _BUCKETS)
    times = np.bincount(codes, minlength=_BUCKETS)
    places = np.flatnonzero(times)
    found = np.zeros(_BUCKETS, np.float32)
    found[places] = 1 + np.log(times[places])
    return found * (_WEIGHT / np.linalg.norm(found))


class ShortTexts:
    """Classifies short texts.

    Args:
        classes: their names; the last one is for texts of no other class.
        enough: the probability from which a text is of a class, for each of them.
        learnt: ``centre`` and ``scale`` of the meaning, ``weights`` (meaning and characters,
            classes), and the ``bias`` of each class.
    """

    def __init__(self, classes: list[str], enough: Floats, learnt: Mapping[str, Floats]) -> None:
        self._classes = classes
        self._enough = enough
        self._learnt = learnt

    @classmethod
    @cache
    def load(cls, path: Path) -> Self:
        """Return the trained classifier of a file, which is read once a process."""
        with np.load(path) as kept:
            numbers = ("centre", "scale", "weights", "bias")
            learnt = {name: kept[name].astype(np.float32) for name in numbers}
            return cls(kept["classes"].tolist(), kept["enough"], learnt)

    def name(self, meaning: Floats, runs: Floats) -> str:
        """Return the class of a text by its meaning and ``characters``; empty if none is clear."""
        chances = softmax(self._scores(meaning, runs))
        best = int(chances.argmax())
        known = best < len(self._classes) - 1 and chances[best] >= self._enough[best]
        return self._classes[best] if known else ""

    def names(self, meaning: Floats, runs: Floats) -> tuple[str, ...]:
        """Return all classes of a text, where it may have several."""
        likely = sigmoid(self._scores(meaning, runs)) >= self._enough
        return tuple(name for name, is_one in zip(self._classes, likely, strict=True) if is_one)

    def _scores(self, meaning: Floats, runs: Floats) -> Floats:
        learnt = self._learnt
        meant = (meaning - learnt["centre"]) / learnt["scale"]
        return np.concatenate([meant, runs]) @ learnt["weights"] + learnt["bias"]
