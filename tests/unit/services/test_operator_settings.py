"""What the operator has set, as administrators see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import cast

from tests.common.setting_stores import MemorySettings

from privacydesk.calendars import Calendars
from privacydesk.clock import MovableClock
from privacydesk.domain.shifts import Shift
from privacydesk.policy.clauses import ClauseMap
from privacydesk.ports import Reader
from privacydesk.services.calendar_plan import CalendarPlanner
from privacydesk.services.deadlines import DeadlineRules, Deadlines
from privacydesk.services.opening_hours import OpeningHours
from privacydesk.services.operator_settings import OperatorSettings
from privacydesk.services.policies import Policies
from privacydesk.services.policy_uploads import PolicyUploads
from privacydesk.services.saved_settings import SavedSettings

NOON = datetime(2026, 9, 28, 4, tzinfo=UTC)
"""A Monday, twelve o'clock in Shanghai."""


def settings(*, shifts: Sequence[Shift] = (), now: datetime = NOON) -> OperatorSettings:
    deadlines = Deadlines(Calendars(), DeadlineRules())
    hours = OpeningHours(shifts, deadlines)
    clock = MovableClock(now)
    return OperatorSettings(
        hours=hours,
        deadlines=deadlines,
        policy_name="",
        policies=cast("Policies", None),
        uploads=cast("PolicyUploads", None),
        clauses=ClauseMap({}),
        clock=clock,
        saved=SavedSettings(
            MemorySettings(), clock, deadlines=deadlines, hours=hours, set_shifts=lambda _: None
        ),
        planner=CalendarPlanner(cast("Reader", None), deadlines, clock),
    )


def test_hours_say_whether_somebody_answers_and_else_when() -> None:
    shift = Shift(time(9), time(18))
    assert settings(shifts=[shift]).hours().is_open
    closed = settings(shifts=[shift], now=NOON + timedelta(hours=12)).hours()
    assert (closed.is_open, closed.shifts) == (False, (shift,))
    assert closed.opens_at == datetime(2026, 9, 29, 1, tzinfo=UTC)
    assert [bool(day.spans) for day in closed.week[:3]] == [True, True, False]
    assert closed.week[2].holiday == "National Day"
    proposed = settings(shifts=[shift]).hours([Shift(time(18), time(20))])
    assert (proposed.is_open, proposed.opens_at) == (False, NOON + timedelta(hours=6))
    unknown = settings().hours()
    assert (unknown.is_open, unknown.opens_at) == (False, None)


def test_this_year_and_the_next_are_shown() -> None:
    this, following = settings().calendar_years()
    assert (this.calendar, this.year, following.year) == ("CN", 2026, 2027)
    assert this.settled
    assert this.overridden == 0
    assert this.worked
    named = {language: _names(language) for language in ("en", "zh-Hans", "zh-Hant")}
    assert named["en"][0] == "New Year's Day"
    assert named["zh-Hans"][0] == "元旦"
    assert named["zh-Hans"] != named["zh-Hant"]


def _names(language: str) -> list[str | None]:
    return [status.name for _, status in settings().calendar_years("CN", language)[0].off]


async def test_without_a_name_there_are_no_texts() -> None:
    assert await settings().policy_editions() == ()
