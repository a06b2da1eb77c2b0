"""Estimates the probability that a passage answers a question, from all of its scores."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from privacydesk.policy.reranker import PassageScores

FILE: Final = "judge.json"
"""The file of the fitted weights."""
_MAX_LOGIT: Final = 30.0

Features = tuple[float, ...]
"""The features of a passage; see ``passage_features``."""


class RelevanceModel(Struct, frozen=True):
    """A logistic regression, fitted on policies that the reranker was not trained on.

    Attributes:
        weights: the weights of ``passage_features``.
        bias: the intercept.
    """

    weights: tuple[float, ...]
    bias: float

    @classmethod
    def load(cls, file: Path) -> Self:
        """Load the model from a file."""
        return msgspec.json.decode(file.read_bytes(), type=cls)

    def save(self, file: Path) -> None:
        """Save the model to a file."""
        file.write_bytes(msgspec.json.format(msgspec.json.encode(self)))

    def probability(self, features: Features) -> float:
        """Return the probability that the passage answers."""
        logit = sum(map(float.__mul__, self.weights, features)) + self.bias
        return 1 / (1 + math.exp(-max(-_MAX_LOGIT, min(logit, _MAX_LOGIT))))


def passage_features(
    scores: PassageScores, by_lookup: float, by_topics: float, answerable: float
) -> Features:
    """Return the features of a passage.

    Args:
        scores: the reranker's scores.
        by_lookup: the log probability, by the trained lookup, that it is the one that answers.
        by_topics: the same by the search with topics and glossary.
        answerable: the log odds that the policy answers the question at all, by that search.
    """
    best = max(scores.sentences, default=scores.answers)
    return scores.answers, best, by_lookup, by_topics, answerable
