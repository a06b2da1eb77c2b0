"""Preconditions of decisions: what keeps an agent from deciding a ticket, as a list and as errors.

The console shows the list and disables its button. The service checks the same preconditions while
the ticket is locked, so a stale page or a command can't bypass them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.agents import Agent
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.retention import is_held
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.services import plans

_UNDECIDED = frozenset({TicketState.IN_REVIEW, TicketState.AWAITING_REQUESTER})


class Refusal(Struct, frozen=True):
    """Why a request or item is refused.

    Attributes:
        ground: one of the policy's seven grounds (article 7, section 6); None until one is chosen.
        reason: the explanation for the requester.
        granted: which part of the item is granted all the same, in plain words; empty if none is.
    """

    ground: Ground | None = None
    reason: str = ""
    granted: str = ""


class Verdict(Struct, frozen=True):
    """What an agent decides on a ticket. Proposals store it, so its fields keep their names.

    Attributes:
        text: the answer, for requests that are answered in writing.
        account: the account that the ticket is about, if it names none or staff named a wrong
            one; empty to keep the ticket's account.
        whole: the refusal of the whole request; None if it is granted at least in part.
        refused: the refusals of single items, or of parts of them, by their indexes in
            ``Ticket.items``; the other items are granted.
        withhold: whether the requester is not told the ground, only the clause with all grounds.
        abuse_requests: for the ground of abuse, the numbers of the requests that show it.
        abuse_facts: what they show, for staff.
        carried_out: whether everything that is granted and that no program carries out is done;
            else the ticket stays open until it is.
    """

    text: str = ""
    account: str = ""
    whole: Refusal | None = None
    refused: Mapping[int, Refusal] = field(default_factory=dict)
    withhold: bool = False
    abuse_requests: tuple[str, ...] = ()
    abuse_facts: str = ""
    carried_out: bool = False

    def refusal_of(self, index: int) -> Refusal | None:
        """Return the refusal of an item of the ticket, or of the rest; None if it is granted."""
        return self.whole or self.refused.get(index)

    def refuses_all(self, ticket: Ticket) -> bool:
        """Return whether everything a ticket asks for is refused."""
        if self.whole is not None:
            return True
        indexes = range(len(ticket.items))
        return bool(ticket.items) and all(
            index in self.refused and not self.refused[index].granted for index in indexes
        )

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """The refusal of the whole request, or those of single items."""
        return (self.whole,) if self.whole is not None else tuple(self.refused.values())

    @property
    def claims_abuse(self) -> bool:
        """Whether something is refused as malicious or abusive."""
        return any(one.ground is Ground.MALICE_OR_ABUSE for one in self.refusals)

    @property
    def may_reveal(self) -> bool:
        """Whether it names a ground that may reveal an investigation."""
        grounds = (refusal.ground for refusal in self.refusals)
        return not self.withhold and any(one is not None and one.may_be_withheld for one in grounds)


class DecisionBlocker(StrEnum):
    """Why an agent can't decide a ticket this way."""

    VERIFICATION = "verification"
    """The requester's identity is not verified yet."""
    EXAMINATION = "examination"
    """Evidence waits to be examined."""
    DECIDED = "decided"
    OTHER_REVIEWER = "other_reviewer"
    """The agent took part in the decision that the ticket objects to."""
    HOLD = "hold"
    """The decision would take away what a legal hold on the request or its account keeps."""
    ANSWER = "answer"
    CHILD = "child"
    """A child filed the request without a guardian: only a supervisor may grant it."""
    CHILD_ACCOUNT = "child_account"
    DECEASED_ACCOUNT = "deceased_account"
    OTHER_ACCOUNT = "other_account"
    """The verdict replaces an account that the requester has proved to be theirs."""
    GROUND = "ground"
    REASON = "reason"
    ABUSE_EVIDENCE = "abuse_evidence"
    """Abuse needs evidence on record: which requests, when, and what they show."""
    NAMED_GROUND = "named_ground"
    """Only grounds 1 to 3 may be withheld."""
    SUPERVISOR = "supervisor"
    """Only a supervisor may withhold a ground."""
    WHOLE = "whole"
    """An account is closed or not: it can't be closed in part."""
    TASKS = "tasks"
    """A team still works on what is said to be carried out."""


def find_decision_blockers(
    ticket: Ticket,
    agent: Agent,
    verdict: Verdict | None = None,
    *,
    held: Collection[str] = (),
) -> tuple[DecisionBlocker, ...]:
    """Return what keeps an agent from deciding a ticket.

    Args:
        ticket: the ticket.
        agent: the agent who decides.
        verdict: their decision; None for the blockers that don't depend on it.
        held: the accounts that the decision may be about and that are under a legal hold.
    """
    refused = verdict is not None and verdict.refuses_all(ticket)
    blockers = _ticket_blockers(ticket, agent, refused=refused)
    if verdict is not None:
        blockers += _verdict_blockers(ticket, agent, verdict, held)
    return tuple(blockers)


