"""Periods in all the ways that people write them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacydesk.data import voice_files
from privacydesk.nlu.extractors.periods import Period, resolve, resolve_beside, within
from privacydesk.training.corpus import (
    AnnotatedFragment,
    AnnotatedMention,
    AnnotatedRequest,
    Example,
    read_voice,
)

TODAY = date(2026, 11, 29)  # a Sunday


def told(words: str, today: date = TODAY) -> str:
    """Return a period as ``since..until``, empty where open; ``none`` for none."""
    period = resolve(words, today)
    return "none" if period is None else f"{period.since or ''}..{period.until or ''}"


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("去年", "2025-01-01..2025-12-31"),
        ("大前年", "2023-01-01..2023-12-31"),
        ("今年", "2026-01-01.."),
        ("last year's", "2025-01-01..2025-12-31"),
        ("the year before last", "2024-01-01..2024-12-31"),
        ("2023", "2023-01-01..2023-12-31"),
        ("２０２３年度", "2023-01-01..2023-12-31"),
        ("二〇二三年", "2023-01-01..2023-12-31"),
        ("23年的那些", "2023-01-01..2023-12-31"),
        ("'23", "2023-01-01..2023-12-31"),
        ("民國113年", "2024-01-01..2024-12-31"),
        ("113年3月", "2024-03-01..2024-03-31"),
        ("tahun lepas", "2025-01-01..2025-12-31"),
        ("qunian", "2025-01-01..2025-12-31"),
    ],
)
def test_years_are_named_counted_or_relative(words: str, days: str) -> None:
    assert told(words) == days


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("上半年", "2026-01-01..2026-06-30"),
        ("去年下半年七月", "2025-07-01..2025-07-31"),
        ("first half of 2024", "2024-01-01..2024-06-30"),
        ("2nd half of last year", "2025-07-01..2025-12-31"),
        ("2025年第三季", "2025-07-01..2025-09-30"),
        ("Q2 of 2025", "2025-04-01..2025-06-30"),
        ("上個季度", "2026-07-01..2026-09-30"),
        ("今年头三个月", "2026-01-01..2026-03-31"),
        ("the first three months of 2025", "2025-01-01..2025-03-31"),
        ("十月中旬", "2026-10-11..2026-10-20"),
    ],
)
def test_parts_of_a_year_are_periods(words: str, days: str) -> None:
    assert told(words) == days


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("上个月", "2026-10-01..2026-10-31"),
        ("last month", "2026-10-01..2026-10-31"),
        ("上上個月", "2026-09-01..2026-09-30"),
        ("呢個月", "2026-11-01.."),
        ("十月份", "2026-10-01..2026-10-31"),
        ("December", "2025-12-01..2025-12-31"),
        ("dec last yr", "2025-12-01..2025-12-31"),
        ("去年的5月", "2025-05-01..2025-05-31"),
        ("2024/05", "2024-05-01..2024-05-31"),
        ("七八月", "2026-07-01..2026-08-31"),
        ("上周", "2026-11-16..2026-11-22"),
        ("last week", "2026-11-22.."),
        ("this week", "2026-11-23.."),
        ("上上個禮拜", "2026-11-09..2026-11-15"),
        ("the week before last", "2026-11-09..2026-11-15"),
    ],
)
def test_months_and_weeks_are_the_latest_that_have_begun(words: str, days: str) -> None:
    assert told(words) == days


@pytest.mark.parametrize(
    ("words", "day"),
    [
        ("昨天", "2026-11-28"),
        ("尋晚", "2026-11-28"),
        ("the day before yesterday", "2026-11-27"),
        ("大前天", "2026-11-26"),
        ("三天前", "2026-11-26"),
        ("3 days ago", "2026-11-26"),
        ("星期三晚上", "2026-11-25"),
        ("上周五", "2026-11-20"),
        ("上禮拜天", "2026-11-22"),
        ("last tuesday", "2026-11-24"),
        ("22号那天", "2026-11-22"),
        ("the 5th", "2026-11-05"),
        ("3 October", "2026-10-03"),
        ("October 3rd, 2024", "2024-10-03"),
        ("the 3rd of october last year", "2025-10-03"),
        ("2023年5月3日", "2023-05-03"),
        ("2023.5.3", "2023-05-03"),
        ("11/7(六)", "2026-11-07"),
        ("2024年5月3日星期五", "2024-05-03"),
        ("Friday 3 May 2024", "2024-05-03"),
        ("民國113年3月1日", "2024-03-01"),
    ],
)
def test_days_are_told_in_any_order(words: str, day: str) -> None:
    assert told(words) == f"{day}..{day}"


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("3/5/2024", "2024-05-03..2024-05-03"),
        ("since 3/5", "2026-05-03.."),
        ("3/5", "2026-03-05..2026-03-05"),
        ("9/14/2026 to 10/02/2026", "2026-09-14..2026-10-02"),
        ("from 01/07/2026 to 30/09/2026", "2026-07-01..2026-09-30"),
        ("11/12/2026", "2026-11-12..2026-11-12"),
    ],
)
def test_of_two_numbers_the_likelier_is_the_month(words: str, days: str) -> None:
    assert told(words) == days


@pytest.mark.parametrize(
    ("words", "since"),
    [
        ("最近一个礼拜", "2026-11-22"),
        ("近三个月", "2026-08-29"),
        ("最近半个月", "2026-11-14"),
        ("the last three months", "2026-08-29"),
        ("past month", "2026-10-29"),
        ("the past 24 hrs", "2026-11-28"),
        ("in the last year", "2025-11-29"),
        ("半年内", "2026-05-29"),
        ("一年半以内", "2025-05-29"),
        ("within a couple of weeks", "2026-11-15"),
        ("過去九十天", "2026-08-31"),
        ("呢兩個禮拜", "2026-11-15"),
        ("zui近shi天", "2026-11-19"),
        ("less than a month old", "2026-10-29"),
    ],
)
def test_lengths_are_counted_back_from_today(words: str, since: str) -> None:
    assert told(words) == f"{since}.."


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("三个月前的", "2026-08-28"),
        ("一年以前", "2025-11-28"),
        ("十年前", "2016-11-28"),
        ("年半前", "2025-05-28"),
        ("超过仨月", "2026-08-28"),
        ("older than a year and a half", "2025-05-28"),
        ("more than 90 days old", "2026-08-30"),
        ("six months or older", "2026-05-28"),
        ("> 2 years", "2024-11-28"),
    ],
)
def test_what_is_older_ends_the_day_before(words: str, until: str) -> None:
    assert told(words) == f"..{until}"


def test_the_same_day_of_a_shorter_month_is_its_last() -> None:
    assert told("the last three months", date(2026, 5, 31)) == "2026-02-28.."


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("before 2023", "..2022-12-31"),
        ("23年之前", "..2022-12-31"),
        ("10年前", "..2009-12-31"),
        ("2022年底前", "..2022-12-31"),
        ("三月份之前", "..2026-02-28"),
        ("until May", "..2026-05-31"),
        ("到去年年底", "..2025-12-31"),
        ("2023年（含）以前", "..2023-12-31"),
        ("2022 or before", "..2022-12-31"),
        ("昨天和昨天以前", "..2026-11-28"),
        ("up to and including 31 August 2026", "..2026-08-31"),
        ("since 2024", "2024-01-01.."),
        ("24年以后", "2024-01-01.."),
        ("2024年后", "2025-01-01.."),
        ("after June 2024", "2024-07-01.."),
        ("on or after 1 January 2024", "2024-01-01.."),
        ("from 2025 on", "2025-01-01.."),
        ("from 2025", "2025-01-01..2025-12-31"),
        ("从2025年", "2025-01-01.."),
        ("自二零二二年起至今", "2022-01-01.."),
        ("since the beginning of last year", "2025-01-01.."),
    ],
)
def test_directions_leave_one_end_open(words: str, days: str) -> None:
    assert told(words) == days


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("5月到8月", "2026-05-01..2026-08-31"),
        ("19到21年", "2019-01-01..2021-12-31"),
        ("从去年五月到今年二月", "2025-05-01..2026-02-28"),
        ("去年11月到2月", "2025-11-01..2026-02-28"),
        ("12月到1月", "2025-12-01..2026-01-31"),
        ("2025年3-5月", "2025-03-01..2025-05-31"),
        ("10月7号到现在", "2026-10-07.."),
        ("25号到5号", "2026-10-25..2026-11-05"),
        ("上个礼拜一到礼拜三", "2026-11-16..2026-11-18"),
        ("monday to friday last week", "2026-11-16..2026-11-20"),
        ("between 3 and 17 October", "2026-10-03..2026-10-17"),
        ("Nov 1 - 15, 2025", "2025-11-01..2025-11-15"),
        ("jan to mar last year", "2025-01-01..2025-03-31"),
        ("2022年與2024年之間", "2022-01-01..2024-12-31"),
        ("from two weeks ago to yesterday", "2026-11-15..2026-11-28"),
        ("自注册之日起至2022年底", "..2022-12-31"),
    ],
)
def test_the_ends_of_a_range_complete_each_other(words: str, days: str) -> None:
    assert told(words) == days


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("q1 and q2 of last year", "2025-01-01..2025-06-30"),
        ("前天跟昨天", "2026-11-27..2026-11-28"),
        ("今年和去年", "2025-01-01.."),
        ("22 23 and 24", "2022-01-01..2024-12-31"),
        ("7、8月", "2026-07-01..2026-08-31"),
        ("march, april and may 2025", "2025-03-01..2025-05-31"),
        ("2019 and 2021", "none"),
    ],
)
def test_points_side_by_side_are_one_period(words: str, days: str) -> None:
    assert told(words) == days


@pytest.mark.parametrize(
    "words",
    [
        "last summer",
        "去年夏天",
        "国庆那几天",
        "去年国庆到今年春节",
        "before i moved",
        "失恋那阵",
        "上个月左右",
        "early 2024",
        "几年前",
        "a few days ago",
        "end of October",
        "year 7",
        "2月30日",
        "",
        "99999999 years ago",
    ],
)
def test_what_has_no_closed_form_is_none(words: str) -> None:
    assert resolve(words, TODAY) is None


def test_an_event_beside_a_day_adds_nothing() -> None:
    assert told("since Labor Day, September 7") == "2026-09-07.."
    assert told("2024年3月4号入的职，从那天起") == "2024-03-04.."
    assert told("2024年考研的时候") == "none"


@pytest.mark.parametrize("word", ["2023年的", "今年3月", "1/2 and ", "从", "last ", "nian ", "2-"])
def test_long_runs_take_no_longer_than_their_length(word: str) -> None:
    before = time.thread_time()
    resolve(word * (2_000 // len(word)), TODAY)
    assert time.thread_time() - before < 0.5


def examples() -> Iterator[Example]:
    for file in voice_files():
        yield from read_voice(*file).examples


def mentions(example: Example) -> Iterator[AnnotatedMention]:
    told: list[AnnotatedRequest | AnnotatedFragment] = [*example.gold.requests]
    if example.gold.fragment is not None:
        told.append(example.gold.fragment)
    for one in told:
        yield from (*one.include, *one.exclude)


def test_most_periods_of_the_corpus_are_resolved() -> None:
    """The rest refers to other words than times, or is told in words of one voice alone."""
    dated = [
        (one, others_than(one, example))
        for example in examples()
        for one in mentions(example)
        if one.when
    ]
    right = [one for one, others in dated if days_of(one, others) == Period(one.since, one.until)]
    assert len(right) > 0.965 * len(dated)


def others_than(one: AnnotatedMention, example: Example) -> set[Period]:
    """Return the other periods that a message tells."""
    told = {Period(other.since, other.until) for other in mentions(example) if other.when}
    return told - {Period(one.since, one.until)}


def days_of(one: AnnotatedMention, others: set[Period]) -> Period | None:
    period = resolve(one.when, TODAY)
    return resolve_beside(one.when, *others) if period is None and len(others) == 1 else period


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("之前的", (None, date(2024, 12, 31))),
        ("older ones", (None, date(2024, 12, 31))),
        ("更早", (None, date(2024, 12, 31))),
        ("之後", (date(2026, 1, 1), None)),
        ("newer", (date(2026, 1, 1), None)),
        ("去年之前", None),
        ("至今", None),
        ("to date", None),
        ("以上", None),
        ("while I was abroad", None),
    ],
)
def test_what_is_older_or_newer_lies_beside_another_period(
    words: str, days: tuple[date | None, date | None] | None
) -> None:
    other = Period(date(2025, 1, 1), date(2025, 12, 31))
    assert resolve_beside(words, other) == (Period(*days) if days else None)


def test_nothing_lies_beyond_the_open_end_of_a_period() -> None:
    assert resolve_beside("older", Period(None, date(2025, 12, 31))) is None
    assert resolve_beside("之后", Period(date(2025, 1, 1), None)) is None


def test_qualifiers_of_the_corpus_are_no_periods() -> None:
    qualifiers = [one.qualifier for example in examples() for one in mentions(example)]
    wrong = [one for one in qualifiers if one and resolve(one, TODAY) is not None]
    assert len(wrong) <= 3


_COUNTED = (
    *("10000000", "一千万", "99", "0", "2024", "民國", "三", "年", "月", "日", "号", "个月", "周"),
    *(
        "小时",
        "last ",
        "weeks",
        " months",
        "以前",
        "之后",
        "到",
        "-",
        "/",
        "前",
        "内",
        "去年",
        "底",
    ),
)


@given(st.lists(st.sampled_from(_COUNTED), max_size=7).map("".join))
def test_whatever_is_counted_nothing_is_raised(text: str) -> None:
    period = resolve(text, TODAY)
    assert period is None or not (period.since and period.until and period.since > period.until)


@pytest.mark.parametrize(
    ("words", "other", "meant"),
    [
        ("20号", Period(date(2025, 5, 1), date(2025, 5, 31)), date(2025, 5, 20)),
        ("the 3rd", Period(date(2025, 2, 1), date(2025, 2, 28)), date(2025, 2, 3)),
    ],
)
def test_a_day_without_its_month_lies_in_the_period_beside_it(
    words: str, other: Period, meant: date
) -> None:
    own = resolve(words, TODAY)
    assert own is not None
    assert within(words, own, other) == Period(meant, meant)


def test_days_that_can_not_lie_there_stay_as_they_are() -> None:
    own, other = Period(date(2024, 3, 1), date(2024, 3, 31)), Period(date(2025, 1, 1), None)
    assert within("2024年3月", own, other) == own
    assert within("2024年3月", own, Period(date(2025, 5, 1), date(2025, 5, 31))) == own
