"""What is due when and who holds it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from privacydesk.calendars import Calendars
from privacydesk.clock import MovableClock
from privacydesk.domain.inbox_views import OpenWork
from privacydesk.ports import Reader
from privacydesk.services.deadlines import DeadlineRules, Deadlines
from privacydesk.services.workload import HORIZON_DAYS, Load, Workload, Workloads

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 9, 28, 10, tzinfo=ZONE).astimezone(UTC)
"""The Monday before the week of the National Day, of which 1 to 7 October are off."""


class Rows:
    """A reader that knows how many open tickets there are."""

    def __init__(self, work: Sequence[OpenWork]) -> None:
        self._work = tuple(work)

    async def open_work(self) -> tuple[OpenWork, ...]:
        return self._work


def due(day: date) -> datetime:
    """Return the end of a day: the first instant that is late."""
    after = day + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=ZONE).astimezone(UTC)


async def workload(*work: OpenWork, now: datetime = NOW) -> Workload:
    deadlines = Deadlines(Calendars(), DeadlineRules())
    return await Workloads(cast("Reader", Rows(work)), deadlines, MovableClock(now)).current()


async def test_the_horizon_has_ten_working_days_and_leaves_holidays_out() -> None:
    found = await workload()
    days = [day.date for day in found.horizon]
    assert len(days) == HORIZON_DAYS
    assert days[:3] == [date(2026, 9, 28), date(2026, 9, 29), date(2026, 9, 30)]
    assert date(2026, 10, 1) not in days
    assert date(2026, 10, 10) in days, "a Saturday worked instead"


async def test_what_is_due_on_a_day_off_counts_on_the_working_day_before() -> None:
    found = await workload(
        OpenWork("mei", due(date(2026, 9, 30)), 2),
        OpenWork("mei", due(date(2026, 10, 3)), 5),
        OpenWork("", due(date(2026, 12, 1)), 7),
        OpenWork("", None, 11),
    )
    counts = {day.date: day.count for day in found.horizon}
    assert counts[date(2026, 9, 30)] == 7
    assert sum(counts.values()) == 7
    assert (found.later, found.undated, found.most) == (7, 11, 7)


async def test_what_is_due_on_a_day_off_before_the_next_working_day_is_due_at_once() -> None:
    sunday = datetime(2026, 9, 27, 10, tzinfo=ZONE).astimezone(UTC)
    found = await workload(OpenWork("mei", due(date(2026, 9, 27)), 1), now=sunday)
    assert found.horizon[0].date == date(2026, 9, 28)
    assert found.horizon[0].count == 1


async def test_each_load_counts_what_is_late_and_what_is_due_soon() -> None:
    found = await workload(
        OpenWork("mei", due(date(2026, 9, 25)), 3),
        OpenWork("mei", due(date(2026, 9, 30)), 4),
        OpenWork("mei", due(date(2026, 10, 9)), 5),
        OpenWork("", due(date(2026, 9, 28)), 1),
        OpenWork("bo", None, 2),
    )
    assert found.loads == {"mei": Load(12, 3, 4), "": Load(1, 0, 1), "bo": Load(2)}
    assert found.overdue == 3
