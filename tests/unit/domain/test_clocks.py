from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from privacydesk.domain.clocks import (
    Clock,
    RegimeProfile,
    SourceQuality,
    StartsFrom,
    leading_clock,
    recount,
    recount_deadline,
    recount_if_provisional,
    start_clock,
)
from privacydesk.domain.deadlines import (
    MAX_AMOUNT,
    DayReason,
    DayStatus,
    Unit,
    compute_deadline,
    count_calendar_days,
    count_months,
    count_working_days,
    end_of_day,
    working_days_before,
    working_days_left,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
HAVANA = ZoneInfo("America/Havana")
NEW_YORK = ZoneInfo("America/New_York")


class PlainCalendar:
    """Monday to Friday, settled up to a year, with a few days off: the smallest real calendar."""

    def __init__(
        self, *, settled_until: int = 9999, off: frozenset[date] = frozenset(), code: str = "XX"
    ) -> None:
        self.code = code
        self.zone = SHANGHAI
        self._settled_until = settled_until
        self._off = off

    def day(self, day: date) -> DayStatus:
        settled = day.year <= self._settled_until
        if day in self._off:
            return DayStatus(False, DayReason.HOLIDAY, settled, "a feast")
        if day.weekday() >= 5:
            return DayStatus(False, DayReason.WEEKEND, settled)
        return DayStatus(True, DayReason.WORKING, settled)


PLAIN = PlainCalendar()
SEVEN = RegimeProfile(
    "seven", StartsFrom.VERIFIED, Unit.WORKING_DAYS, 7, "a rule", SourceQuality.OPERATOR
)
INSTANTS = st.datetimes(
    datetime(2001, 1, 2),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
ZONES = st.sampled_from([SHANGHAI, HAVANA, NEW_YORK, ZoneInfo("Pacific/Kiritimati")])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_the_start_day_is_day_zero_and_the_seventh_working_day_is_due() -> None:
    found = count_working_days(PLAIN, at("2026-06-01T09:00:00+08:00"), 7, SHANGHAI)
    assert [(day.date.day, day.count) for day in found.days] == [
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 3),
        (5, 4),
        (6, None),
        (7, None),
        (8, 5),
        (9, 6),
        (10, 7),
    ]
    assert found.due_date == date(2026, 6, 10)
    assert found.due_at.isoformat() == "2026-06-11T00:00:00+08:00"
    assert not found.provisional


def test_a_start_on_a_day_off_is_day_zero_and_the_next_working_day_is_the_first() -> None:
    found = count_working_days(PLAIN, at("2026-06-06T09:00:00+08:00"), 1, SHANGHAI)
    assert [(day.working, day.count, day.reason) for day in found.days] == [
        (False, 0, DayReason.WEEKEND),
        (False, None, DayReason.WEEKEND),
        (True, 1, DayReason.WORKING),
    ]


def test_a_working_start_day_says_why_it_is_not_counted() -> None:
    found = count_working_days(PLAIN, at("2026-06-01T09:00:00+08:00"), 1, SHANGHAI)
    assert (found.days[0].working, found.days[0].reason) == (True, DayReason.START)


def test_the_name_of_a_holiday_travels_into_the_count() -> None:
    calendar = PlainCalendar(off=frozenset({date(2026, 6, 2)}))
    found = count_working_days(calendar, at("2026-06-01T09:00:00+08:00"), 1, SHANGHAI)
    assert found.days[1].name == "a feast"


@pytest.mark.parametrize(
    ("started_at", "day_zero"),
    [
        ("2026-06-01T23:59:59.999999+08:00", date(2026, 6, 1)),
        ("2026-06-02T00:00:00+08:00", date(2026, 6, 2)),
        ("2026-06-01T15:59:59.999999+00:00", date(2026, 6, 1)),
        ("2026-06-01T16:00:00+00:00", date(2026, 6, 2)),
    ],
)
def test_the_day_is_that_of_the_operators_zone(started_at: str, day_zero: date) -> None:
    assert count_working_days(PLAIN, at(started_at), 7, SHANGHAI).days[0].date == day_zero


def test_the_end_of_a_day_carries_the_offset_the_next_midnight_has() -> None:
    assert end_of_day(date(2026, 3, 8), NEW_YORK).isoformat() == "2026-03-09T00:00:00-04:00"
    assert end_of_day(date(2026, 3, 7), NEW_YORK).isoformat() == "2026-03-08T00:00:00-05:00"


def test_a_day_that_begins_at_one_still_ends_the_day_before_at_its_first_instant() -> None:
    # Havana springs forward at midnight: 00:00 of 8 March 2026 is skipped.
    skipped = end_of_day(date(2026, 3, 7), HAVANA)
    assert skipped.astimezone(UTC) == at("2026-03-08T05:00:00+00:00")
    assert (skipped - timedelta(microseconds=1)).date() == date(2026, 3, 7)


@pytest.mark.parametrize("counter", [count_working_days, count_calendar_days, count_months])
def test_a_naive_start_is_refused(counter: object) -> None:
    with pytest.raises(ValueError, match="zone or an offset"):
        counter(PLAIN, datetime(2026, 6, 1), 7, SHANGHAI)  # type: ignore[operator]  # noqa: DTZ001


@pytest.mark.parametrize("unit", Unit)
@pytest.mark.parametrize("amount", [0, -1, MAX_AMOUNT + 1])
def test_an_absurd_length_is_refused(unit: Unit, amount: int) -> None:
    with pytest.raises(ValueError, match="long"):
        compute_deadline(PLAIN, at("2026-06-01T00:00:00Z"), unit, amount, SHANGHAI)


@pytest.mark.parametrize("amount", [True, 7.0, "7"])
def test_a_length_that_is_no_whole_number_is_refused(amount: object) -> None:
    with pytest.raises(TypeError):
        count_working_days(PLAIN, at("2026-06-01T00:00:00Z"), amount, SHANGHAI)  # type: ignore[arg-type]


def test_a_zone_without_a_name_is_refused_because_it_could_not_be_stored() -> None:
    with open("/usr/share/zoneinfo/UTC", "rb") as stream:  # noqa: PTH123
        nameless = ZoneInfo.from_file(stream)
    with pytest.raises(ValueError, match="name"):
        count_working_days(PLAIN, at("2026-06-01T00:00:00Z"), 7, nameless)


@given(INSTANTS, st.integers(1, 60), ZONES)
def test_days_are_contiguous_and_exactly_n_are_counted(
    started_at: datetime, amount: int, zone: ZoneInfo
) -> None:
    found = count_working_days(PLAIN, started_at, amount, zone)
    dates = [day.date for day in found.days]
    assert dates[0] == started_at.astimezone(zone).date()
    assert dates[-1] == found.due_date
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(dates))
    counts = [day.count for day in found.days if day.count is not None]
    assert counts == list(range(amount + 1))
    assert all(day.working == (day.count is not None) for day in found.days[1:])
    assert found.days[-1].working


