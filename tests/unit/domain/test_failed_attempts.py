"""What was tried in vain, as it is kept and read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from privacydesk.domain.failed_attempts import (
    Attempt,
    AttemptKind,
    append_attempt,
    exceed_limit,
    group_attempts,
)

NOW = datetime(2026, 6, 1, 6, 2, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def tried(count: int, kind: AttemptKind = AttemptKind.WRONG_CODE) -> tuple[Attempt, ...]:
    kept: tuple[Attempt, ...] = ()
    for n in range(count):
        kept = append_attempt(kept, Attempt(NOW + n * MINUTE, kind))
    return kept


def test_five_within_an_hour_are_many_and_five_over_a_day_are_not() -> None:
    assert not exceed_limit(tried(4), NOW + 5 * MINUTE)
    assert exceed_limit(tried(5), NOW + 5 * MINUTE)
    assert not exceed_limit(tried(5), NOW + timedelta(days=1))


def test_attempts_by_a_clock_that_was_ahead_are_not_lately() -> None:
    assert not exceed_limit(tried(5), NOW - timedelta(days=2))


def test_those_of_one_sort_are_one_row_and_the_newest_row_comes_first() -> None:
    kept = append_attempt(tried(3), Attempt(NOW, AttemptKind.OTHERS_REQUEST, "PD-7KQ4-M29X-3HC"))
    newest, oldest = group_attempts(kept)
    assert (newest.count, newest.last.number) == (1, "PD-7KQ4-M29X-3HC")
    assert (oldest.count, oldest.last.at) == (3, NOW + 2 * MINUTE)


def test_the_oldest_of_too_many_go() -> None:
    assert len(tried(100)) == 30
