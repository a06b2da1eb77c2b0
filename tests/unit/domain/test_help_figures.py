"""Shares, targets and centiles of help by a person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from privacydesk.domain.figures import Figure, FigureName
from privacydesk.domain.help_figures import HelpFigures, HelpTargets, WaitStanding
from privacydesk.domain.help_visits import HelpVisit, VisitOutcome

NOON = datetime(2026, 6, 1, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TARGETS = HelpTargets()


def figure(name: FigureName, *visits: HelpVisit, now: datetime = NOON) -> Figure:
    zone = ZoneInfo("Asia/Shanghai")
    made = HelpFigures(TARGETS, zone, lambda begin, end: end - begin).figures(visits, now)
    return next(one for one in made if one.name is name)


def answered(*minutes: float) -> list[HelpVisit]:
    return [
        HelpVisit(NOON, "en", queued=True, answered_at=NOON, waited=one * MINUTE) for one in minutes
    ]


def test_half_and_nine_tenths_are_times_that_somebody_waited() -> None:
    waited = figure(FigureName.WAIT_TIME_BY_LANGUAGE, *answered(4, 1, 3, 2))
    assert waited.totals == (4, 120, 240)
    waited = figure(FigureName.WAIT_TIME_BY_LANGUAGE, *answered(*range(1, 11)))
    assert waited.totals == (10, 300, 540)


def test_a_total_of_times_is_no_sum() -> None:
    early = HelpVisit(NOON - 60 * MINUTE, "en", queued=True, answered_at=NOON, waited=MINUTE)
    waited = figure(FigureName.WAIT_TIME_BY_HOUR, early, *answered(3))
    assert {line.label: line.values for line in waited.lines} == {
        "11": (1, 60, 60),
        "12": (1, 180, 180),
    }
    assert waited.totals == (2, 60, 180)


def test_hours_between_two_are_shown_though_nobody_asked() -> None:
    early = HelpVisit(NOON - 120 * MINUTE, "en", queued=True)
    lines = figure(FigureName.WAITS_BY_HOUR, early, *answered(3)).lines
    assert [line.label for line in lines] == ["10", "11", "12"]


@pytest.mark.parametrize(
    ("minutes", "column"), [(0, "waiting"), (10, "waiting"), (10.1, "too_late")]
)
def test_who_waits_for_too_long_is_late_already(minutes: float, column: str) -> None:
    visit = HelpVisit(NOON - minutes * MINUTE, "en", queued=True)
    waits = figure(FigureName.WAITS_BY_LANGUAGE, visit)
    assert dict(zip(waits.columns, waits.totals, strict=True))[column] == 1


def test_who_left_after_a_reply_was_not_left_alone() -> None:
    (visit,) = answered(1)
    left = HelpVisit(
        NOON,
        "en",
        queued=True,
        answered_at=NOON,
        waited=MINUTE,
        reply_time=MINUTE,
        ended_at=NOON,
        outcome=VisitOutcome.LEFT,
    )
    assert figure(FigureName.WAITS_BY_LANGUAGE, visit, left).totals == (2, 0, 0, 0)


@pytest.mark.parametrize(
    ("again", "days", "column"),
    [(6, 6, "returned"), (8, 8, "not_returned"), (None, 6, "undecided"), (None, 8, "not_returned")],
)
def test_a_return_counts_within_a_week(again: int | None, days: int, column: str) -> None:
    visit = HelpVisit(
        NOON,
        "en",
        queued=False,
        handled=MINUTE,
        ended_at=NOON,
        outcome=VisitOutcome.HANDED_BACK,
        returned_at=None if again is None else NOON + timedelta(days=again),
    )
    returns = figure(FigureName.RETURNS_BY_LANGUAGE, visit, now=NOON + timedelta(days=days))
    assert dict(zip(returns.columns, returns.totals, strict=True))[column] == 1


@pytest.mark.parametrize(
    ("in_time", "too_late", "left", "missed"),
    [
        (8, 2, 1, (False, False)),
        (7, 2, 0, (True, False)),
        (8, 1, 1, (False, False)),
        (8, 0, 1, (False, True)),
        (0, 4, 0, (False, False)),
        (0, 2, 3, (False, True)),
    ],
)
def test_a_target_is_missed_from_five_waits_on(
    in_time: int, too_late: int, left: int, missed: tuple[bool, bool]
) -> None:
    waits = WaitStanding(in_time, too_late, left, 9, TARGETS)
    assert (waits.misses_wait, waits.misses_left) == missed