@given(INSTANTS, INSTANTS, st.integers(1, 30), st.sampled_from(Unit), ZONES)
def test_a_later_start_is_never_due_earlier(
    one: datetime, other: datetime, amount: int, unit: Unit, zone: ZoneInfo
) -> None:
    first, second = sorted((one, other))
    due_first = compute_deadline(PLAIN, first, unit, amount, zone).due_date
    assert due_first <= compute_deadline(PLAIN, second, unit, amount, zone).due_date


@given(INSTANTS, st.integers(1, 60), st.sampled_from(Unit), ZONES)
def test_one_more_is_always_later(
    started_at: datetime, amount: int, unit: Unit, zone: ZoneInfo
) -> None:
    shorter = compute_deadline(PLAIN, started_at, unit, amount, zone)
    longer = compute_deadline(PLAIN, started_at, unit, amount + 1, zone)
    assert shorter.due_date < longer.due_date
    assert shorter.due_at > started_at


@given(INSTANTS, st.integers(1, 40))
def test_going_back_from_the_due_date_passes_the_days_counted(
    started_at: datetime, amount: int
) -> None:
    found = count_working_days(PLAIN, started_at, amount, SHANGHAI)
    counted = {day.count: day.date for day in found.days[1:] if day.count is not None}
    for back in range(amount):
        day = working_days_before(PLAIN, found.due_date, back)
        assert day == counted[amount - back]
        assert working_days_left(PLAIN, day, found.due_date) == back


