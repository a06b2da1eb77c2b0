"""Whether the policy answers a question at all, judged from how its passages were found.

A question like those that policies never answer, words that the best passage lacks, a best
passage hardly better than the next: each counts against it. The weights were learnt from questions
that are and are not answered; see docs/decisions/009-policy-answers.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from privacydesk.policy.words import Scores, WordIndex

_NEXT: Final = 3
"""The rank that the best passage is compared with: those between may say the same."""

_SAFE: Final = 1e-4

# So common in questions that their presence in a passage says nothing.
_FILLERS = frozenset("的了吗呢啊呀是我你们会不有么什怎在把那这哪可以能要")


@dataclass(frozen=True, slots=True)
class Signs:
    """The features of the judge.

    Attributes:
        outside: log odds that the question is of a kind that policies don't answer.
        covered: share of the question's words, by rarity, that the best passage has.
        near: similarity in meaning of the question and the best passage.
        latin: 1 for a question without Chinese characters, where similarity is lower.
        known: 1 where the glossary knows a word of it.
        ahead: by how much the best passage leads the one after the next.
    """

    outside: float
    covered: float
    near: float
    latin: float
    known: float
    ahead: float

    def row(self) -> NDArray[np.float64]:
        """Return the features in the order of training."""
        return np.array((self.outside, self.covered, self.near, self.latin, self.known, self.ahead))


def signs_of(
    *,
    outside: float,
    words: Mapping[str, int],
    best: frozenset[str],
    index: WordIndex,
    near: float,
    latin: bool,
    known: bool,
    scores: Scores,
) -> Signs:
    """Return the signs of a search.

    Args:
        outside: how likely the question is of a kind that policies don't answer.
        words: the question's, including the glossary's.
        best: the words of the best passage.
        index: gives the rarity of words.
        near: similarity of the question and the best passage.
        latin: the question has no Chinese character.
        known: the glossary has a word of it.
        scores: of all passages.
    """
    told = [word for word in words if word not in _FILLERS]
    weight = sum(map(index.rarity, told))
    shared = sum(index.rarity(word) for word in told if word in best)
    ranked = np.sort(scores)[::-1]
    return Signs(
        outside=math.log((outside + _SAFE) / (1 - outside + _SAFE)),
        covered=shared / weight if weight else 0.0,
        near=near,
        latin=float(latin),
        known=float(known),
        ahead=float(ranked[0] - ranked[min(_NEXT, len(ranked) - 1)]),
    )


def log_odds(signs: Signs, judge: NDArray[np.float64]) -> float:
    """Return the log odds that the policy answers, from -30 to 30."""
    mean, spread, weight = judge[:, :-1]
    raised = float((signs.row() - mean) / spread @ weight + judge[2, -1])
    return max(min(raised, 30.0), -30.0)
