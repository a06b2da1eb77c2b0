from __future__ import annotations

from datetime import date

import pytest

from privacydesk.calendars import Calendars
from privacydesk.domain.shifts import DAYS, MAKEUP, WORKING_DAYS, Shift

CN = Calendars().get("CN")
MONDAY, SATURDAY, MAKEUP_SATURDAY = date(2026, 6, 1), date(2026, 6, 6), date(2026, 10, 10)
HOLIDAY = date(2026, 10, 1)
"""A Thursday."""


@pytest.mark.parametrize("every_day", [True, False])
@pytest.mark.parametrize("day", [MONDAY, SATURDAY, MAKEUP_SATURDAY, HOLIDAY])
def test_a_shift_without_weekdays_is_on_the_days_that_it_stands_for(
    day: date, every_day: bool
) -> None:
    status = CN.day(day)
    assert Shift(every_day=every_day).is_on(day, status) is (every_day or status.working)


@pytest.mark.parametrize(
    ("weekdays", "every_day", "on"),
    [
        ({1}, False, {MONDAY}),
        ({6}, False, {SATURDAY, MAKEUP_SATURDAY}),
        ({MAKEUP}, False, {MAKEUP_SATURDAY}),
        ({4}, False, set()),
        ({4}, True, {HOLIDAY}),
        (WORKING_DAYS, False, {MONDAY, MAKEUP_SATURDAY}),
        (DAYS, True, {MONDAY, SATURDAY, MAKEUP_SATURDAY, HOLIDAY}),
    ],
)
def test_a_shift_is_on_its_weekdays_unless_they_are_holidays(
    weekdays: set[int], every_day: bool, on: set[date]
) -> None:
    shift = Shift(every_day=every_day, weekdays=frozenset(weekdays))
    days = (MONDAY, SATURDAY, MAKEUP_SATURDAY, HOLIDAY)
    assert {day for day in days if shift.is_on(day, CN.day(day))} == on