def _ticket_blockers(ticket: Ticket, agent: Agent, *, refused: bool) -> list[DecisionBlocker]:
    blockers = []
    if ticket.state is TicketState.AWAITING_VERIFICATION:
        # Refusing a request does not require a verified identity.
        if not refused:
            blockers.append(
                DecisionBlocker.EXAMINATION
                if ticket.has_unexamined_evidence
                else DecisionBlocker.VERIFICATION
            )
    elif ticket.state not in _UNDECIDED:
        blockers.append(DecisionBlocker.DECIDED)
    if agent.name in ticket.excluded_reviewers:
        blockers.append(DecisionBlocker.OTHER_REVIEWER)
    if ticket.is_filed_by_child and not refused and not agent.supervises:
        blockers.append(DecisionBlocker.CHILD)
    return blockers


def _verdict_blockers(
    ticket: Ticket, agent: Agent, verdict: Verdict, held: Collection[str]
) -> list[DecisionBlocker]:
    blockers = _refusal_blockers(ticket, agent, verdict)
    account = verdict.account.strip()
    if account not in ("", ticket.account) and not ticket.may_name_account:
        blockers.append(DecisionBlocker.OTHER_ACCOUNT)
    if not verdict.refuses_all(ticket):
        decided = apply_verdict(ticket, agent, verdict)
        blockers += _execution_blockers(decided, verdict, held)
        if verdict.carried_out and any(
            concerns_granted(decided, task) for task in ticket.open_tasks
        ):
            blockers.append(DecisionBlocker.TASKS)
    return blockers


def _refusal_blockers(ticket: Ticket, agent: Agent, verdict: Verdict) -> list[DecisionBlocker]:
    """Return what keeps an agent from refusing what the verdict refuses."""
    blockers = []
    grounds = [refusal.ground for refusal in verdict.refusals]
    if None in grounds:
        blockers.append(DecisionBlocker.GROUND)
    if any(not refusal.reason.strip() for refusal in verdict.refusals):
        blockers.append(DecisionBlocker.REASON)
    if ticket.kind is RequestKind.DEREGISTRATION and any(one.granted for one in verdict.refusals):
        blockers.append(DecisionBlocker.WHOLE)
    if verdict.claims_abuse and not (verdict.abuse_requests and verdict.abuse_facts.strip()):
        blockers.append(DecisionBlocker.ABUSE_EVIDENCE)
    if verdict.withhold:
        if any(ground is not None and not ground.may_be_withheld for ground in grounds):
            blockers.append(DecisionBlocker.NAMED_GROUND)
        if not agent.supervises:
            blockers.append(DecisionBlocker.SUPERVISOR)
    return blockers


def concerns_granted(ticket: Ticket, task: Task) -> bool:
    """Return whether a decided ticket grants something of what a task is about."""
    return not task.items or any(ticket.items[index].decision != "refuse" for index in task.items)


def _execution_blockers(
    ticket: Ticket, verdict: Verdict, held: Collection[str]
) -> list[DecisionBlocker]:
    """Return what keeps a granted request from being carried out."""
    if is_held(ticket, held) and plans.destroys(ticket):
        return [DecisionBlocker.HOLD]
    if verdict.text.strip() or not grant_needs_written_answer(ticket):
        return []
    if not ticket.account and ticket.kind is RequestKind.GUARDIAN:
        return [DecisionBlocker.CHILD_ACCOUNT]
    if not ticket.account and ticket.kind is RequestKind.DECEASED:
        return [DecisionBlocker.DECEASED_ACCOUNT]
    return [DecisionBlocker.ANSWER]


def check_hold(ticket: Ticket, task: Task, held: Collection[str]) -> None:
    """Check that what a team carries out for a granted ticket takes away nothing that is held.

    Raises:
        DeskError: ``NOT_ALLOWED_NOW`` with the reason ``lack_hold``.
    """
    if is_held(ticket, held) and plans.task_destroys(ticket, task):
        raise _error(DecisionBlocker.HOLD)


def may_be_granted_in_part(ticket: Ticket) -> bool:
    """Return whether some of what a ticket asks for can be granted and the rest refused."""
    return bool(ticket.items) and ticket.kind is not RequestKind.DEREGISTRATION


def grant_needs_written_answer(ticket: Ticket) -> bool:
    """Return whether an agent who grants a ticket has to write the answer."""
    if ticket.kind is RequestKind.DEREGISTRATION:
        return False
    return not plans.plan_calls(ticket) or plans.needs_written_answer(ticket)


