from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.calendars import (
    CODES,
    FIRST_YEAR,
    LAST_YEAR,
    OPERATOR_7WD,
    CalendarRangeError,
    Calendars,
    OperatorCalendar,
    Origin,
    OverrideDay,
    Overrides,
    UnknownCalendarError,
    schedules,
)
from privacydesk.domain.clocks import recount_if_provisional, start_clock
from privacydesk.domain.deadlines import DayReason, count_working_days
from privacydesk.errors import DeskError, ErrorCode, SettingsError

SHANGHAI = ZoneInfo("Asia/Shanghai")
ALL = Calendars()
CN = ALL.get("CN")
HK = ALL.get("HK")
SG = ALL.get("SG")

# The 2027 schedule of the tests is made up; it only has the shape of a published one.
INVENTED_2027 = Overrides(
    "CN",
    {
        date(2027, 1, 1): OverrideDay(False, "New Year"),
        date(2027, 1, 4): OverrideDay(False, "moved from 9 January"),
        date(2027, 1, 9): OverrideDay(True, "moved to 4 January"),
    },
    frozenset({2027}),
)


def every_day(first: date, last: date) -> Iterator[date]:
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def test_every_day_from_2006_to_2026_agrees_with_an_independent_calendar() -> None:
    for day in every_day(date(2006, 1, 1), date(2026, 12, 31)):
        assert CN.day(day).working == chinese_calendar.is_workday(day), day


def test_the_days_of_2026_are_those_of_the_published_schedule() -> None:
    year = CN.year(2026)
    assert (year.origin, year.settled) == (Origin.PUBLISHED, True)
    weekdays_off = {(d.month, d.day) for d, _ in year.off if d.weekday() < 5}
    assert weekdays_off == {
        *((1, 1), (1, 2)),
        *((2, 16), (2, 17), (2, 18), (2, 19), (2, 20), (2, 23)),
        *((4, 6), (5, 1), (5, 4), (5, 5), (6, 19), (9, 25)),
        *((10, 1), (10, 2), (10, 5), (10, 6), (10, 7)),
    }
    worked = [(d.month, d.day) for d, _ in year.worked]
    assert worked == [(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)]
    assert {status.reason for _, status in year.worked} == {DayReason.MAKEUP}
    assert year.balance == 13


def test_a_makeup_day_counts_and_says_so() -> None:
    found = count_working_days(CN, datetime(2026, 10, 8, 10, tzinfo=SHANGHAI), 2, SHANGHAI)
    assert [(day.date.day, day.count, day.reason) for day in found.days] == [
        (8, 0, DayReason.START),
        (9, 1, DayReason.WORKING),
        (10, 2, DayReason.MAKEUP),
    ]


def test_every_year_taken_as_published_has_makeup_days_and_no_guessed_year_has_any() -> None:
    for year in range(FIRST_YEAR, 2027):
        assert schedules.base_year("CN", year, "en").makeup, year
    for year in range(2027, 2040):
        if not schedules.is_published("CN", year):
            assert not schedules.base_year("CN", year, "en").makeup, year


