"""The gate before a decision: what is still missing, as a list, and as an error.

The console shows the list and disables its button; the service checks the same list under the
lock, so neither a stale page nor a command gets past it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.agents import Agent
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services import plans

_UNDECIDED = frozenset({TicketState.IN_REVIEW, TicketState.AWAITING_REQUESTER})
_DESTROYING = frozenset({AccountAction.DELETE, AccountAction.DEREGISTER})


class Refusal(Struct, frozen=True):
    """Why a request or item is refused.

    Attributes:
        ground: one of the policy's seven (article 7, section 6); None until it is chosen.
        reason: plain words for the requester.
    """

    ground: Ground | None = None
    reason: str = ""


class Verdict(Struct, frozen=True):
    """What an agent decides on a ticket.

    Attributes:
        text: the answer, for requests answered in words.
        account: the account it is about, where the ticket names none yet or staff named a wrong
            one; empty to leave it as it is.
        whole: why the request is refused as a whole; None where it is not.
        refused: index in ``Ticket.items`` to why that item is refused; the others are granted.
        withhold: cite the clause as a whole instead of naming grounds that may be withheld.
    """

    text: str = ""
    account: str = ""
    whole: Refusal | None = None
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    withhold: bool = False

    def refuses(self, place: int) -> Refusal | None:
        """Return why an item is refused; None where it is granted."""
        return self.whole or self.refused.get(place)

    def refuses_all(self, ticket: Ticket) -> bool:
        """Return whether everything a ticket asks for is refused."""
        if self.whole is not None:
            return True
        return bool(ticket.items) and all(n in self.refused for n in range(len(ticket.items)))

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """All refusals in it."""
        return (self.whole,) if self.whole is not None else tuple(self.refused.values())


class Lack(StrEnum):
    """What keeps a ticket from being decided."""

    VERIFICATION = "verification"
    """The requester's identity is not verified yet."""
    EXAMINATION = "examination"
    """Evidence waits to be examined."""
    DECIDED = "decided"
    OTHER_REVIEWER = "other_reviewer"
    """An objection is decided by someone who took no part in the first decision."""
    HOLD = "hold"
    """What is asked would destroy what has to be kept for a dispute."""
    ANSWER = "answer"
    CHILD = "child"
    """A child asks without a guardian: only a supervisor may grant it."""
    CHILD_ACCOUNT = "child_account"
    OTHER_ACCOUNT = "other_account"
    """An account that the requester proved to be theirs is not replaced by another."""
    GROUND = "ground"
    REASON = "reason"
    NAMED_GROUND = "named_ground"
    """Only grounds 1 to 3 may stay unnamed."""
    SUPERVISOR = "supervisor"
    """Leaving a ground unnamed takes a supervisor."""


def lacking(ticket: Ticket, agent: Agent, verdict: Verdict | None = None) -> tuple[Lack, ...]:
    """Return what is missing before ``agent`` may decide a ticket this way.

    Args:
        ticket: as it stands.
        agent: who decides.
        verdict: the decision; without one, only what no verdict could fix is listed.
    """
    refused = verdict is not None and verdict.refuses_all(ticket)
    lacks = _standing(ticket, agent, refused=refused)
    if verdict is not None:
        lacks += _unsaid(ticket, agent, verdict)
    return tuple(lacks)


def _standing(ticket: Ticket, agent: Agent, *, refused: bool) -> list[Lack]:
    lacks = []
    if ticket.state is TicketState.AWAITING_VERIFICATION:
        # A refusal needs no proof of who asks.
        if not refused:
            lacks.append(Lack.EXAMINATION if ticket.to_examine else Lack.VERIFICATION)
    elif ticket.state not in _UNDECIDED:
        lacks.append(Lack.DECIDED)
    if agent.name in ticket.reviewer_not:
        lacks.append(Lack.OTHER_REVIEWER)
    if ticket.is_childs_own and not refused and not agent.supervises:
        lacks.append(Lack.CHILD)
    return lacks


