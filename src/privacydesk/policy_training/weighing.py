"""Fits how likely a passage answers, on policies that no other model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from privacydesk.encoder.embedding import E5Embedder
from privacydesk.policy.answering import AnswerModels, PolicyIndex, embedded_texts
from privacydesk.policy.relevance import RelevanceModel
from privacydesk.policy_training.corpus import Question, QuestionedPolicy

KNOWN: Final = "lane"
"""The demo's policy: its questions count as much as those about all others together, since what is
known of how people ask was written for policies of its kind, and desks run with such."""
_PULL: Final = 0.05
"""The strength of the regularisation."""
_START: Final = (0.3, 0.2, 0.2, 0.3, 0.1, 0.0)
_NEVER: Final = -1e9

Rows = NDArray[np.float64]


class Case:
    """A question with its candidates.

    Args:
        question: the question.
        signs: of each candidate, a row each.
        at: the passage of each candidate.
        weight: how much it counts.
    """

    def __init__(self, question: Question, signs: Rows, at: Sequence[int], weight: float) -> None:
        partly = {passage for passage, _ in question.partly} - question.answering
        self.signs, self.weight = signs, weight
        self.right = np.array([one in question.answering for one in at])
        self.ignored = np.array([one in partly for one in at])
        self.is_missed = bool(question.answers) and not self.right.any()

    def loss(self, weights: Rows, bias: float) -> float:
        """Return the negative log likelihood that a right candidate answers, or that none does."""
        scores = np.where(self.ignored, _NEVER, self.signs @ weights + bias)
        every = np.logaddexp.reduce([0.0, *scores])
        meant = np.logaddexp.reduce(scores[self.right]) if self.right.any() else 0.0
        return float(self.weight * (every - meant))


def weigh(
    policies: Sequence[QuestionedPolicy], encoder: E5Embedder, models: AnswerModels
) -> RelevanceModel:
    """Return the judge fitted on the candidates for the questions about policies."""
    others = sum(len(one.questions) for one in policies if one.name != KNOWN)
    cases: list[Case] = []
    for policy in policies:
        vectors = encoder.embed_passages(embedded_texts(policy.version))
        index = PolicyIndex(policy.version, vectors, encoder, models)
        weight = others / len(policy.questions) if others and policy.name == KNOWN else 1.0
        for question in policy.questions:
            found = index.ranked(question.text)
            if found:
                signs = np.array([one.features for one in found])
                cases.append(Case(question, signs, [one.number for one in found], weight))
    cases = [one for one in cases if not one.is_missed]

    def loss(values: Rows) -> float:
        weights, bias = values[:-1], float(values[-1])
        return sum(one.loss(weights, bias) for one in cases) + _PULL * float(weights @ weights)

    fitted = minimize(loss, np.array(_START), method="L-BFGS-B").x.round(4)
    return RelevanceModel(tuple(map(float, fitted[:-1])), float(fitted[-1]))
