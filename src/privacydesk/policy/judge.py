"""How likely a passage answers, from all of its scores."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from privacydesk.policy.reranker import Verdict

FILE: Final = "judge.json"
"""The file of the fitted weights."""
_MOST: Final = 30.0

Signs = tuple[float, ...]
"""The features of a passage; see ``signs_of``."""


class Judge(Struct, frozen=True):
    """A logistic regression, fitted on policies that the network has not seen.

    Attributes:
        weights: of ``signs_of``.
        bias: the intercept.
    """

    weights: tuple[float, ...]
    bias: float

    @classmethod
    def load(cls, file: Path) -> Self:
        """Return the judge of a file."""
        return msgspec.json.decode(file.read_bytes(), type=cls)

    def save(self, file: Path) -> None:
        """Write it to a file."""
        file.write_bytes(msgspec.json.format(msgspec.json.encode(self)))

    def chance(self, signs: Signs) -> float:
        """Return the probability that the passage answers."""
        weighed = sum(map(float.__mul__, self.weights, signs)) + self.bias
        return 1 / (1 + math.exp(-max(-_MOST, min(weighed, _MOST))))


def signs_of(verdict: Verdict, likely: float, by_topics: float, said: float) -> Signs:
    """Return the features of a passage.

    Args:
        verdict: of the passage, read together with the question.
        likely: its log probability in the trained lookup of being the one that answers.
        by_topics: the same in the search by words and topics.
        said: the log odds that the policy says anything on the question, by that search.
    """
    best = max(verdict.sentences, default=verdict.answers)
    return verdict.answers, best, likely, by_topics, said
