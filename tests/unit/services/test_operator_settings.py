"""What the operator has set, as administrators see it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import cast

from tests.common.setting_stores import MemorySettings

from privacydesk.calendars import Calendars
from privacydesk.clock import MovableClock
from privacydesk.domain.shifts import Shift
from privacydesk.policy.importer import read_policy
from privacydesk.policy.library import MemoryPolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.ports import Reader
from privacydesk.services.calendar_plan import CalendarPlanner
from privacydesk.services.deadlines import DeadlineRules, Deadlines
from privacydesk.services.opening_hours import OpeningHours
from privacydesk.services.operator_settings import OperatorSettings
from privacydesk.services.saved_settings import SavedSettings

NOON = datetime(2026, 9, 28, 4, tzinfo=UTC)
"""A Monday, twelve o'clock in Shanghai."""
POLICY = "# Privacy policy\n\n## 1. Data\n\nWe keep your posts.\n"


def settings(
    *,
    shifts: Sequence[Shift] = (),
    name: str = "",
    versions: Sequence[PolicyVersion] = (),
    in_force: PolicyVersion | None = None,
    now: datetime = NOON,
) -> OperatorSettings:
    deadlines = Deadlines(Calendars(), DeadlineRules())

    async def all_versions() -> Sequence[PolicyVersion]:
        return versions

    hours = OpeningHours(shifts, deadlines)
    clock = MovableClock(now)
    return OperatorSettings(
        hours=hours,
        deadlines=deadlines,
        policy_name=name,
        policy_in_force=lambda: in_force,
        policy_versions=all_versions,
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


async def test_versions_come_newest_first_and_one_is_in_force() -> None:
    library = MemoryPolicyLibrary()
    for days, text in enumerate((POLICY, f"{POLICY}\n## 2. Rights\n\nYou may object.\n")):
        report = read_policy(text, name="privacy")
        library.save(report.version(NOON + timedelta(days=days)))
    old, new = library.versions("privacy")
    found = await settings(name="privacy", versions=[old, new], in_force=old).policy_editions()
    assert [(one.digest, one.in_force) for one in found] == [
        (new.digest[:12], False), (old.digest[:12], True),
    ]  # fmt: skip
    assert found[0].documents == ("Privacy policy",)
    assert found[0].passages > found[1].passages


async def test_without_a_name_there_are_no_versions() -> None:
    assert await settings().policy_editions() == ()
