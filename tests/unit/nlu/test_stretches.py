"""From the tags of words to stretches."""

from __future__ import annotations

import numpy as np

from privacydesk.nlu.heads.stretches import MOST, stretches
from privacydesk.nlu.heads.weights import Floats
from privacydesk.nlu.labels import TAG_COUNT, TAGS, VALUES, Layer
from privacydesk.nlu.pairs import Place


def _tags(layer: Layer, each: list[int]) -> Floats:
    tags = np.zeros((len(each), TAG_COUNT), np.float32)
    for word, tag in enumerate(each):
        tags[word, TAGS[layer].start + tag] = 9.0
    return tags


def _places(count: int) -> tuple[Place, ...]:
    return tuple((3 * word, 3 * word + 2) for word in range(count))


def test_a_first_word_begins_another_stretch() -> None:
    found = stretches(_tags(Layer.WHEN, [0, 1, 2, 1, 0, 1]), _places(6), Layer.WHEN)
    assert [one.words for one in found] == [(1, 3), (3, 4), (5, 6)]
    assert found[0].place == (3, 8)


def test_a_further_word_without_a_first_begins_one() -> None:
    found = stretches(_tags(Layer.MENTION, [2, 2, 0]), _places(3), Layer.MENTION)
    assert [one.words for one in found] == [(0, 2)]


def test_the_type_is_that_of_all_its_words() -> None:
    which = VALUES.index("nickname")
    found = stretches(_tags(Layer.VALUE, [1 + 2 * which, 2 + 2 * which]), _places(2), Layer.VALUE)
    assert [one.type for one in found] == ["nickname"]


def test_no_message_has_stretches_without_end() -> None:
    assert len(stretches(_tags(Layer.MENTION, [1] * 400), _places(400), Layer.MENTION)) == MOST
