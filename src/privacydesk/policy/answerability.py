"""Estimates whether the policy answers a question at all, from the results of the search.

Signs that it doesn't: the question is similar to those that policies never answer, the best passage
lacks its words, or the best passage is hardly better than the next. The weights were trained on
answered and unanswered questions; see docs/decisions/009-policy-answers.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacydesk.policy.words import Scores, WordIndex

_COMPARED_RANK: Final = 3
"""The rank whose score is compared with the best; passages between may say the same."""

_EPSILON: Final = 1e-4

# Characters so common in questions that matching them means nothing.
_STOP_CHARACTERS = frozenset("的了吗呢啊呀是我你们会不有么什怎在把那这哪可以能要")


@dataclass(frozen=True, slots=True)
class AnswerabilityFeatures:
    """The features of the estimate.

    Attributes:
        outside: the log odds that the question is of a kind that policies don't answer.
        covered: the share of the question's words in the best passage, weighted by rarity.
        similarity: the similarity of the vectors of the question and the best passage.
        latin: 1 for a question without Chinese characters, where similarity is lower.
        in_glossary: 1 if the glossary has a word of it.
        lead: the difference between the scores of the best passage and a lower one.
    """

    outside: float
    covered: float
    similarity: float
    latin: float
    in_glossary: float
    lead: float

    def row(self) -> NDArray[np.float64]:
        """Return the features in the order of the trained weights."""
        return np.array(
            (self.outside, self.covered, self.similarity, self.latin, self.in_glossary, self.lead)
        )


def answerability_features(
    *,
    outside: float,
    words: Mapping[str, int],
    best: frozenset[str],
    index: WordIndex,
    similarity: float,
    latin: bool,
    in_glossary: bool,
    scores: Scores,
) -> AnswerabilityFeatures:
    """Return the features of a search.

    Args:
        outside: the probability that the question is of a kind that policies don't answer.
        words: the words of the question, and those that the glossary adds.
        best: the words of the best passage.
        index: the source of the rarity of words.
        similarity: the similarity of the vectors of the question and the best passage.
        latin: whether the question has no Chinese character.
        in_glossary: whether the glossary has a word of it.
        scores: the scores of all passages.
    """
    content_words = [word for word in words if word not in _STOP_CHARACTERS]
    weight = sum(map(index.rarity, content_words))
    shared = sum(index.rarity(word) for word in content_words if word in best)
    ranked = np.sort(scores)[::-1]
    return AnswerabilityFeatures(
        outside=math.log((outside + _EPSILON) / (1 - outside + _EPSILON)),
        covered=shared / weight if weight else 0.0,
        similarity=similarity,
        latin=float(latin),
        in_glossary=float(in_glossary),
        lead=float(ranked[0] - ranked[min(_COMPARED_RANK, len(ranked) - 1)]),
    )


def log_odds(features: AnswerabilityFeatures, weights: NDArray[np.float64]) -> float:
    """Return the log odds that the policy answers, between -30 and 30."""
    mean, spread, weight = weights[:, :-1]
    logit = float((features.row() - mean) / spread @ weight + weights[2, -1])
    return max(min(logit, 30.0), -30.0)
