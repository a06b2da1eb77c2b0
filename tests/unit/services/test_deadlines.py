from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec.structs import replace

from privacydesk.calendars import Calendars, OverrideDay, Overrides, regime
from privacydesk.domain.clocks import recount_deadline
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import (
    Outcome,
    ScheduledEvent,
    ScheduledEventKind,
    Ticket,
    TicketState,
)
from privacydesk.errors import NotAllowedNowError
from privacydesk.services.deadlines import DeadlineRules, Deadlines

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)


def deadlines(**rules: object) -> Deadlines:
    return Deadlines(Calendars(), DeadlineRules(**rules))  # type: ignore[arg-type]


def running(counting: Deadlines, at: datetime = NOW) -> Ticket:
    ticket = Ticket(
        id=TicketId(b"t" * 16),
        number="PD-1",
        conversation_id=ConversationId(b"c" * 16),
        kind=RequestKind.UNBINDING,
        state=TicketState.IN_REVIEW,
        received_at=at,
        locale="en",
    )
    return counting.start_deadlines(ticket, at, at)


def test_reminders_come_on_the_two_working_days_before_and_overdue_at_the_end() -> None:
    ticket = running(deadlines())
    assert [(due.kind.value, due.at.isoformat()) for due in ticket.scheduled_events] == [
        ("remind_two", "2026-06-08T01:00:00+00:00"),
        ("remind_one", "2026-06-09T01:00:00+00:00"),
        ("overdue", "2026-06-10T16:00:00+00:00"),
    ]


def test_reminders_whose_time_has_passed_are_not_made_up_for() -> None:
    counting = deadlines()
    late = counting.deadline_events(running(counting), datetime(2026, 6, 9, 2, 0, tzinfo=UTC))
    assert [due.kind for due in late] == [ScheduledEventKind.OVERDUE]


def test_of_several_regimes_the_earliest_leads() -> None:
    counting = deadlines(regimes=(regime("operator_7wd"), regime("app_15wd")))
    ticket = running(counting)
    assert len(ticket.clocks) == 2
    assert ticket.clock is not None
    assert ticket.clock.regime == "operator_7wd"


def test_an_extension_keeps_the_first_date_and_whatever_else_comes_up() -> None:
    counting = deadlines()
    window = ScheduledEvent(ScheduledEventKind.UNBINDING_WINDOW, NOW + timedelta(minutes=1))
    ticket = running(counting)
    ticket = replace(ticket, scheduled_events=(window, *ticket.scheduled_events))
    once = counting.extend(ticket, 2, NOW)
    twice = counting.extend(once, 3, NOW)
    assert twice.clock is not None
    assert twice.clock.due_date.isoformat() == "2026-06-17"
    assert once.work.first_due == twice.work.first_due == date(2026, 6, 10)
    assert [due.kind for due in twice.scheduled_events] == [
        ScheduledEventKind.UNBINDING_WINDOW,
        ScheduledEventKind.REMIND_TWO,
        ScheduledEventKind.REMIND_ONE,
        ScheduledEventKind.OVERDUE,
    ]


def test_what_was_answered_is_not_extended() -> None:
    counting = deadlines()
    with pytest.raises(NotAllowedNowError):
        counting.extend(replace(running(counting), answered_at=NOW), 1, NOW)


def test_a_settled_date_settles_the_first_date_of_an_extension_too() -> None:
    late_december = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
    counting = deadlines()
    extended = counting.extend(running(counting, late_december), 2, late_december)
    assert extended.work.first_due == date(2027, 1, 7)
    counting.calendars = Calendars(overrides={"CN": Overrides("CN", {}, frozenset({2027}))})
    settled = counting.recount_provisional(extended, late_december)
    assert settled is not None
    assert settled.clock is not None
    assert (settled.clock.due_date.isoformat(), settled.clock.provisional) == ("2027-01-11", False)
    assert settled.work.first_due == date(2027, 1, 7)
    assert counting.recount_provisional(settled, late_december) is None


def test_a_settled_date_is_left_alone() -> None:
    counting = deadlines()
    assert counting.recount_provisional(running(counting), NOW) is None