def apply_verdict(ticket: Ticket, agent: Agent, verdict: Verdict) -> Ticket:
    """Return the ticket with the verdict on its items; its state does not change yet."""
    items = []
    for index, item in enumerate(ticket.items):
        refusal = verdict.refusal_of(index)
        if refusal is None:
            items.append(replace(item, decision="grant", ground=None, reason="", granted=""))
        else:
            reason, granted = refusal.reason.strip(), refusal.granted.strip()
            decision = "grant" if granted else "refuse"
            items.append(
                replace(
                    item,
                    decision=decision,
                    ground=refusal.ground,
                    reason=reason,
                    granted=granted,
                )
            )
    ground = verdict.whole.ground if verdict.whole is not None else None
    work = replace(ticket.work, decided_by=agent.name)
    account = verdict.account.strip() if ticket.may_name_account else ""
    if account not in ("", ticket.account):
        work = replace(work, account_named_by=agent.name)
    if ground is not None and not items:
        work = replace(work, ground=ground)
    return replace(
        ticket,
        account=account or ticket.account,
        items=tuple(items),
        work=work,
        holder=holder_after_decision(ticket, agent),
    )


def holder_after_decision(ticket: Ticket, agent: Agent) -> str:
    """Return who holds a ticket that an agent has decided: they do, unless a program decided it."""
    return ticket.holder if ticket.holder and agent.is_program else agent.name


_ERRORS: Mapping[DecisionBlocker, tuple[str, ErrorCode]] = {
    DecisionBlocker.VERIFICATION: ("nobody has shown yet who asks", ErrorCode.NOT_ALLOWED_NOW),
    DecisionBlocker.EXAMINATION: (
        "its evidence has to be examined first",
        ErrorCode.NOT_ALLOWED_NOW,
    ),
    DecisionBlocker.DECIDED: ("this ticket is decided already", ErrorCode.NOT_ALLOWED_NOW),
    DecisionBlocker.OTHER_REVIEWER: (
        "an objection is decided by someone else than who took part in the first decision",
        ErrorCode.FORBIDDEN,
    ),
    DecisionBlocker.HOLD: (
        "a legal hold keeps what this would take away",
        ErrorCode.NOT_ALLOWED_NOW,
    ),
    DecisionBlocker.ANSWER: (
        "this request is answered in words: give the answer as text",
        ErrorCode.INVALID_REQUEST,
    ),
    DecisionBlocker.CHILD: (
        "by the birthday in the account a child asks: without a guardian a supervisor decides",
        ErrorCode.FORBIDDEN,
    ),
    DecisionBlocker.CHILD_ACCOUNT: (
        "name the child's account, or give the answer as text if there is none",
        ErrorCode.INVALID_REQUEST,
    ),
    DecisionBlocker.DECEASED_ACCOUNT: (
        "name the deceased person's account, or give the answer as text if there is none",
        ErrorCode.INVALID_REQUEST,
    ),
    DecisionBlocker.OTHER_ACCOUNT: (
        "this request is about another account, which its requester showed to be theirs",
        ErrorCode.CONFLICT,
    ),
    DecisionBlocker.GROUND: ("a refusal needs one of the seven grounds", ErrorCode.INVALID_REQUEST),
    DecisionBlocker.REASON: ("a refusal needs a reason in plain words", ErrorCode.INVALID_REQUEST),
    DecisionBlocker.ABUSE_EVIDENCE: (
        "the ground of abuse needs evidence: which requests show it, and what they show",
        ErrorCode.INVALID_REQUEST,
    ),
    DecisionBlocker.NAMED_GROUND: ("this ground has to be named", ErrorCode.INVALID_REQUEST),
    DecisionBlocker.SUPERVISOR: ("this takes a supervisor", ErrorCode.FORBIDDEN),
    DecisionBlocker.WHOLE: (
        "an account can't be closed in part: grant or refuse the whole request",
        ErrorCode.INVALID_REQUEST,
    ),
    DecisionBlocker.TASKS: (
        "a team still works on it: withdraw the task, or let the request stay open",
        ErrorCode.NOT_ALLOWED_NOW,
    ),
}


def check(ticket: Ticket, agent: Agent, verdict: Verdict, *, held: Collection[str] = ()) -> None:
    """Check that an agent may decide a ticket with this verdict.

    Raises:
        DeskError: for the first blocker; ``reason`` is ``lack_`` followed by its name.
    """
    for blocker in find_decision_blockers(ticket, agent, verdict, held=held):
        raise _error(blocker)


def _error(blocker: DecisionBlocker) -> DeskError:
    message, code = _ERRORS[blocker]
    return DeskError(message, code=code, reason=f"lack_{blocker.value}")
