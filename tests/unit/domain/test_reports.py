from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from privacydesk.calendars import Calendars
from privacydesk.domain.counters import CounterKind, CounterSum
from privacydesk.domain.figures import Figure, FigureName, Line
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.periods import Period
from privacydesk.domain.reports import Case, Closing, Report, ReportBuilder
from privacydesk.domain.ticket import Satisfaction

SHANGHAI = ZoneInfo("Asia/Shanghai")
JUNE = Period(date(2026, 6, 1), date(2026, 6, 30))
NOW = datetime(2026, 7, 10, 4, 0, tzinfo=UTC)


def at(day: int, hour: int = 12, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI)


MADE = at(1)


def case(received: datetime = MADE, **changed: Any) -> Case:
    """Return a request of 1 June that has to be answered by 24:00 of 10 June."""
    values: dict[str, Any] = {
        "kind": RequestKind.ACCESS,
        "received_at": received,
        "counted_from": received,
        "promised_at": at(11, 0),
    }
    return Case(**{**values, **changed})


def report(*cases: Case, counts: tuple[CounterSum, ...] = (), now: datetime = NOW) -> Report:
    return ReportBuilder(Calendars().get("CN"), SHANGHAI).report(JUNE, cases, counts, now)


def line(figure: Figure, label: str) -> dict[str, int]:
    (found,) = [one for one in figure.lines if one.label == label]
    return dict(zip(figure.columns, found.values, strict=True))


def told(figure: Figure) -> dict[str, int]:
    """Return the lines of a figure of one column that are not nought."""
    return {one.label: one.values[0] for one in figure.lines if any(one.values)}


@pytest.mark.parametrize(
    ("changed", "now", "column"),
    [
        ({"answered_at": at(10, 23)}, NOW, "on_time"),
        ({"answered_at": at(11, 0)}, NOW, "late"),
        ({}, NOW, "late"),
        ({}, at(10), "open"),
        ({"closed_at": at(5)}, NOW, "ended"),
        ({"closed_at": at(12)}, NOW, "late"),
        ({"answered_at": at(9), "closed_at": at(12)}, NOW, "on_time"),
    ],
)
def test_a_promise_is_kept_broken_open_or_needed_no_more(
    changed: dict[str, Any], now: datetime, column: str
) -> None:
    figure = report(case(**changed), now=now).figure(FigureName.ON_TIME)
    counted = line(figure, "access")
    assert {name for name, number in counted.items() if number} == {column}


def test_a_request_counts_where_the_date_promised_first_fell() -> None:
    before, first = case(promised_at=at(1, 0)), case(promised_at=at(2, 0))
    last, after = case(promised_at=at(1, 0, month=7)), case(promised_at=at(2, 0, month=7))
    figure = report(before, first, last, after).figure(FigureName.ON_TIME)
    assert sum(figure.totals) == 2


def test_a_rate_leaves_out_what_was_not_to_be_answered() -> None:
    figure = report(
        case(answered_at=at(3)),
        case(answered_at=at(3)),
        case(answered_at=at(12)),
        case(closed_at=at(3)),
        case(kind=RequestKind.DELETION, closed_at=at(3)),
    ).figure(FigureName.ON_TIME)
    assert figure.share(figure.totals) == pytest.approx(2 / 3)
    assert figure.share(figure.lines[1].values) is None


def test_kinds_come_in_the_order_of_the_policy() -> None:
    figure = report(
        case(kind=RequestKind.COMPLAINT),
        case(kind=RequestKind.ACCESS),
        case(kind=RequestKind.DELETION),
    ).figure(FigureName.ON_TIME)
    assert [one.label for one in figure.lines] == ["access", "deletion", "complaint"]


def test_days_to_reply_are_working_days_of_the_operator() -> None:
    # Friday to Monday is one working day; 19 June is a holiday.
    made = report(
        case(received=at(5), answered_at=at(8)),
        case(received=at(18), answered_at=at(22)),
        case(answered_at=at(1, 23)),
        case(received=at(1), answered_at=at(30)),
    )
    assert told(made.figure(FigureName.REPLY_DAYS)) == {"0": 1, "1": 2, "more": 1}
    assert made.median_days == 1


def test_an_answer_before_any_clock_ran_has_no_days() -> None:
    refused = case(counted_from=None, promised_at=None, answered_at=at(2))
    made = report(refused)
    assert (made.answered, made.median_days) == (1, None)
    assert made.figure(FigureName.REPLY_DAYS).is_empty


