from __future__ import annotations

from datetime import UTC, datetime, timedelta

from privacydesk.domain.hourly_limits import HourlyLimit, shared_limit, with_use
from privacydesk.domain.ids import ChallengeId
from privacydesk.domain.verification_codes import Challenge

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
EMPTY = Challenge(ChallengeId(b"c" * 32))
LIMITS = HourlyLimit(hourly=20, budget=5, reserve=6)


def origin(number: int) -> bytes:
    return number.to_bytes(16, "little")


def filled(row: Challenge, who: bytes, times: int, at: datetime = NOW) -> Challenge:
    for _ in range(times):
        row = with_use(row, who, at)
    return row


def test_an_origin_uses_up_its_own_budget_and_no_more() -> None:
    row = filled(EMPTY, origin(1), 3)
    later = NOW + timedelta(minutes=10)
    row = filled(row, origin(1), 2, later)
    assert LIMITS.origin_blocked_until(row, origin(1), later) == NOW + HOUR
    assert LIMITS.origin_blocked_until(row, origin(1), NOW + HOUR) is None
    assert LIMITS.origin_blocked_until(row, origin(2), later) is None
    assert LIMITS.blocked_until(row, origin(2), later) is None


def test_many_origins_leave_the_reserve_to_those_unseen_in_the_hour() -> None:
    row = EMPTY
    for number in range(14):
        assert LIMITS.blocked_until(row, origin(number), NOW) is None
        row = with_use(row, origin(number), NOW)
    assert LIMITS.blocked_until(row, origin(0), NOW) == NOW + HOUR, "they have used their share"
    for number in range(100, 106):
        assert LIMITS.blocked_until(row, origin(number), NOW) is None
        row = with_use(row, origin(number), NOW)
    assert LIMITS.blocked_until(row, origin(200), NOW) == NOW + HOUR
    assert LIMITS.blocked_until(row, origin(0), NOW + HOUR) is None


def test_an_unknown_origin_has_no_budget_of_its_own_and_no_reserve() -> None:
    row = filled(EMPTY, b"", 13)
    assert LIMITS.origin_blocked_until(row, b"", NOW) is None
    assert LIMITS.blocked_until(row, b"", NOW) is None
    assert LIMITS.blocked_until(with_use(row, b"", NOW), b"", NOW) == NOW + HOUR


def test_uses_of_an_origin_in_a_minute_share_a_mark() -> None:
    row = filled(filled(EMPTY, origin(1), 3), origin(2), 2, NOW + timedelta(seconds=5))
    assert [(mark.tag, mark.count) for mark in row.marks] == [
        (origin(1)[:8], 3),
        (origin(2)[:8], 2),
    ]
    assert filled(row, origin(1), 1, NOW + HOUR).marks[0].count == 1


def test_however_low_the_ceiling_one_person_may_mistype() -> None:
    assert shared_limit(10, 10, 30) == HourlyLimit(hourly=10, budget=3, reserve=3)
    assert shared_limit(300, 10, 30) == HourlyLimit(hourly=300, budget=30, reserve=90)


def test_uses_by_a_clock_that_was_ahead_fill_nothing() -> None:
    ahead = NOW + timedelta(days=2)
    row = filled(EMPTY, origin(1), LIMITS.hourly, ahead)
    assert LIMITS.origin_blocked_until(row, origin(1), ahead) is not None
    assert LIMITS.origin_blocked_until(row, origin(1), NOW) is None
    assert LIMITS.blocked_until(row, origin(2), NOW) is None
    assert len(with_use(row, origin(1), NOW).marks) == 1, "what does not count is not kept"
