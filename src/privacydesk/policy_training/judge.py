"""How likely a passage answers, from all that was told of it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from privacydesk.policy_training.reranker import Verdict

FILE: Final = "judge.json"
"""The file of what was learnt."""
_MOST: Final = 30.0

Signs = tuple[float, float, float]


class Judge(Struct, frozen=True):
    """Weighs the signs; learnt from policies that the network has not seen.

    Attributes:
        weights: of ``signs_of``.
        bias: stands alone.
    """

    weights: Signs
    bias: float

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return the one of a file."""
        return msgspec.json.decode(file.read_bytes(), type=cls)

    def save(self, file: Path) -> None:
        """Write it down."""
        file.write_bytes(msgspec.json.format(msgspec.json.encode(self)))

    def chance(self, signs: Signs) -> float:
        """Return how likely the passage answers, from 0 to 1."""
        weighed = sum(map(float.__mul__, self.weights, signs)) + self.bias
        return 1 / (1 + math.exp(-max(-_MOST, min(weighed, _MOST))))


def signs_of(verdict: Verdict, likely: float) -> Signs:
    """Return what tells whether a passage answers.

    Args:
        verdict: of the passage, read together with the question.
        likely: the logarithm of how likely the first look has it for the one that answers.
    """
    return verdict.answers, max(verdict.sentences, default=verdict.answers), likely