def _unsaid(ticket: Ticket, agent: Agent, verdict: Verdict) -> list[Lack]:
    lacks = []
    grounds = [one.ground for one in verdict.refusals]
    if None in grounds:
        lacks.append(Lack.GROUND)
    if any(not one.reason.strip() for one in verdict.refusals):
        lacks.append(Lack.REASON)
    if verdict.withhold:
        if any(one is not None and not one.may_be_withheld for one in grounds):
            lacks.append(Lack.NAMED_GROUND)
        if not agent.supervises:
            lacks.append(Lack.SUPERVISOR)
    named = verdict.account.strip()
    if named not in ("", ticket.account) and not ticket.account_is_open:
        lacks.append(Lack.OTHER_ACCOUNT)
    if not verdict.refuses_all(ticket):
        lacks += _undoable(judged(ticket, agent, verdict), verdict)
    return lacks


def _undoable(ticket: Ticket, verdict: Verdict) -> list[Lack]:
    """Return what is missing to carry out what is granted."""
    planned = plans.plan(ticket)
    if "hold" in ticket.flags and any(one.action in _DESTROYING for one in planned):
        return [Lack.HOLD]
    if verdict.text.strip() or not answered_in_words(ticket):
        return []
    if ticket.kind is RequestKind.GUARDIAN and not ticket.account:
        return [Lack.CHILD_ACCOUNT]
    return [Lack.ANSWER]


def answered_in_words(ticket: Ticket) -> bool:
    """Return whether granting a ticket, as it stands, means to answer it in words."""
    if ticket.kind is RequestKind.DEREGISTRATION:
        return False
    return not plans.plan(ticket) or plans.leaves_words(ticket)


def judged(ticket: Ticket, agent: Agent, verdict: Verdict) -> Ticket:
    """Return a ticket with a verdict on its items; it is not moved yet."""
    items = []
    for place, item in enumerate(ticket.items):
        refusal = verdict.refuses(place)
        if refusal is None:
            items.append(replace(item, decision="grant", ground=None, reason=""))
        else:
            reason = refusal.reason.strip()
            items.append(replace(item, decision="refuse", ground=refusal.ground, reason=reason))
    whole = verdict.whole.ground if verdict.whole is not None else None
    work = replace(ticket.work, decided_by=agent.name)
    named = verdict.account.strip() if ticket.account_is_open else ""
    if named not in ("", ticket.account):
        work = replace(work, account_named_by=agent.name)
    if whole is not None and not items:
        work = replace(work, ground=whole)
    return replace(
        ticket,
        account=named or ticket.account,
        items=tuple(items),
        work=work,
        holder=ticket.holder or agent.name,
    )


_TOLD: Mapping[Lack, tuple[str, ErrorCode]] = {
    Lack.VERIFICATION: ("nobody has shown yet who asks", ErrorCode.NOT_ALLOWED_NOW),
    Lack.EXAMINATION: ("its evidence has to be examined first", ErrorCode.NOT_ALLOWED_NOW),
    Lack.DECIDED: ("this ticket is decided already", ErrorCode.NOT_ALLOWED_NOW),
    Lack.OTHER_REVIEWER: (
        "an objection is decided by someone else than who took part in the first decision",
        ErrorCode.FORBIDDEN,
    ),
    Lack.HOLD: ("a hold keeps what this would delete", ErrorCode.NOT_ALLOWED_NOW),
    Lack.ANSWER: (
        "this request is answered in words: give the answer as text",
        ErrorCode.INVALID_REQUEST,
    ),
    Lack.CHILD: (
        "by the birthday in the account a child asks: without a guardian a supervisor decides",
        ErrorCode.FORBIDDEN,
    ),
    Lack.CHILD_ACCOUNT: (
        "name the child's account, or give the answer as text if there is none",
        ErrorCode.INVALID_REQUEST,
    ),
    Lack.OTHER_ACCOUNT: (
        "this request is about another account, which its requester showed to be theirs",
        ErrorCode.CONFLICT,
    ),
    Lack.GROUND: ("a refusal needs one of the seven grounds", ErrorCode.INVALID_REQUEST),
    Lack.REASON: ("a refusal needs a reason in plain words", ErrorCode.INVALID_REQUEST),
    Lack.NAMED_GROUND: ("this ground has to be named", ErrorCode.INVALID_REQUEST),
    Lack.SUPERVISOR: ("this takes a supervisor", ErrorCode.FORBIDDEN),
}


def check(ticket: Ticket, agent: Agent, verdict: Verdict) -> None:
    """Raise if something is missing for a decision.

    Raises:
        DeskError: the first thing that is missing, with ``reason`` naming it.
    """
    for lack in lacking(ticket, agent, verdict):
        message, code = _TOLD[lack]
        raise DeskError(message, code=code, reason=f"lack_{lack.value}")
