"""What a requester may do with a request at any time: its buttons, which carry its number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from privacydesk.dialog.rules import Rules
from privacydesk.domain.events import Choice, ChoiceStyle
from privacydesk.domain.ticket import Outcome, Requester, Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, may

PREFIX: Final = "desk:request:"
"""The prefix of the buttons; the action and the request's number follow."""

PACKAGE: Final = "desk:package:"
"""The prefix of a file's button; the request's number and the file's place follow."""

SPLIT: Final = ":"
"""Separates the two."""


class RequestAction(StrEnum):
    """What a button does with its request."""

    ADD = "add"
    ASK = "ask"
    OBJECT = "object"
    VERIFY = "verify"
    WITHDRAW = "withdraw"


_LABELS: Final[Mapping[RequestAction, str]] = {
    RequestAction.ADD: "ticket.action_add",
    RequestAction.ASK: "ticket.action_ask",
    RequestAction.OBJECT: "ticket.action_object",
    RequestAction.VERIFY: "ticket.action_verify",
    RequestAction.WITHDRAW: "ticket.action_withdraw",
}
"""The key of each button's label."""

_DECIDED: Final = frozenset({Outcome.REFUSED, Outcome.PARTLY_FULFILLED, Outcome.FULFILLED})


def actions_of(ticket: Ticket, rules: Rules, now: datetime) -> tuple[Choice, ...]:
    """Return the buttons for what its requester may do with a ticket now."""
    if ticket.purged_at is not None:
        return ()
    actions = [_package(ticket, now)] if ticket.packages else []
    if lacks_proof(ticket):
        actions.append(_button(ticket, RequestAction.VERIFY, ChoiceStyle.PRIMARY))
    if may_be_added_to(ticket):
        asked = ticket.state is TicketState.AWAITING_REQUESTER
        style = ChoiceStyle.PRIMARY if asked else ChoiceStyle.PLAIN
        actions.append(_button(ticket, RequestAction.ADD, style))
    if is_objection_offered(ticket, rules, now):
        actions.append(object_choice(ticket))
    if ticket.is_open or ticket.outcome in _DECIDED:
        actions.append(_button(ticket, RequestAction.ASK))
    if may(ticket, Move.WITHDRAW):
        actions.append(_button(ticket, RequestAction.WITHDRAW, ChoiceStyle.DANGER))
    return tuple(action for action in actions if action is not None)


def object_choice(ticket: Ticket) -> Choice:
    """Return the button for an objection to a decision."""
    return _button(ticket, RequestAction.OBJECT)


def _button(
    ticket: Ticket, action: RequestAction, style: ChoiceStyle = ChoiceStyle.PLAIN
) -> Choice:
    key = action_label(action, ticket)
    return Choice(id=f"{PREFIX}{action}{SPLIT}{ticket.number}", key=key, style=style)


def action_label(action: RequestAction, ticket: Ticket) -> str:
    """Return the key of an action's label on a ticket's card."""
    if action is RequestAction.ADD and ticket.state is TicketState.AWAITING_REQUESTER:
        return "ticket.action_answer"
    return _LABELS[action]


def _package(ticket: Ticket, now: datetime) -> Choice | None:
    """Return the button of a ticket's newest file; None if it is no longer there."""
    if not ticket.packages[-1].is_available(now):
        return None
    place = len(ticket.packages)
    return Choice(
        id=f"{PACKAGE}{ticket.number}{SPLIT}{place}", key="package.get", style=ChoiceStyle.PRIMARY
    )


def read_choice(choice: str) -> tuple[RequestAction, str] | None:
    """Return the action and the request's number that a button carries; None for others."""
    action, _, number = choice.removeprefix(PREFIX).partition(SPLIT)
    if not choice.startswith(PREFIX) or action not in set(RequestAction):
        return None
    return RequestAction(action), number


def lacks_proof(ticket: Ticket) -> bool:
    """Whether a ticket waits for its requester to prove who they are, and not for staff."""
    return ticket.state is TicketState.AWAITING_VERIFICATION and "document" not in ticket.flags


def may_be_added_to(ticket: Ticket) -> bool:
    """Whether its requester may still add words or files to a ticket."""
    return ticket.is_open


def last_objection_day(rules: Rules, ticket: Ticket) -> date | None:
    """Return the last day on which a closed ticket's decision may be objected to.

    None if nobody has the right: those who report another person are owed no decision about them.
    """
    if ticket.closed_at is None or ticket.requester is Requester.STRANGER:
        return None
    last = ticket.closed_at + timedelta(days=rules.objection_days)
    return last.astimezone(ZoneInfo(rules.zone)).date()


def is_objection_offered(ticket: Ticket, rules: Rules, now: datetime) -> bool:
    """Whether a decision may be objected to and was not, so that its card offers it."""
    is_kept = ticket.purged_at is None
    return is_kept and not ticket.work.objection and is_objectionable(rules, ticket, now)


def is_objectionable(rules: Rules, ticket: Ticket, now: datetime) -> bool:
    """Whether a ticket's decision may still be objected to."""
    until = last_objection_day(rules, ticket)
    if ticket.state is not TicketState.CLOSED or until is None or ticket.outcome not in _DECIDED:
        return False
    return now.astimezone(ZoneInfo(rules.zone)).date() <= until
