"""Distances between stretches of a message, as features of the heads; places count words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

GAPS: Final = 16
"""Number of distance classes on each side."""
BETWEEN: Final = 8
"""Number of classes for how many stretches stand between two."""
NEARNESS: Final = 4
"""Number of features for how near a stretch is to where a request is made."""
_EXACT: Final = 6
_BESIDE: Final = 6
_FAR: Final = 16.0

Place = tuple[int, int]
"""The first word or character of a stretch, and the one after its last."""


def touch(first: Place, second: Place) -> bool:
    """Return whether two stretches share a place."""
    return first[0] < second[1] and second[0] < first[1]


def gap(first: Place, second: Place) -> int:
    """Return the class of the distance from one stretch to another, ``GAPS`` where they touch."""
    if touch(first, second):
        return GAPS
    if second[0] >= first[1]:
        return GAPS + _steps(second[0] - first[1])
    return GAPS - _steps(first[0] - second[1])


def between(first: Place, second: Place, others: Sequence[Place]) -> int:
    """Return how many other stretches stand between two."""
    low, high = min(first[1], second[1]), max(first[0], second[0])
    return min(sum(low <= one[0] and one[1] <= high for one in others), BETWEEN - 1)


def nearness(looks: NDArray[np.float32], place: Place) -> tuple[float, ...]:
    """Return how near a stretch is to a request's attention over words, which sums to 1."""
    start, end = place
    here = float(looks[start:end].sum())
    beside = float(looks[max(start - _BESIDE, 0) : end + _BESIDE].sum())
    centre = float(looks @ np.arange(len(looks)))
    return (
        math.log(here + 1e-4), math.log(beside + 1e-4),
        math.tanh((start - centre) / _FAR), float(start < centre),
    )  # fmt: skip


def _steps(distance: int) -> int:
    """Return a class of a distance: exact while it is small, then by halves of a power of two."""
    if distance < _EXACT:
        return 1 + distance
    return min(_EXACT + (distance * distance >> 5).bit_length(), GAPS)