def test_an_unverified_request_lapses_and_its_evidence_raises_an_alarm_first() -> None:
    counting = deadlines(verification_timeout=timedelta(days=4))
    plain = replace(running(counting), state=TicketState.AWAITING_VERIFICATION, clocks=())
    assert [due.kind for due in counting.verification_events(plain, NOW)] == [
        ScheduledEventKind.LAPSE
    ]
    friday = datetime(2026, 6, 5, 9, 0, tzinfo=UTC)
    dues = counting.verification_events(replace(plain, flags=frozenset({"document"})), friday)
    # Monday is the working day after; it ends at midnight in Shanghai.
    assert [(due.kind.value, due.at.isoformat()) for due in dues] == [
        ("evidence_waiting", "2026-06-08T16:00:00+00:00"),
        ("lapse", "2026-06-09T09:00:00+00:00"),
    ]


def test_the_operators_date_changes_at_its_own_midnight_and_back_with_the_clock() -> None:
    counting = deadlines()
    before, after = (
        datetime(2026, 6, 1, 15, 59, 59, tzinfo=UTC),
        datetime(2026, 6, 1, 16, tzinfo=UTC),
    )
    told = [counting.today(at).isoformat() for at in (before, after, before)]
    assert told == ["2026-06-01", "2026-06-02", "2026-06-01"]


def test_a_schedule_is_missing_once_deadlines_of_today_rest_on_it() -> None:
    counting = deadlines(closing=None)
    assert counting.missing_schedule(datetime(2026, 12, 22, 2, 0, tzinfo=UTC)) is None
    assert counting.missing_schedule(datetime(2026, 12, 23, 2, 0, tzinfo=UTC)) == 2027
    assert counting.missing_schedule(datetime(2027, 3, 1, 2, 0, tzinfo=UTC)) == 2027
    # An approved closing takes longer.
    assert deadlines().missing_schedule(datetime(2026, 12, 11, 2, 0, tzinfo=UTC)) == 2027
    counting.calendars = counting.calendars.with_overrides(Overrides("CN", {}, frozenset({2027})))
    assert counting.missing_schedule(datetime(2026, 12, 23, 2, 0, tzinfo=UTC)) is None
    by_days = deadlines(regimes=(regime("hk_40d"),), closing=None)
    assert by_days.missing_schedule(datetime(2026, 12, 23, 2, 0, tzinfo=UTC)) is None


# -- the operator's own date ---------------------------------------------------------------------


def test_reminders_follow_the_operators_own_date_and_its_passing_is_an_event() -> None:
    counting = deadlines(internal_days=2)
    ticket = running(counting)
    assert ticket.clock is not None
    assert counting.internal_date(ticket.clock) == date(2026, 6, 8)
    assert [(due.kind.value, due.at.isoformat()) for due in ticket.scheduled_events] == [
        ("remind_two", "2026-06-04T01:00:00+00:00"),
        ("remind_one", "2026-06-05T01:00:00+00:00"),
        ("internal_overdue", "2026-06-08T16:00:00+00:00"),
        ("overdue", "2026-06-10T16:00:00+00:00"),
    ]


def test_an_own_date_is_never_before_the_start() -> None:
    counting = deadlines(internal_days=9)
    clock = running(counting).clock
    assert clock is not None
    assert counting.internal_date(clock) == date(2026, 6, 1)
    assert deadlines().internal_date(clock) is None


def test_the_order_by_due_date_is_that_by_own_date() -> None:
    counting = deadlines(internal_days=3)
    starts = [NOW + timedelta(days=number) for number in range(160)]
    clocks = sorted(
        (clock for at in starts if (clock := running(counting, at).clock) is not None),
        key=lambda clock: clock.due_at,
    )
    own = [counting.internal_date(clock) for clock in clocks]
    assert own == sorted(day for day in own if day is not None)


# -- closing an account --------------------------------------------------------------------------


def approved(counting: Deadlines, at: datetime = NOW) -> Ticket:
    ticket = replace(running(counting), kind=RequestKind.DEREGISTRATION, answered_at=at)
    return counting.start_completion(replace(ticket, state=TicketState.FULFILLING), at)