def test_a_year_that_a_newer_package_knows_becomes_published(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = schedules.base_year

    def newer(code: str, year: int, language: str) -> schedules.BaseYear:
        base = real(code, year, language)
        if year == 2027:
            return schedules.BaseYear(base.holidays, frozenset({date(2027, 2, 14)}))
        return base

    schedules.is_published.cache_clear()
    monkeypatch.setattr(schedules, "base_year", newer)
    try:
        assert schedules.is_published("CN", 2027)
        assert not schedules.is_published("CN", 2028)
    finally:
        schedules.is_published.cache_clear()


@pytest.mark.parametrize(
    ("start", "provisional"),
    [
        ("2026-12-21T23:59:59.999999", False),  # due on 30 December
        ("2026-12-22T23:59:59.999999", False),  # due on 31 December
        ("2026-12-23T00:00:00", True),
        ("2026-12-31T23:59:59.999999", True),
        ("2027-06-01T00:00:00", True),
    ],
)
def test_a_count_that_touches_2027_is_provisional(start: str, provisional: bool) -> None:
    instant = datetime.fromisoformat(start).replace(tzinfo=SHANGHAI)
    calendar = OperatorCalendar("CN")
    assert count_working_days(calendar, instant, 7, SHANGHAI).provisional is provisional


def test_loading_a_2027_schedule_settles_it_and_moves_the_clocks_that_waited() -> None:
    clock = start_clock(OPERATOR_7WD, CN, datetime(2026, 12, 29, 10, tzinfo=SHANGHAI), SHANGHAI)
    assert (clock.due_date, clock.provisional) == (date(2027, 1, 8), True)
    loaded = ALL.with_overrides(INVENTED_2027).get("CN")
    assert loaded.origin(2027) is Origin.OVERRIDE
    settled = recount_if_provisional(clock, loaded)
    assert settled is not None
    # One more day off, one weekend day worked: the date falls on the Saturday.
    assert (settled.due_date, settled.provisional) == (date(2027, 1, 9), False)
    assert loaded.origin(2028) is Origin.GUESSED


def test_a_guess_of_moved_days_does_not_shine_through_a_settled_year() -> None:
    guessed = date(2027, 2, 9)
    assert CN.day(guessed).reason is DayReason.HOLIDAY
    loaded = ALL.with_overrides(INVENTED_2027).get("CN")
    assert loaded.day(guessed).reason is DayReason.WORKING
    assert loaded.day(date(2027, 10, 1)).reason is DayReason.HOLIDAY  # named by the law itself


def test_a_schedule_that_forgets_days_is_out_of_balance() -> None:
    year = ALL.with_overrides(INVENTED_2027).get("CN").year(2027)
    assert year.granted == 13
    assert year.balance < 13


def test_an_override_wins_over_the_published_schedule_in_both_directions() -> None:
    overrides = Overrides(
        "CN",
        {
            date(2026, 10, 1): OverrideDay(True, "launch day"),
            date(2026, 10, 10): OverrideDay(False, "storm"),
            date(2026, 10, 12): OverrideDay(False),
        },
    )
    calendar = ALL.with_overrides(overrides).get("CN")
    worked, off, nameless = (calendar.day(day) for day in overrides.days)
    assert (worked.working, worked.reason, worked.name) == (
        True,
        DayReason.OVERRIDE_WORKING,
        "launch day",
    )
    assert (off.working, off.reason, off.name) == (False, DayReason.OVERRIDE_OFF, "storm")
    assert nameless.name is None
    assert worked.settled
    assert CN.day(date(2026, 10, 1)).reason is DayReason.HOLIDAY


def test_overrides_alone_do_not_settle_a_year() -> None:
    overrides = Overrides("CN", {date(2027, 1, 4): OverrideDay(False, "inventory")})
    calendar = ALL.with_overrides(overrides).get("CN")
    assert not calendar.day(date(2027, 1, 4)).settled
    assert calendar.origin(2027) is Origin.GUESSED


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 2, 17),
        date(2026, 4, 3),  # Good Friday
        date(2026, 4, 7),  # the day following Easter Monday
        date(2026, 5, 25),  # the day following the Birthday of the Buddha, a general holiday only
        date(2026, 7, 1),
        date(2026, 10, 19),
        date(2026, 12, 25),
        date(2015, 9, 3),  # declared for that year alone
    ],
)
def test_hong_kong_rests_on_its_general_holidays(day: date) -> None:
    assert HK.day(day).reason is DayReason.HOLIDAY


def test_hong_kong_works_monday_to_friday_without_makeup_days() -> None:
    assert HK.day(date(2026, 10, 10)).reason is DayReason.WEEKEND
    assert HK.day(date(2026, 2, 14)).reason is DayReason.WEEKEND
    assert HK.day(date(2026, 2, 20)).working
    assert HK.year(2026).worked == ()
    assert sum(d.weekday() < 6 for d, _ in HK.year(2026).off) == 17


@pytest.mark.parametrize(
    "day",
    [
        date(2026, 1, 1),
        date(2026, 2, 18),
        date(2026, 5, 27),  # Hari Raya Haji
        date(2026, 6, 1),  # Monday after a Sunday's Vesak Day
        date(2026, 8, 10),  # Monday after a Sunday's National Day
        date(2026, 11, 9),
        date(2020, 7, 10),  # polling day
    ],
)
def test_singapore_rests_on_its_public_holidays(day: date) -> None:
    assert SG.day(day).reason is DayReason.HOLIDAY


def test_singapore_works_on_the_boxing_day_that_hong_kong_keeps() -> None:
    assert SG.day(date(2025, 12, 26)).working
    assert not HK.day(date(2025, 12, 26)).working


