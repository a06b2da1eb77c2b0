"""From the tags of words to stretches."""

from __future__ import annotations

from typing import Final

import numpy as np
from msgspec import Struct

from privacydesk.nlu.heads.weights import Floats, softmax
from privacydesk.nlu.labels import TAGS, TYPES, Layer
from privacydesk.nlu.pairs import Place

_INSIDE: Final = 0.5
MOST: Final = 24
"""Stretches that are kept of a layer; nobody means more, however long a message is."""


class Found(Struct, frozen=True):
    """A stretch of a message.

    Attributes:
        words: its first word and the one after its last.
        place: its first character and the one after its last.
        chance: how likely all of it belongs to one, on average.
        type: of the types of its layer.
    """

    words: Place
    place: Place
    chance: float
    type: str = ""

    def text(self, message: str) -> str:
        """Return what stands there."""
        return message[self.place[0] : self.place[1]]


def stretches(tags: Floats, places: tuple[Place, ...], layer: Layer) -> list[Found]:
    """Return the stretches of a layer, in the order of the message.

    Args:
        tags: logits, (words, tags of all layers).
        places: where each word stands in the message.
        layer: which one.
    """
    chances = softmax(tags[:, TAGS[layer]])
    inside = 1 - chances[:, 0]
    first, further = chances[:, 1::2], chances[:, 2::2]
    begins = first.sum(axis=1) > further.sum(axis=1)
    found = []
    for start, end in _runs(inside >= _INSIDE, begins)[:MOST]:
        kind = int((first[start:end] + further[start:end]).sum(axis=0).argmax())
        place = places[start][0], places[end - 1][1]
        chance = float(inside[start:end].mean())
        found.append(Found((start, end), place, chance, TYPES[layer][kind]))
    return found


def _runs(inside: np.ndarray, begins: np.ndarray) -> list[Place]:
    runs: list[Place] = []
    start = -1
    for at in np.flatnonzero(inside).tolist():
        if not runs or start != at or begins[at]:
            runs.append((at, at + 1))
        else:
            runs[-1] = (runs[-1][0], at + 1)
        start = at + 1
    return runs
