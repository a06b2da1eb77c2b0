from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from privacydesk.calendars import Calendars
from privacydesk.domain.shifts import Shift
from privacydesk.services.deadlines import DeadlineRules, Deadlines
from privacydesk.services.opening_hours import OpeningHours


def hours(*shifts: Shift) -> OpeningHours:
    return OpeningHours(shifts, Deadlines(Calendars(), DeadlineRules()))


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "every_day", "is_open"),
    [
        ("2026-06-01T09:00:00", False, True),
        ("2026-06-01T08:59:59", False, False),
        ("2026-06-01T18:00:00", False, False),
        ("2026-06-06T10:00:00", False, False),
        ("2026-06-06T10:00:00", True, True),
        ("2026-10-10T10:00:00", False, True),
    ],
    ids=["opens", "before", "closes", "Saturday", "every day", "a make-up Saturday"],
)
def test_people_answer_in_their_hours_on_working_days(
    now: str, every_day: bool, is_open: bool
) -> None:
    assert hours(Shift(every_day=every_day)).is_open(at(now)) == is_open


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-06-01T08:00:00", "2026-06-01T09:00:00"),
        ("2026-06-01T09:00:00", "2026-06-02T09:00:00"),
        ("2026-06-05T19:00:00", "2026-06-08T09:00:00"),
        ("2026-09-30T19:00:00", "2026-10-08T09:00:00"),
        ("2026-10-09T19:00:00", "2026-10-10T09:00:00"),
    ],
    ids=["this morning", "tomorrow", "after a weekend", "after the holidays", "make-up Saturday"],
)
def test_people_begin_again_on_the_next_working_day(now: str, opening: str) -> None:
    assert hours(Shift()).next_opening(at(now)) == at(opening)


def test_without_shifts_nobody_says_when_somebody_reads() -> None:
    now = at("2026-06-01T10:00:00")
    assert not hours().is_open(now)
    assert hours().next_opening(now) is None
    assert hours().opened_at(now) is None


def test_shifts_of_two_places_add_up() -> None:
    both = hours(Shift(time(9), time(12)), Shift(time(11), time(20), calendar="HK"))
    # 1 July is a holiday in Hong Kong alone.
    assert both.is_open(at("2026-06-30T19:00:00"))
    assert not both.is_open(at("2026-07-01T19:00:00"))
    assert both.next_opening(at("2026-07-01T19:00:00")) == at("2026-07-02T09:00:00")
    assert both.opened_at(at("2026-06-30T11:30:00")) == at("2026-06-30T09:00:00")
    assert both.opened_at(at("2026-06-30T12:30:00")) == at("2026-06-30T11:00:00")


@pytest.mark.parametrize(
    ("begin", "end", "minutes"),
    [
        ("2026-06-01T10:00:00", "2026-06-01T10:07:00", 7),
        ("2026-06-01T08:00:00", "2026-06-01T09:07:00", 7),
        ("2026-06-01T17:50:00", "2026-06-02T09:05:00", 15),
        ("2026-06-05T17:50:00", "2026-06-08T09:05:00", 15),
        ("2026-06-01T20:00:00", "2026-06-01T23:00:00", 0),
        ("2026-06-01T10:07:00", "2026-06-01T10:00:00", 0),
    ],
    ids=["open", "opens", "over night", "over a weekend", "closed", "a clock that was set back"],
)
def test_time_passes_only_while_it_is_open(begin: str, end: str, minutes: int) -> None:
    passed = hours(Shift()).time_between(at(begin), at(end))
    assert passed == timedelta(minutes=minutes)


def test_an_hour_of_two_shifts_counts_once() -> None:
    both = hours(Shift(closes=time(13)), Shift(opens=time(11)))
    passed = both.time_between(at("2026-06-01T00:00:00"), at("2026-06-02T00:00:00"))
    assert passed == timedelta(hours=9)


def test_without_shifts_all_time_passes() -> None:
    passed = hours().time_between(at("2026-06-06T00:00:00"), at("2026-06-07T00:00:00"))
    assert passed == timedelta(days=1)