def test_calendar_days_count_every_day_and_are_never_provisional() -> None:
    unsettled = PlainCalendar(settled_until=2025)
    found = count_calendar_days(unsettled, at("2026-06-05T10:00:00+08:00"), 40, SHANGHAI)
    assert found.due_date == date(2026, 7, 15)
    assert [day.count for day in found.days] == list(range(41))
    assert not found.days[1].working
    assert not found.provisional


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        ("2026-01-15", 1, date(2026, 2, 15)),
        ("2026-01-31", 1, date(2026, 2, 28)),
        ("2028-01-31", 1, date(2028, 2, 29)),
        ("2026-02-28", 1, date(2026, 3, 28)),
        ("2026-12-31", 2, date(2027, 2, 28)),
        ("2026-12-01", 1, date(2027, 1, 1)),
        ("2026-03-31", 12, date(2027, 3, 31)),
        ("2026-08-31", 3, date(2026, 11, 30)),
    ],
)
def test_months_end_on_the_same_day_or_on_the_last_one(start: str, months: int, due: date) -> None:
    found = count_months(PLAIN, at(f"{start}T10:00:00+08:00"), months, SHANGHAI)
    assert found.due_date == due
    assert found.days[-1].date == due
    assert (found.unit, found.amount) == (Unit.MONTHS, months)


@pytest.mark.parametrize(
    ("settled_until", "start", "provisional"),
    [
        (2026, "2026-12-22T10:00:00+08:00", False),  # due on 31 December itself
        (2026, "2026-12-23T10:00:00+08:00", True),
        (2025, "2026-06-01T10:00:00+08:00", True),
        (2026, "2026-12-31T16:00:00+00:00", True),  # already 2027 in Shanghai
    ],
)
def test_any_unsettled_day_makes_the_date_provisional(
    settled_until: int, start: str, provisional: bool
) -> None:
    found = count_working_days(PlainCalendar(settled_until=settled_until), at(start), 7, SHANGHAI)
    assert found.provisional is provisional


def test_a_start_in_an_unsettled_year_alone_is_enough() -> None:
    class OnlyTheStartIsOpen(PlainCalendar):
        def day(self, day: date) -> DayStatus:
            return replace(super().day(day), settled=day != date(2026, 6, 1))

    found = count_working_days(OnlyTheStartIsOpen(), at("2026-06-01T10:00:00Z"), 7, SHANGHAI)
    assert found.provisional


def test_reminders_fall_on_the_two_working_days_before() -> None:
    monday = date(2026, 6, 8)
    assert working_days_before(PLAIN, monday, 0) == monday
    assert working_days_before(PLAIN, monday, 1) == date(2026, 6, 5)
    assert working_days_before(PLAIN, monday, 2) == date(2026, 6, 4)
    with pytest.raises(ValueError, match="negative"):
        working_days_before(PLAIN, monday, -1)


def test_working_days_left_reach_zero_on_the_due_date_and_go_below_after_it() -> None:
    friday = date(2026, 6, 5)
    assert working_days_left(PLAIN, date(2026, 6, 1), friday) == 4
    assert working_days_left(PLAIN, friday, friday) == 0
    assert working_days_left(PLAIN, date(2026, 6, 7), friday) == 0
    assert working_days_left(PLAIN, date(2026, 6, 9), friday) == -2


def test_a_clock_holds_what_the_count_gave() -> None:
    clock = start_clock(SEVEN, PLAIN, at("2026-06-01T09:00:00+08:00"), SHANGHAI)
    assert clock == Clock(
        regime="seven",
        started_at=at("2026-06-01T01:00:00+00:00"),
        unit=Unit.WORKING_DAYS,
        amount=7,
        calendar="XX",
        zone="Asia/Shanghai",
        due_date=date(2026, 6, 10),
        due_at=at("2026-06-11T00:00:00+08:00"),
        provisional=False,
    )
    assert recount_deadline(clock, PLAIN).days[-1].count == 7


@given(INSTANTS, st.integers(1, 60), st.sampled_from(Unit), ZONES)
def test_a_record_gives_back_the_same_clock_after_json(
    started_at: datetime, amount: int, unit: Unit, zone: ZoneInfo
) -> None:
    profile = RegimeProfile("r", StartsFrom.RECEIVED, unit, amount, "s", SourceQuality.SECONDARY)
    clock = start_clock(profile, PLAIN, started_at, zone)
    back = Clock.from_record(json.loads(json.dumps(clock.to_record())))
    assert back == clock
    assert back.due_at.isoformat() == clock.due_at.isoformat()
    assert recount(back, PLAIN) is None


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"zone": "Nowhere/At_All"},
        {"zone": None},
        {"unit": "fortnights"},
        {"amount": 0},
        {"amount": "7"},
        {"started_at": "2026-06-01T01:00:00"},
        {"due_at": "2026-06-01T01:00:00"},
        {"due_date": "soon"},
    ],
)
def test_a_damaged_record_is_refused(change: dict[str, object]) -> None:
    record = start_clock(SEVEN, PLAIN, at("2026-06-01T01:00:00Z"), SHANGHAI).to_record()
    with pytest.raises(ValueError):  # noqa: PT011 - each damage has its own words
        Clock.from_record({**record, **change})


