"""Quiet hours over midnight, within a day, and over a change of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from privacydesk.services.quiet_hours import QuietHours

SHANGHAI = ZoneInfo("Asia/Shanghai")
NIGHT = QuietHours(time(22), time(8), SHANGHAI)


def at(hour: int, minute: int = 0, *, day: int = 1) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (at(21, 59), None),
        (at(22), at(8, day=2)),
        (at(23, 59), at(8, day=2)),
        (at(0, day=2), at(8, day=2)),
        (at(7, 59, day=2), at(8, day=2)),
        (at(8, day=2), None),
        (at(12), None),
    ],
)
def test_a_night_ends_the_next_morning(now: datetime, until: datetime | None) -> None:
    assert NIGHT.end_of_current(now) == until


@pytest.mark.parametrize(
    ("now", "until"), [(at(12), None), (at(13), at(15)), (at(14, 59), at(15)), (at(15), None)]
)
def test_a_rest_at_noon_ends_the_same_day(now: datetime, until: datetime | None) -> None:
    assert QuietHours(time(13), time(15), SHANGHAI).end_of_current(now) == until


def test_the_morning_is_that_of_the_zone_also_when_its_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 3, 28, 23, tzinfo=berlin)
    after = QuietHours(time(22), time(8), berlin).end_of_current(before.astimezone(UTC))
    assert after == datetime(2026, 3, 29, 6, tzinfo=UTC), "eight in summer time"
