"""The state machine of tickets: the moves between states, and which of them are permitted."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec.structs import replace
from transitions import Machine

from privacydesk.domain.tasks import end_tasks
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.errors import NotAllowedNowError


class Move(StrEnum):
    """The moves of a ticket: the triggers of its state machine."""

    VERIFY = "verify"
    """Identity (and guardianship) is verified, which starts the clocks."""
    HAND_IN = "hand_in"
    """Evidence was uploaded after filing, such as after earlier evidence was rejected."""
    ASK_REQUESTER = "ask_requester"
    REQUESTER_ANSWERED = "requester_answered"
    APPROVE = "approve"
    """Closing an account is approved; the user is asked to confirm."""
    CONFIRM = "confirm"
    """The user confirmed the approved closing."""
    RELEASE = "release"
    """The request is granted; the account service is asked to carry it out."""
    RESOLVE = "resolve"
    """Answered without a call to the account service, such as an explanation or a complaint."""
    FULFIL = "fulfil"
    FULFIL_PARTLY = "fulfil_partly"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    LAPSE = "lapse"
    MARK_DUPLICATE = "mark_duplicate"
    """Closed in favour of another ticket of the same person; only after verification."""
    RETURN_TO_REVIEW = "return_to_review"
    """The account service refused, a team could not do it, or a closing was confirmed under a legal
    hold; staff review it again."""


class _Cursor:
    """The mutable model that the state machine works on, since tickets are frozen."""

    __slots__ = ("state",)

    def __init__(self, state: TicketState) -> None:
        self.state = state.value


_S = TicketState

# Unlisted moves are refused. Callers that may be late (a lapse that races with a verification, an
# answer for a withdrawn ticket) must check ``may`` in the same transaction.
_TRANSITIONS: list[dict[str, Any]] = [
    {
        "trigger": Move.VERIFY,
        "source": _S.AWAITING_VERIFICATION.value,
        "dest": _S.IN_REVIEW.value,
    },
    {
        "trigger": Move.HAND_IN,
        "source": _S.AWAITING_VERIFICATION.value,
        "dest": _S.AWAITING_VERIFICATION.value,
    },
    {
        "trigger": Move.ASK_REQUESTER,
        "source": [_S.IN_REVIEW.value, _S.AWAITING_REQUESTER.value],
        "dest": _S.AWAITING_REQUESTER.value,
    },
    {
        "trigger": Move.REQUESTER_ANSWERED,
        "source": _S.AWAITING_REQUESTER.value,
        "dest": _S.IN_REVIEW.value,
    },
    {
        "trigger": Move.APPROVE,
        "source": [_S.IN_REVIEW.value, _S.AWAITING_REQUESTER.value],
        "dest": _S.AWAITING_CONFIRMATION.value,
    },
    {
        "trigger": Move.CONFIRM,
        "source": _S.AWAITING_CONFIRMATION.value,
        "dest": _S.FULFILLING.value,
    },
    {
        "trigger": Move.RELEASE,
        "source": [_S.IN_REVIEW.value, _S.AWAITING_REQUESTER.value],
        "dest": _S.FULFILLING.value,
    },
    {
        "trigger": Move.RESOLVE,
        "source": [_S.IN_REVIEW.value, _S.AWAITING_REQUESTER.value],
        "dest": _S.CLOSED.value,
    },
    {"trigger": Move.FULFIL, "source": _S.FULFILLING.value, "dest": _S.CLOSED.value},
    {"trigger": Move.FULFIL_PARTLY, "source": _S.FULFILLING.value, "dest": _S.CLOSED.value},
    {
        "trigger": Move.REFUSE,
        "source": [
            _S.AWAITING_VERIFICATION.value,
            _S.IN_REVIEW.value,
            _S.AWAITING_REQUESTER.value,
        ],
        "dest": _S.CLOSED.value,
    },
    {
        "trigger": Move.WITHDRAW,
        "source": [
            _S.AWAITING_VERIFICATION.value,
            _S.IN_REVIEW.value,
            _S.AWAITING_REQUESTER.value,
            _S.AWAITING_CONFIRMATION.value,
        ],
        "dest": _S.CLOSED.value,
    },
    {
        "trigger": Move.LAPSE,
        "source": [_S.AWAITING_VERIFICATION.value, _S.AWAITING_CONFIRMATION.value],
        "dest": _S.CLOSED.value,
    },
    {
        "trigger": Move.MARK_DUPLICATE,
        "source": [_S.IN_REVIEW.value, _S.AWAITING_REQUESTER.value],
        "dest": _S.CLOSED.value,
    },
    {
        "trigger": Move.RETURN_TO_REVIEW,
        "source": [_S.FULFILLING.value, _S.AWAITING_CONFIRMATION.value],
        "dest": _S.IN_REVIEW.value,
    },
]

_MACHINE = Machine(
    model=None,
    states=[s.value for s in TicketState],
    transitions=_TRANSITIONS,
    initial=_S.AWAITING_VERIFICATION.value,
    auto_transitions=False,
    send_event=False,
)

_OUTCOMES: dict[Move, Outcome] = {
    Move.RESOLVE: Outcome.FULFILLED,
    Move.FULFIL: Outcome.FULFILLED,
    Move.FULFIL_PARTLY: Outcome.PARTLY_FULFILLED,
    Move.REFUSE: Outcome.REFUSED,
    Move.WITHDRAW: Outcome.WITHDRAWN,
    Move.LAPSE: Outcome.LAPSED,
    Move.MARK_DUPLICATE: Outcome.DUPLICATE,
}

# Moves that give the requester the decision. Acknowledgements and questions don't count: policy
# article 9 promises a reply.
_ANSWERS = frozenset({Move.APPROVE, Move.RELEASE, Move.RESOLVE, Move.REFUSE})


def may(ticket: Ticket, move: Move) -> bool:
    """Return whether the ticket's state permits ``move``."""
    return ticket.state.value in _MACHINE.events[move.value].transitions


def move(ticket: Ticket, trigger: Move, now: datetime) -> Ticket:
    """Return the ticket after ``trigger``.

    A decision sets ``answered_at``, and a return to review clears it and ``completion``; then no
    task settles the ticket until the next decision.
    Closing sets the outcome, clears ``scheduled_events`` and withdraws open tasks.

    Raises:
        NotAllowedNowError: the ticket's state does not permit the move.
    """
    if not may(ticket, trigger):
        raise NotAllowedNowError(
            f"a ticket in state {ticket.state.value} can't take {trigger.value}",
            state=ticket.state.value,
            move=trigger.value,
        )
    cursor = _Cursor(ticket.state)
    _MACHINE.events[trigger.value].trigger(cursor)
    state = TicketState(cursor.state)
    changed = replace(ticket, state=state, version=ticket.version + 1)
    if trigger in _ANSWERS and changed.answered_at is None:
        changed = replace(changed, answered_at=now)
    if trigger is Move.RETURN_TO_REVIEW:
        changed = replace(
            changed,
            answered_at=None,
            completion=None,
            tasks=tuple(replace(task, settles=False) for task in changed.tasks),
        )
    if state is TicketState.CLOSED:
        changed = replace(
            changed,
            closed_at=now,
            outcome=_OUTCOMES[trigger],
            scheduled_events=(),
            tasks=end_tasks(changed.tasks, now),
        )
    return changed