def test_an_approved_closing_has_a_clock_and_alarms_of_its_own() -> None:
    ticket = approved(deadlines())
    assert ticket.completion is not None
    assert ticket.completion.to_record() | {"v": 1} == {
        "v": 1,
        "regime": "closing_15wd",
        "started_at": "2026-06-01T02:00:00+00:00",
        "unit": "working_days",
        "amount": 15,
        "calendar": "CN",
        "zone": "Asia/Shanghai",
        "due_date": "2026-06-23",
        "due_at": "2026-06-24T00:00:00+08:00",
        "provisional": False,
    }
    assert [(due.kind.value, due.at.isoformat()) for due in ticket.scheduled_events] == [
        ("completion_soon", "2026-06-18T01:00:00+00:00"),
        ("completion_overdue", "2026-06-23T16:00:00+00:00"),
    ]
    assert ticket.clock is not None
    assert ticket.clock.due_date == date(2026, 6, 10), "the answer keeps its own"
    assert ticket.urgent_at == ticket.completion.due_at


def test_an_operator_may_have_no_period_for_closings() -> None:
    ticket = approved(deadlines(closing=None))
    assert ticket.completion is None
    assert ticket.urgent_at is None


@pytest.mark.parametrize(
    ("state", "outcome", "closed", "late"),
    [
        (TicketState.FULFILLING, None, None, True),
        (TicketState.AWAITING_CONFIRMATION, None, None, False),
        (TicketState.CLOSED, Outcome.FULFILLED, datetime(2026, 6, 23, 15, tzinfo=UTC), False),
        (TicketState.CLOSED, Outcome.PARTLY_FULFILLED, datetime(2026, 6, 23, 16, tzinfo=UTC), True),
        (TicketState.CLOSED, Outcome.WITHDRAWN, datetime(2026, 6, 25, tzinfo=UTC), False),
    ],
)
def test_only_the_desks_own_time_is_late(
    state: TicketState, outcome: Outcome | None, closed: datetime | None, late: bool
) -> None:
    ticket = replace(approved(deadlines()), state=state, outcome=outcome, closed_at=closed)
    assert ticket.is_completed_late(datetime(2026, 6, 26, tzinfo=UTC)) is late


def test_a_provisional_completion_is_recounted_with_its_schedule() -> None:
    counting = deadlines()
    at = datetime(2026, 12, 21, 2, 0, tzinfo=UTC)
    ticket = approved(counting, at)
    assert ticket.completion is not None
    assert ticket.completion.provisional
    counting.calendars = counting.calendars.with_overrides(
        Overrides("CN", {date(2027, 1, 4): OverrideDay(False, "")}, frozenset({2027}))
    )
    settled = counting.recount_provisional(ticket, at)
    assert settled is not None
    assert settled.completion is not None
    assert not settled.completion.provisional
    assert settled.completion.due_date == ticket.completion.due_date + timedelta(days=1)
    assert settled.scheduled_events[-1].at == settled.completion.due_at


def test_days_follow_the_calendars_in_use() -> None:
    counting = deadlines()
    published = counting.calendars
    clock = running(counting).clock
    assert clock is not None
    before = counting.days(clock)
    assert before == recount_deadline(clock, published.get("CN")).days
    storm = before[3].date
    counting.calendars = published.with_overrides(
        Overrides("CN", {storm: OverrideDay(False, "storm")})
    )
    after = counting.days(clock)
    assert (after[3].working, after[3].count, after[3].name) == (False, None, "storm")
    assert after[-1].date > before[-1].date
    counting.calendars = published
    assert counting.days(clock) == before


def test_days_begin_on_the_date_in_the_zone_of_their_clock() -> None:
    counting = deadlines()
    evening, night = (running(counting, at).clock for at in (NOW.replace(hour=h) for h in (15, 16)))
    assert evening is not None
    assert night is not None
    assert [counting.days(clock)[0].date for clock in (evening, night)] == [
        date(2026, 6, 1),
        date(2026, 6, 2),
    ]
