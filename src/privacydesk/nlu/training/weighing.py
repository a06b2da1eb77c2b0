"""Learns when a request is sure: a logistic regression on voices that the network has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np

from privacydesk.nlu.certainty import SIGNS, Certainty, signs
from privacydesk.nlu.evaluation.scores import is_right
from privacydesk.nlu.heads.parsed import Parser
from privacydesk.nlu.scope import Scope
from privacydesk.nlu.training.corpus import WRITTEN_ON, Example

_STEPS: Final = 50
_RIDGE: Final = 1.0
_UNSURE: Final = 0.13
"""The share of requests that may be asked back about; a little less than is allowed."""

Row = tuple[tuple[float, ...], bool]


def weigh(parser: Parser, examples: Sequence[Example]) -> Certainty:
    """Return when a request is sure."""
    rows = list(_rows(parser, examples, WRITTEN_ON))
    features = np.array([[*one, 1.0] for one, _ in rows])
    right = np.array([one for _, one in rows], dtype=float)
    weights = fitted(features, right)
    chances = 1 / (1 + np.exp(-features @ weights))
    enough = float(np.quantile(chances, _UNSURE))
    return Certainty(tuple(float(one) for one in weights[:-1]), float(weights[-1]), enough)


def _rows(parser: Parser, examples: Sequence[Example], today: date) -> Iterator[Row]:
    for example in examples:
        parsed = parser.parse(example.text)
        if parsed is None:
            continue
        scope = Scope(example.text, parsed, today)
        golds = [one.reading() for one in (example.gold, *example.alt)]
        for number, request in scope.requests():
            right = any(is_right(request, gold.requests) for gold in golds)
            yield signs(scope, number, request), right


def fitted(features: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the weights of a logistic regression, by Newton's method."""
    weights = np.zeros(features.shape[1])
    ridge = np.diag([*[_RIDGE] * len(SIGNS), 0.0])
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(features @ weights, -30, 30)))
        slope = features.T @ (chances - right) + ridge @ weights
        bend = (features * (chances * (1 - chances))[:, np.newaxis]).T @ features + ridge
        weights -= np.linalg.solve(bend + 1e-6 * np.eye(len(weights)), slope)
    return weights
