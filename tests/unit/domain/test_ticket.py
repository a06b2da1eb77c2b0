from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from privacydesk.domain.clocks import Clock
from privacydesk.domain.deadlines import Unit, end_of_day
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import (
    Outcome,
    ScheduledEvent,
    ScheduledEventKind,
    Ticket,
    TicketState,
)
from privacydesk.domain.ticket_moves import Move, may, move
from privacydesk.domain.work import Work
from privacydesk.errors import NotAllowedNowError

NOW = datetime(2026, 6, 1, 2, 0, tzinfo=UTC)
SHANGHAI = "Asia/Shanghai"
OPEN = [state for state in TicketState if state is not TicketState.CLOSED]


def clock(due: date, regime: str = "operator_7wd") -> Clock:
    return Clock(
        regime=regime,
        started_at=NOW,
        unit=Unit.WORKING_DAYS,
        amount=7,
        calendar="CN",
        zone=SHANGHAI,
        due_date=due,
        due_at=end_of_day(due, ZoneInfo(SHANGHAI)),
        provisional=False,
    )


def ticket(state: TicketState = TicketState.IN_REVIEW, first_due: date | None = None) -> Ticket:
    return Ticket(
        id=TicketId(b"t" * 16),
        number="PD-1",
        conversation_id=ConversationId(b"c" * 16),
        kind=RequestKind.DELETION,
        state=state,
        received_at=NOW,
        locale="en",
        clocks=(clock(date(2026, 6, 10)),),
        scheduled_events=(ScheduledEvent(ScheduledEventKind.OVERDUE, NOW),),
        work=Work(first_due=first_due),
    )


@given(st.lists(st.sampled_from(Move), max_size=12))
def test_no_sequence_of_moves_leaves_the_machine_or_comes_back_from_closed(
    moves: Sequence[Move],
) -> None:
    one = ticket(TicketState.AWAITING_VERIFICATION)
    for place, trigger in enumerate(moves):
        if not may(one, trigger):
            with pytest.raises(NotAllowedNowError):
                move(one, trigger, NOW)
            continue
        before, one = one, move(one, trigger, NOW + timedelta(hours=place))
        assert before.is_open
        assert one.version == before.version + 1
        assert (one.outcome is None) == (one.closed_at is None) == one.is_open
        assert one.is_open or not one.scheduled_events


@pytest.mark.parametrize("trigger", Move)
def test_a_closed_ticket_takes_no_move(trigger: Move) -> None:
    assert not may(ticket(TicketState.CLOSED), trigger)


@pytest.mark.parametrize("state", OPEN)
def test_only_a_verified_ticket_is_released_and_only_an_approved_closing_confirmed(
    state: TicketState,
) -> None:
    reviewed = state in {TicketState.IN_REVIEW, TicketState.AWAITING_REQUESTER}
    assert may(ticket(state), Move.RELEASE) == reviewed
    assert may(ticket(state), Move.APPROVE) == reviewed
    assert may(ticket(state), Move.CONFIRM) == (state is TicketState.AWAITING_CONFIRMATION)
    assert may(ticket(state), Move.FULFIL) == (state is TicketState.FULFILLING)


def test_a_decision_stops_the_clock_once_and_a_question_does_not() -> None:
    asked = move(ticket(), Move.ASK_REQUESTER, NOW)
    assert asked.answered_at is None
    approved = move(asked, Move.APPROVE, NOW + timedelta(days=1))
    confirmed = move(approved, Move.CONFIRM, NOW + timedelta(days=3))
    assert approved.answered_at == confirmed.answered_at == NOW + timedelta(days=1)


def test_a_return_to_review_takes_the_answer_back() -> None:
    released = move(ticket(), Move.RELEASE, NOW)
    assert released.answered_at == NOW
    assert move(released, Move.RETURN_TO_REVIEW, NOW).answered_at is None


@pytest.mark.parametrize(
    ("trigger", "outcome"),
    [
        (Move.RESOLVE, Outcome.FULFILLED),
        (Move.REFUSE, Outcome.REFUSED),
        (Move.WITHDRAW, Outcome.WITHDRAWN),
        (Move.MARK_DUPLICATE, Outcome.DUPLICATE),
    ],
)
def test_closing_names_the_outcome(trigger: Move, outcome: Outcome) -> None:
    assert move(ticket(), trigger, NOW).outcome is outcome


LAST = datetime(2026, 6, 10, 15, 59, 59, tzinfo=UTC)
"""The last second of the due date in Shanghai."""


def test_a_ticket_is_late_from_the_end_of_its_due_date_in_the_operators_zone() -> None:
    assert not ticket().is_late(LAST)
    assert ticket().is_late(LAST + timedelta(seconds=1))


def test_an_answer_in_time_stays_in_time() -> None:
    answered = replace(ticket(), answered_at=LAST)
    assert not answered.is_late(LAST + timedelta(days=99))
    assert replace(ticket(), answered_at=LAST + timedelta(hours=1)).is_late(LAST)


def test_more_time_does_not_move_the_date_that_lateness_is_measured_by() -> None:
    extended = replace(ticket(first_due=date(2026, 6, 10)), clocks=(clock(date(2026, 6, 20)),))
    assert not extended.is_late(LAST)
    assert extended.is_late(LAST + timedelta(seconds=1))


def test_an_earlier_clock_of_another_regime_still_leads() -> None:
    two = replace(
        ticket(first_due=date(2026, 6, 10)),
        clocks=(clock(date(2026, 6, 20)), clock(date(2026, 6, 4), "other")),
    )
    assert two.is_late(datetime(2026, 6, 4, 16, 0, tzinfo=UTC))


def test_without_a_clock_nothing_is_late() -> None:
    waiting = replace(ticket(TicketState.AWAITING_VERIFICATION), clocks=())
    assert waiting.late_at is None
    assert not waiting.is_late(NOW + timedelta(days=999))
