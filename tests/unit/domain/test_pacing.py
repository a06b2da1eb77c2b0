"""At most so many starts in any second, wherever it begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.domain.pacing import MAX_PER_SECOND, after_starting, allowance, next_start

START = datetime(2026, 9, 30, 2, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@given(
    st.integers(1, MAX_PER_SECOND),
    st.lists(st.tuples(st.integers(0, 400_000), st.integers(1, 200)), min_size=1, max_size=40),
)
def test_no_second_has_more_than_the_limit(limit: int, asked: list[tuple[int, int]]) -> None:
    now, used = START, None
    started: list[datetime] = []
    for pause, wanted in asked:
        now += timedelta(microseconds=pause)
        count = min(wanted, allowance(limit, used, now))
        used = after_starting(count, limit, used, now)
        started += [now] * count
    for index, first in enumerate(started):
        assert sum(first <= one < first + SECOND for one in started[index:]) <= limit


@pytest.mark.parametrize("limit", [1, 7, 10, 95, MAX_PER_SECOND])
def test_nine_tenths_of_the_limit_are_started_where_all_is_asked_for(limit: int) -> None:
    now, used, count = START, None, 0
    while now < START + 10 * SECOND:
        free = allowance(limit, used, now)
        assert free > 0
        count += free
        used = after_starting(free, limit, used, now)
        assert allowance(limit, used, now) == 0
        now = next_start(limit, used)
    assert 9 * limit <= count <= 10 * limit


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    used = after_starting(1, 1, None, START)
    assert allowance(1, used, START) == 0
    assert allowance(1, used, START - timedelta(hours=1)) == 1
