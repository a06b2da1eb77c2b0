"""Decodes the scores of stretches into the stretches of a message."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from privacydesk.nlu.heads.weights import Floats, sigmoid
from privacydesk.nlu.pairs import Place, touch

_NEVER: Final = 30.0
MOST: Final = 24
"""Most stretches kept of a layer; nobody means more, however long a message is."""


class Found(Struct, frozen=True):
    """A stretch of a message.

    Attributes:
        words: its first word and the one after its last.
        place: its first character and the one after its last.
        chance: probability that it is one.
        type: its type, where it has one.
    """

    words: Place
    place: Place
    chance: float
    type: str = ""

    def text(self, message: str) -> str:
        """Return its text."""
        return message[self.place[0] : self.place[1]]


def stretches(scores: Floats, places: tuple[Place, ...], least: float = 0.0) -> list[Found]:
    """Return the likeliest stretches of a layer that don't overlap, in the order of the message.

    Args:
        scores: logits by first and last word.
        places: the characters of each word in the message.
        least: the score above which a stretch is taken.
    """
    firsts, lasts = np.nonzero(scores > least)
    chances = sigmoid(scores[firsts, lasts])
    kept: list[Found] = []
    for one in np.argsort(-chances, kind="stable").tolist():
        if len(kept) == MOST:
            break
        words = int(firsts[one]), int(lasts[one]) + 1
        if not any(touch(words, other.words) for other in kept):
            place = places[words[0]][0], places[words[1] - 1][1]
            kept.append(Found(words, place, float(chances[one])))
    return sorted(kept, key=lambda one: one.words)


def missed(scores: Floats, found: list[Found]) -> float:
    """Return the chance of the likeliest stretch of a layer that overlaps none of those found."""
    free = np.ones(len(scores), bool)
    for one in found:
        free[slice(*one.words)] = False
    taken = np.append(0, np.cumsum(~free))
    apart = taken[1:][np.newaxis] == taken[:-1][:, np.newaxis]
    return float(sigmoid(scores[apart].max(initial=-_NEVER)))
