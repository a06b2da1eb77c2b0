"""What a change of a calendar would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import cast

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk

from privacydesk.calendars import CalendarInvalidError, Calendars, OverrideDay, Overrides
from privacydesk.clock import MovableClock
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.ports import Reader
from privacydesk.services.calendar_edits import with_days, with_file, without
from privacydesk.services.calendar_plan import CalendarPlan, CalendarPlanner
from privacydesk.services.deadlines import DeadlineRules, Deadlines

NOW = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
SCHEDULE = Overrides(
    "CN",
    {date(2027, 1, 1): OverrideDay(False, "元旦"), date(2027, 1, 4): OverrideDay(False, "元旦")},
    frozenset({2027}),
)


@dataclass
class Requests:
    """Reads open requests with provisional dates."""

    tickets: list[Ticket] = field(default_factory=list)

    async def provisional_tickets(
        self, *, limit: int, after: TicketId | None = None
    ) -> Sequence[Ticket]:
        rest = [one for one in self.tickets if after is None or one.id > after]
        return rest[:limit]


def requests(count: int, deadlines: Deadlines) -> Requests:
    tickets = []
    for place in range(count):
        ticket = replace(
            desk.ticket(), id=TicketId(place.to_bytes(16, "big")), state=TicketState.IN_REVIEW
        )
        tickets.append(deadlines.start_deadlines(ticket, NOW, NOW))
    return Requests(tickets)


async def planned(overrides: Overrides, *, count: int = 1) -> CalendarPlan:
    deadlines = Deadlines(Calendars(), DeadlineRules())
    reader = cast("Reader", requests(count, deadlines))
    return await CalendarPlanner(reader, deadlines, MovableClock(NOW)).plan(overrides)


async def test_open_deadlines_move_by_the_days_that_a_schedule_adds() -> None:
    plan = await planned(SCHEDULE)
    (move,) = plan.moves
    assert (move.before, move.after) == (date(2027, 1, 7), date(2027, 1, 8))
    assert (move.days, move.provisional) == (1, False)
    assert (plan.moved, plan.confirmed, plan.settled) == (1, 0, (2027,))
    assert date(2027, 1, 4) in [change.day for change in plan.days]


async def test_a_deadline_that_stays_is_confirmed() -> None:
    plan = await planned(Overrides("CN", dict(list(SCHEDULE.days.items())[:1]), frozenset({2027})))
    assert (plan.moved, plan.confirmed) == (0, 1)


async def test_all_requests_are_counted_and_a_hundred_listed() -> None:
    plan = await planned(SCHEDULE, count=450)
    assert (plan.moved, len(plan.moves)) == (450, 100)


async def test_a_day_in_a_published_year_moves_no_promised_date() -> None:
    plan = await planned(Overrides("CN", {date(2026, 12, 30): OverrideDay(False, "storm")}))
    assert [(one.day, one.before.working, one.after.working) for one in plan.days] == [
        (date(2026, 12, 30), True, False)
    ]
    assert (plan.settled, plan.unsettled) == ((), ())


async def test_a_final_year_that_does_not_balance_is_pointed_out() -> None:
    plan = await planned(SCHEDULE)
    assert [year.year for year in plan.unbalanced] == [2027]


def test_days_are_added_and_taken_out() -> None:
    changed = with_days(
        SCHEDULE, first="2027-02-05", until="2027-02-06", kind="off", settled_years=["2028"]
    )
    assert set(changed.days) - set(SCHEDULE.days) == {date(2027, 2, 5), date(2027, 2, 6)}
    assert changed.settled_years == {2027, 2028}
    assert without(without(changed, day="2027-02-05"), year="2028").days.keys() == {
        *SCHEDULE.days, date(2027, 2, 6),
    }  # fmt: skip
    assert without(changed, year="2028").settled_years == {2027}


@pytest.mark.parametrize(
    ("first", "until", "kind"),
    [("soon", "", "off"), ("2027-02-05", "2027-02-04", "off"), ("2027-02-05", "", "holiday")],
)
def test_days_that_no_file_could_name_are_refused(first: str, until: str, kind: str) -> None:
    with pytest.raises(CalendarInvalidError):
        with_days(SCHEDULE, first=first, until=until, kind=kind)


def test_a_file_is_merged_or_replaces() -> None:
    text = "date,day,reason\n2027-03-01,off,x\n"
    merged = with_file(SCHEDULE, "days.csv", text, replace=False)
    assert set(merged.days) == {*SCHEDULE.days, date(2027, 3, 1)}
    assert set(with_file(SCHEDULE, "days.csv", text, replace=True).days) == {date(2027, 3, 1)}


def test_a_file_in_another_encoding_is_refused_rather_than_garbled() -> None:
    with pytest.raises(CalendarInvalidError, match="UTF-8"):
        with_file(
            SCHEDULE, "days.csv", "date,day,reason\n2027-03-01,off,\ufffd\ufffd", replace=True
        )