@pytest.mark.parametrize("code", ["HK", "SG"])
def test_places_without_makeup_days_are_settled_up_to_the_year_named(code: str) -> None:
    default = ALL.get(code)
    assert default.origin(2026) is Origin.NAMED
    assert default.origin(2027) is Origin.GUESSED
    named = Calendars(settled_until={code: 2027}).get(code)
    assert named.day(date(2027, 12, 31)).settled
    assert not named.day(date(2028, 1, 1)).settled


def test_an_override_settles_a_year_of_hong_kong_and_keeps_its_holidays() -> None:
    calendar = ALL.with_overrides(Overrides("HK", {}, frozenset({2027}))).get("HK")
    assert calendar.day(date(2027, 7, 1)).reason is DayReason.HOLIDAY
    assert calendar.origin(2027) is Origin.OVERRIDE


def test_mainland_china_is_not_settled_by_naming_a_year() -> None:
    with pytest.raises(SettingsError, match="override file"):
        Calendars(settled_until={"CN": 2030})


@pytest.mark.parametrize("code", ["US", "cn", "", "CN "])
def test_an_unknown_calendar_is_refused_with_those_that_ship(code: str) -> None:
    for ask in (ALL.get, OperatorCalendar, lambda code: Calendars(settled_until={code: 2026})):
        with pytest.raises(UnknownCalendarError, match="CN, HK, SG") as caught:
            ask(code)
        assert caught.value.code is ErrorCode.CALENDAR_INVALID


@pytest.mark.parametrize("code", CODES)
def test_years_out_of_reach_are_refused(code: str) -> None:
    calendar = ALL.get(code)
    assert calendar.day(date(FIRST_YEAR, 1, 1)) is not None
    assert calendar.day(date(LAST_YEAR, 12, 31)) is not None
    for ask in (calendar.origin, calendar.year):
        with pytest.raises(CalendarRangeError, match="2001 to 2099"):
            ask(FIRST_YEAR - 1)
    with pytest.raises(CalendarRangeError):
        calendar.day(date(LAST_YEAR + 1, 1, 1))


def test_a_count_that_runs_out_of_years_is_refused() -> None:
    with pytest.raises(CalendarRangeError):
        count_working_days(CN, datetime(2099, 12, 30, tzinfo=UTC), 7, SHANGHAI)


def test_an_instant_is_not_taken_for_a_date() -> None:
    with pytest.raises(TypeError, match="date"):
        CN.day(datetime(2026, 1, 1, tzinfo=UTC))


def test_overrides_of_another_calendar_are_refused() -> None:
    with pytest.raises(SettingsError, match="HK"):
        OperatorCalendar("CN", overrides=Overrides("HK"))
    with pytest.raises(ValueError, match="two calendars"):
        Overrides("CN").merged(Overrides("HK"))


def test_holiday_names_come_in_the_language_asked_for() -> None:
    day = date(2026, 10, 1)
    names = {
        language: Calendars(language=language).get("CN").day(day).name
        for language in ("en", "zh-Hans", "zh-Hant")
    }
    assert names == {"en": "National Day", "zh-Hans": "国庆节", "zh-Hant": "國慶節"}
    with pytest.raises(DeskError, match="zh-Hans"):
        Calendars(language="fr")


def test_each_calendar_knows_its_zone() -> None:
    assert [ALL.get(code).zone.key for code in CODES] == [
        "Asia/Shanghai",
        "Asia/Hong_Kong",
        "Asia/Singapore",
    ]


def test_the_holidays_package_is_loaded_at_the_first_question_and_not_before() -> None:
    script = (
        "import sys; from datetime import date; from privacydesk.calendars import Calendars;"
        "found = Calendars().get('CN'); assert 'holidays' not in sys.modules;"
        "found.day(date(2026, 1, 1)); assert 'holidays' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - our own words


def test_warming_builds_years_ahead() -> None:
    calendars = Calendars()
    calendars.warm((2025, 2026), CODES)
    assert date(2025, 6, 1) in calendars.get("SG")._days


@given(
    st.datetimes(
        datetime(2006, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
        datetime(2026, 10, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    st.integers(1, 40),
    st.sampled_from(CODES),
)
def test_n_working_days_are_counted_on_every_calendar(
    started_at: datetime, amount: int, code: str
) -> None:
    calendar = ALL.get(code)
    found = count_working_days(calendar, started_at, amount, calendar.zone)
    assert sum(calendar.day(day.date).working for day in found.days[1:]) == amount
    assert found.days[-1].count == amount
    assert [day.date for day in found.days] == list(every_day(found.days[0].date, found.due_date))
