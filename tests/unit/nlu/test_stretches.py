"""From the scores of stretches to those that a message has."""

from __future__ import annotations

import numpy as np

from privacydesk.nlu.heads.stretches import MOST, missed, stretches
from privacydesk.nlu.heads.weights import Floats
from privacydesk.nlu.pairs import Place


def _scores(count: int, each: dict[Place, float]) -> Floats:
    scores = np.full((count, count), -9.0, np.float32)
    for (first, last), score in each.items():
        scores[first, last] = score
    return scores


def _places(count: int) -> tuple[Place, ...]:
    return tuple((3 * word, 3 * word + 2) for word in range(count))


def test_stretches_come_in_the_order_of_the_message() -> None:
    found = stretches(_scores(6, {(3, 3): 5.0, (1, 2): 1.0, (5, 5): -0.1}), _places(6))
    assert [one.words for one in found] == [(1, 3), (3, 4)]
    assert found[0].place == (3, 8)
    assert found[0].chance < found[1].chance < 1


def test_of_two_that_touch_the_likelier_is_taken() -> None:
    found = stretches(_scores(5, {(0, 2): 1.0, (1, 3): 2.0, (4, 4): 1.0}), _places(5))
    assert [one.words for one in found] == [(1, 4), (4, 5)]


def test_no_message_has_stretches_without_end() -> None:
    scores = _scores(400, {(word, word): 1.0 for word in range(400)})
    assert len(stretches(scores, _places(400))) == MOST


def test_what_was_nearly_found_elsewhere_is_told() -> None:
    scores = _scores(5, {(0, 1): 2.0, (1, 2): -0.1, (3, 4): -1.0})
    assert 0.2 < missed(scores, stretches(scores, _places(5))) < 0.3