def test_a_record_that_lacks_a_value_is_refused() -> None:
    record = start_clock(SEVEN, PLAIN, at("2026-06-01T01:00:00Z"), SHANGHAI).to_record()
    for key in record:
        with pytest.raises(ValueError, match="record"):
            Clock.from_record({name: value for name, value in record.items() if name != key})


def test_the_earliest_clock_leads_and_the_first_named_among_equals() -> None:
    long = start_clock(replace(SEVEN, amount=15), PLAIN, at("2026-06-01T01:00:00Z"), SHANGHAI)
    short = start_clock(SEVEN, PLAIN, at("2026-06-01T01:00:00Z"), SHANGHAI)
    twin = replace(short, regime="twin")
    assert leading_clock([long, short, twin]) is short
    assert leading_clock([twin, short]) is twin
    assert leading_clock([]) is None


def test_clocks_of_two_zones_are_compared_as_instants() -> None:
    east = start_clock(SEVEN, PLAIN, at("2026-06-01T01:00:00Z"), SHANGHAI)
    west = start_clock(SEVEN, PLAIN, at("2026-06-01T05:00:00Z"), NEW_YORK)
    assert east.due_date == west.due_date
    assert leading_clock([west, east]) is east


def test_a_provisional_clock_is_settled_by_the_published_schedule() -> None:
    started_at = at("2026-12-28T10:00:00+08:00")
    clock = start_clock(SEVEN, PlainCalendar(settled_until=2026), started_at, SHANGHAI)
    assert (clock.due_date, clock.provisional) == (date(2027, 1, 6), True)
    published = PlainCalendar(off=frozenset({date(2027, 1, 1)}))
    settled = recount_if_provisional(clock, published)
    assert settled is not None
    assert (settled.due_date, settled.provisional) == (date(2027, 1, 7), False)
    assert settled.due_at.isoformat() == "2027-01-08T00:00:00+08:00"
    assert settled.started_at == clock.started_at
    assert recount_if_provisional(settled, published) is None


def test_settling_marks_a_date_final_that_did_not_move() -> None:
    started_at = at("2026-12-28T10:00:00+08:00")
    clock = start_clock(SEVEN, PlainCalendar(settled_until=2026), started_at, SHANGHAI)
    assert recount_if_provisional(clock, PLAIN) == replace(clock, provisional=False)


def test_nothing_is_settled_while_the_schedule_is_missing() -> None:
    calendar = PlainCalendar(settled_until=2026)
    clock = start_clock(SEVEN, calendar, at("2026-12-28T10:00:00+08:00"), SHANGHAI)
    assert recount_if_provisional(clock, calendar) is None


def test_a_settled_clock_is_left_alone_by_settling_but_shown_by_recounting() -> None:
    clock = start_clock(SEVEN, PLAIN, at("2026-06-01T01:00:00Z"), SHANGHAI)
    later = PlainCalendar(off=frozenset({date(2026, 6, 2)}))
    assert recount_if_provisional(clock, later) is None
    again = recount(clock, later)
    assert again is not None
    assert again.due_date == date(2026, 6, 11)


def test_a_clock_is_not_counted_with_another_calendar() -> None:
    clock = start_clock(SEVEN, PLAIN, at("2026-06-01T01:00:00Z"), SHANGHAI)
    with pytest.raises(ValueError, match="counts with XX"):
        recount_deadline(clock, PlainCalendar(code="YY"))


def test_a_rule_nobody_has_read_is_not_citable() -> None:
    assert SEVEN.citable
    assert not replace(SEVEN, quality=SourceQuality.UNREAD).citable


def test_a_rule_of_no_days_is_refused() -> None:
    with pytest.raises(ValueError, match="long"):
        replace(SEVEN, amount=0)


def test_values_are_frozen() -> None:
    clock = start_clock(SEVEN, PLAIN, at("2026-06-01T01:00:00Z"), SHANGHAI)
    with pytest.raises(AttributeError):
        clock.amount = 8  # type: ignore[misc]