def test_the_backlog_is_what_lay_there_at_the_end_of_the_period() -> None:
    made = report(
        case(promised_at=at(20)),  # late
        case(received=at(29), promised_at=at(4, 0, month=7)),  # 1, 2, 3 July
        case(received=at(29), promised_at=at(4, 0, month=7), answered_at=at(2, month=7)),
        case(received=at(29), answered_at=at(30)),
        case(received=at(29), closed_at=at(30)),
        case(received=at(29), counted_from=None, promised_at=None),
        case(received=at(29), counted_from=at(3, month=7), promised_at=at(14, month=7)),
        case(received=at(2, month=7), counted_from=at(2, month=7)),
    )
    assert told(made.figure(FigureName.BACKLOG)) == {"overdue": 1, "3": 2, "no_clock": 2}


def test_the_backlog_of_a_running_period_is_that_of_now() -> None:
    made = report(case(), now=at(9))
    assert made.as_of == at(9)
    assert told(made.figure(FigureName.BACKLOG)) == {"1": 1}


def test_each_ground_is_listed_and_each_refused_part_is_counted() -> None:
    refused = case(answered_at=at(3), grounds=(Ground.LAW, Ground.LAW, Ground.RIGHTS_OF_OTHERS))
    long_ago = case(answered_at=at(3, month=5), grounds=(Ground.LAW,))
    figure = report(refused, long_ago).figure(FigureName.REFUSALS)
    assert [one.label for one in figure.lines] == [ground.value for ground in Ground]
    assert told(figure) == {"rights_of_others": 1, "law": 2}


def test_where_people_give_up_is_told_along_the_way() -> None:
    figure = report(
        counts=(
            CounterSum(CounterKind.REACHED, "code", 10),
            CounterSum(CounterKind.PASSED, "code", 7),
            CounterSum(CounterKind.REACHED, "door", 4),
            CounterSum(CounterKind.PASSED, "next", 1),
            CounterSum(CounterKind.REACHED, "of_our_own", 2),
        )
    ).figure(FigureName.GIVEN_UP)
    assert figure.lines == (
        Line("door", (0, 4)),
        Line("code", (7, 3)),
        Line("next", (1, 0)),
        Line("of_our_own", (0, 2)),
    )
    assert figure.share(figure.lines[1].values) == 0.3


def test_sentences_not_understood_are_told_by_language() -> None:
    figure = report(
        counts=(CounterSum(CounterKind.HEARD, "en", 8), CounterSum(CounterKind.UNSURE, "en", 2))
    ).figure(FigureName.UNSURE)
    assert line(figure, "en") == {"understood": 6, "unsure": 2}
    assert figure.share(figure.totals) == 0.25


def test_satisfaction_is_told_of_what_was_closed_in_the_period() -> None:
    figure = report(
        case(closed_at=at(9), satisfaction=Satisfaction.SATISFIED),
        case(closed_at=at(9), satisfaction=Satisfaction.NOT_SATISFIED),
        case(closed_at=at(9)),
        case(closed_at=at(9, month=5), satisfaction=Satisfaction.SATISFIED),
    ).figure(FigureName.SATISFACTION)
    assert line(figure, "access") == {"satisfied": 1, "not_satisfied": 1}


def test_a_period_without_anything_has_empty_figures_and_no_rates() -> None:
    made = report()
    assert all(one.is_empty and one.share(one.totals) is None for one in made.figures)
    assert (made.received, made.answered, made.median_days) == (0, 0, None)


def test_the_same_records_give_the_same_figures_a_year_later() -> None:
    cases = (case(answered_at=at(3), closed_at=at(4)), case(), case(closed_at=at(12)))
    assert report(*cases).figures == report(*cases, now=NOW + timedelta(days=365)).figures


@pytest.mark.parametrize(
    ("approved", "closed", "counted"),
    [
        (at(1), at(23, 23), {"on_time": 1, "late": 0}),
        (at(1), at(24, 0), {"on_time": 0, "late": 1}),
        (at(1), None, {"on_time": 0, "late": 1}),
        (at(1), at(5, month=7), {"on_time": 0, "late": 1}),
        (at(20), None, {}),
        (at(20), at(5, month=7), {}),
        (at(20, month=5), at(31, month=5), {}),
    ],
)
def test_a_closing_counts_when_it_is_carried_out_or_overdue(
    approved: datetime, closed: datetime | None, counted: dict[str, int]
) -> None:
    found = ReportBuilder(Calendars().get("CN"), SHANGHAI).report(
        JUNE, (), (), NOW, (Closing(approved, closed),)
    )
    figure = found.figure(FigureName.CLOSINGS)
    lines = [dict(zip(figure.columns, one.values, strict=True)) for one in figure.lines]
    assert lines == ([counted] if counted else [])
