"""From the scores of stretches to those that a message has."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from privacydesk.nlu.heads.weights import Floats, sigmoid
from privacydesk.nlu.pairs import Place, touch

_NEVER: Final = 30.0
MOST: Final = 24
"""Stretches that are kept of a layer; nobody means more, however long a message is."""


class Found(Struct, frozen=True):
    """A stretch of a message.

    Attributes:
        words: its first word and the one after its last.
        place: its first character and the one after its last.
        chance: how likely it is one.
        type: what it is, where that is told.
    """

    words: Place
    place: Place
    chance: float
    type: str = ""

    def text(self, message: str) -> str:
        """Return what stands there."""
        return message[self.place[0] : self.place[1]]


def stretches(scores: Floats, places: tuple[Place, ...], least: float = 0.0) -> list[Found]:
    """Return the stretches of a layer, in the order of the message, the likeliest of each place.

    Args:
        scores: logits by first and last word.
        places: where each word stands in the message.
        least: the score from which a stretch is one.
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
    """Return the chance of the likeliest stretch of a layer that touches none that was found."""
    free = np.ones(len(scores), bool)
    for one in found:
        free[slice(*one.words)] = False
    taken = np.append(0, np.cumsum(~free))
    apart = taken[1:][np.newaxis] == taken[:-1][:, np.newaxis]
    return float(sigmoid(scores[apart].max(initial=-_NEVER)))
