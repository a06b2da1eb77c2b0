"""Fits when a request is sure: a logistic regression on voices that the network has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

import numpy as np
from msgspec import Struct, structs
from sklearn.linear_model import LogisticRegression

from privacydesk.domain.reading import Request
from privacydesk.nlu.certainty import DOUBTS, SIGNS, Certainty, Judgement, is_losing, signs
from privacydesk.nlu.heads.parsed import Parser
from privacydesk.nlu.pipeline import looked_at, with_numbers_called
from privacydesk.training.corpus import WRITTEN_ON, Example
from privacydesk.training.evaluation.scores import is_right, loses

_STEPS: Final = 5_000
_UNSURE: Final = 0.2
"""The share of requests to ask back about in the held-out voices, which were asked for what is
hard. In what people write it is about three fifths of that."""


class Row(Struct, frozen=True):
    """A request that was read, and how it compares with what was annotated."""

    request: Request
    signs: tuple[float, ...]
    is_right: bool
    is_harmless: bool


def weigh(parser: Parser, examples: Sequence[Example]) -> Certainty:
    """Return the fitted model of when a request is sure."""
    rows = list(_rows(parser, examples, WRITTEN_ON))
    losing = [one for one in rows if is_losing(one.request)]
    certainty = Certainty(
        _judgement(rows, [one.is_right for one in rows]),
        _judgement(losing, [one.is_harmless for one in losing]),
        enough=0.0,
    )
    safety = [certainty.safety(one.request, one.signs) for one in rows]
    return structs.replace(certainty, enough=float(np.quantile(safety, _UNSURE)))


def _judgement(rows: Sequence[Row], holds: Sequence[bool]) -> Judgement:
    features = np.array([one.signs for one in rows])
    while True:
        learnt = LogisticRegression(max_iter=_STEPS).fit(features, holds)
        # More doubt never makes a request more sure, whatever these messages show by chance.
        wrong = np.array([name in DOUBTS for name in SIGNS]) & (learnt.coef_[0] > 0)
        if not wrong.any():
            return Judgement(tuple(learnt.coef_[0].tolist()), float(learnt.intercept_[0]))
        features[:, wrong] = 0.0


def _rows(parser: Parser, examples: Sequence[Example], today: date) -> Iterator[Row]:
    for example in examples:
        text = example.text.lstrip()
        scopes, whole = looked_at(parser, text, with_numbers_called(text), today)
        if not whole:
            # Nothing of a long message is sure, whatever is learnt.
            continue
        golds = [one.reading().requests for one in (example.gold, *example.alt)]
        for scope, (number, request) in ((s, one) for s in scopes for one in s.requests()):
            yield Row(
                request,
                signs(scope, number, request),
                any(is_right(request, gold) for gold in golds),
                not all(loses(request, gold) for gold in golds),
            )
