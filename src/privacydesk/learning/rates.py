"""The learning rate in the course of training."""

from __future__ import annotations

import math
from typing import Final

_WARM: Final = 0.06
"""The share of training during which the learning rate rises."""


def share_of_highest(done: float) -> float:
    """Return the learning rate as a share of the highest: it rises, and falls along a cosine.

    Args:
        done: the share of training that is done.
    """
    return min(done / _WARM, (1 + math.cos(math.pi * done)) / 2)
