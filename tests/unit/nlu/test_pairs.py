"""How near stretches are, as the heads see it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.nlu.pairs import BETWEEN, GAPS, NEARNESS, Place, between, gap, nearness

_places = st.tuples(st.integers(0, 400), st.integers(1, 9)).map(lambda one: (one[0], sum(one)))


@given(_places, _places)
def test_distances_mirror_each_other_and_have_a_class(first: Place, second: Place) -> None:
    there = gap(first, second)
    assert 0 <= there <= 2 * GAPS
    assert there + gap(second, first) == 2 * GAPS


def test_a_wider_distance_never_has_a_nearer_class() -> None:
    classes = [gap((0, 1), (start, start + 1)) for start in range(1, 300)]
    assert classes == sorted(classes)
    assert classes[:3] == [GAPS + 1, GAPS + 2, GAPS + 3]


def test_what_stands_between_is_counted_up_to_a_limit() -> None:
    others = [(place, place + 1) for place in range(2, 40, 2)]
    assert between((0, 1), (7, 8), others) == 3
    assert between((0, 1), (60, 61), others) == BETWEEN - 1


def test_a_request_is_near_to_where_it_looks() -> None:
    looks = np.array([0.0, 0.9, 0.1, 0.0, 0.0], np.float32)
    near, far = nearness(looks, (1, 2)), nearness(looks, (3, 5))
    assert len(near) == NEARNESS
    assert near[0] > far[0]
