"""The heads that classify stretches, in numpy: a few small matrix products per message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from privacydesk.nlu.pairs import Place, between, gap, nearness

Floats = NDArray[np.float32]


class StretchHeads:
    """The trained heads for stretches.

    Args:
        weights: by name, as the training writes them.
    """

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the heads of a file."""
        with np.load(path) as kept:
            return cls({name: kept[name].astype(np.float32) for name in kept.files})

    def types(self, name: str, points: Floats) -> Floats:
        """Return the probability of each type for each stretch, (stretches, types).

        Args:
            name: ``value`` for what mentions name, or ``field`` for what values are given for.
            points: vectors of the stretches.
        """
        return softmax(self._linear(f"{name}.3", _gelu(self._linear(f"{name}.0", points))))

    def of_slots(
        self, name: str, slots: Floats, points: Floats, looks: Floats, places: Sequence[Place]
    ) -> Floats:
        """Return the chances that stretches belong to requests, (requests, stretches, classes).

        Args:
            name: ``role`` or ``told``.
            slots: vectors of the requests.
            points: vectors of the stretches.
            looks: attention of the requests, (requests, words).
            places: the words of each stretch.
        """
        near = np.array(
            [[nearness(one, place) for place in places] for one in looks], dtype=np.float32
        )
        a = self._linear(f"{name}.first", slots)[:, np.newaxis]
        b = self._linear(f"{name}.second", points)[np.newaxis]
        return self._judged(name, a + b + a * b + self._linear(f"{name}.near", near))

    def narrowing(
        self, first: Floats, second: Floats, narrows: Sequence[Place], mentions: Sequence[Place]
    ) -> Floats:
        """Return the chances that stretches narrow mentions, (stretches, mentions, roles).

        Args:
            first: vectors of the stretches.
            second: vectors of the mentions.
            narrows: the words of each stretch.
            mentions: the words of each mention.
        """
        gaps = [[gap(one, other) for other in mentions] for one in narrows]
        betweens = [[between(one, other, mentions) for other in mentions] for one in narrows]
        a = self._linear("narrowing.first", first)[:, np.newaxis]
        b = self._linear("narrowing.second", second)[np.newaxis]
        near = self._weights["narrowing.gap.weight"][np.array(gaps)]
        near = near + self._weights["narrowing.between.weight"][np.array(betweens)]
        return self._judged("narrowing", a + b + a * b + near)

    def _judged(self, name: str, hidden: Floats) -> Floats:
        hidden = _gelu(self._linear(f"{name}.out.1", _gelu(hidden)))
        return sigmoid(self._linear(f"{name}.out.3", hidden))

    def _linear(self, name: str, x: Floats) -> Floats:
        made: Floats = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return made


def point_of(words: Floats, place: Place) -> Floats:
    """Return the vector of a stretch: the mean of its words, its first and its last."""
    stretch = words[place[0] : place[1]]
    return np.concatenate([stretch.mean(0), stretch[0], stretch[-1]])


def softmax(x: Floats) -> Floats:
    """Return the softmax of logits along the last axis."""
    raised = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=-1, keepdims=True), np.float32)


def sigmoid(x: Floats) -> Floats:
    """Return the sigmoid of each logit."""
    return np.asarray(1 / (1 + np.exp(-x)), np.float32)


def _gelu(x: Floats) -> Floats:
    bent: Floats = 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))
    return bent
