"""Decisions on tickets: granting a request, or refusing it with ground and reason.

For the request kinds that the operator configures, a second agent has to confirm the decision:
the first agent's decision is stored on the ticket as a proposal. Once a second agent confirms it,
it is carried out and the user is informed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace as replace_dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from privacydesk.domain.agents import Agent
from privacydesk.domain.events import Event
from privacydesk.domain.grounds import AbuseEvidence, AbusiveRequest, Ground
from privacydesk.domain.intents import FOR_OTHERS, RequestKind
from privacydesk.domain.tasks import Team
from privacydesk.domain.ticket import Outcome, ScheduledEvent, ScheduledEventKind, Ticket
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.domain.work import ProposedDecision
from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    NotAllowedNowError,
    StaleError,
)
from privacydesk.services import plans
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.alarms import Alarms
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.row_builders import OutboxRowBuilder
from privacydesk.services.staff import preconditions
from privacydesk.services.staff.actions import (
    DecisionFunction,
    DecisionResult,
    LogEntryDraft,
    StaffActions,
)
from privacydesk.services.staff.evidence import EvidenceFiles, evidence_not_opened
from privacydesk.services.staff.granted_tasks import GrantedTasks
from privacydesk.services.staff.handling import optional_text, require_text
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.staff.roster import Roster, check_works
from privacydesk.services.staff.staleness import CasePart, Guard, SeenState
from privacydesk.services.staff.ticket_lookup import TicketLookup

SECOND_EYES = FOR_OTHERS | {RequestKind.DEREGISTRATION}
"""Kinds whose decisions a second agent confirms unless the operator configures others."""

_PARTS_TO_DECIDE: Final = (CasePart.REQUEST, CasePart.FILES, CasePart.HOLDER)
"""The parts of a case that have to be unchanged when it is decided."""
_PARTS_TO_CONFIRM: Final = (CasePart.REQUEST, CasePart.FILES, CasePart.PROPOSAL)
"""The parts of a case that have to be unchanged when a decision is confirmed."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision that waits for a second agent.

    Attributes:
        by: the name of the agent who proposed it.
        verdict: the proposed decision.
        program: whether the agent is a program, which does not count as one of the two.
    """

    by: str
    verdict: Verdict
    program: bool = False


def proposal_of(ticket: Ticket) -> Proposal | None:
    """Return the decision on a ticket that waits for a second agent; None if there is none."""
    stored = ticket.work.proposal
    if stored is None:
        return None
    verdict = msgspec.convert(stored.verdict, Verdict, strict=False)
    return Proposal(stored.by, verdict, stored.program)


class Decisions:
    """Decides tickets, and confirms or rejects proposed decisions.

    Args:
        roster: finds agents and checks their roles.
        tickets: finds tickets.
        evidence: knows which evidence an agent has opened.
        actions: commits decisions.
        row_builder: builds the rows of account service calls.
        holds: finds the legal holds on accounts.
        deadlines: knows how long an approval is valid, and when it has to be carried out.
        second_eyes: the request kinds whose decisions a second agent has to confirm.
        alarms: creates staff alarms.
        teams: the operator's teams, by name.
    """

    def __init__(
        self,
        *,
        roster: Roster,
        tickets: TicketLookup,
        evidence: EvidenceFiles,
        actions: StaffActions,
        row_builder: OutboxRowBuilder,
        holds: AccountRequests,
        deadlines: Deadlines,
        second_eyes: frozenset[RequestKind],
        alarms: Alarms,
        teams: Mapping[str, Team],
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._evidence = evidence
        self._actions = actions
        self._row_builder = row_builder
        self._holds = holds
        self._deadlines = deadlines
        self._second_eyes = second_eyes
        self._alarms = alarms
        self._granted = GrantedTasks(deadlines, teams)

    # -- deciding --------------------------------------------------------------------------

    async def grant(
        self,
        number: str,
        by: str,
        *,
        text: str = "",
        account: str = "",
        carried_out: bool = False,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Grant a whole request; see ``decide``.

        Args:
            number: the ticket's number.
            by: the name of the agent who decides.
            text: the answer, for requests that are answered in writing.
            account: the account that the ticket is about, if it names none yet.
            carried_out: whether what no program carries out is done.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the agent saw; None to skip the check.
        """
        verdict = Verdict(text=text, account=account, carried_out=carried_out)
        return await self.decide(number, by, verdict, job_id=job_id, seen=seen)

    async def refuse(
        self,
        number: str,
        by: str,
        *,
        ground: Ground,
        reason: str,
        withhold: bool = False,
        abuse_requests: tuple[str, ...] = (),
        abuse_facts: str = "",
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Refuse a whole request; see ``decide``.

        Args:
            number: the ticket's number.
            by: the name of the agent who decides.
            ground: one of the policy's seven grounds (article 7, section 6); always recorded.
            reason: the explanation for the requester.
            withhold: whether the requester is not told the ground, only the clause with all
                grounds; only for grounds 1 to 3, and only by a supervisor.
            abuse_requests: for the ground of abuse, the numbers of the requests that show it.
            abuse_facts: what they show, for staff.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the agent saw; None to skip the check.
        """
        verdict = Verdict(
            whole=Refusal(ground, reason),
            withhold=withhold,
            abuse_requests=abuse_requests,
            abuse_facts=abuse_facts,
        )
        return await self.decide(number, by, verdict, job_id=job_id, seen=seen)

    async def decide(
        self,
        number: str,
        by: str,
        verdict: Verdict,
        *,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Decide a ticket, or propose the decision if a second agent has to confirm it.

        Closing an account is only approved: the user still has to confirm it. Other requests are
        carried out by the account service where it can, or answered with the verdict's text. What
        it can't is a task for a team, or for the desk itself, unless the verdict says that it is
        done; the ticket stays open until all its tasks are answered.

        Args:
            number: the ticket's number.
            by: the name of the agent who decides.
            verdict: the decision.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the agent saw; None to skip the check.

        Raises:
            InvalidRequestError: the verdict is about an item that the ticket does not have,
                relies on requests of somebody else as evidence of abuse, or has a text that is
                too long.
            NotFoundError: a request named as evidence of abuse does not exist.
            StaleError: the ticket has changed since it was ``seen``.
            DeskError: a precondition is not met; see ``preconditions.check``.
        """
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        await self._roster.reviewers.check_may_decide(ticket, agent)
        await self._roster.reviewers.check_did_not_file(ticket, agent)
        if any(index >= len(ticket.items) for index in verdict.refused):
            raise InvalidRequestError("the request has no such item", reason="no_such_item")
        _check_lengths(verdict)
        guard = await self._tickets.guard(ticket, seen, *_PARTS_TO_DECIDE)
        abuse = await self._abuse_evidence(ticket, verdict)
        if self.needs_second_agent(ticket):
            return await self._propose(ticket, agent, verdict, job_id, guard)
        decide = await self._decision(ticket, agent, verdict, abuse)
        entry = _decision_entry(ticket, verdict)
        return await self._actions.apply_decision(
            ticket, agent, decide, entry, job_id=job_id, guard=guard
        )

    def needs_second_agent(self, ticket: Ticket) -> bool:
        """Return whether a second agent has to confirm the decision on a ticket."""
        return ticket.kind in self._second_eyes

    async def check_seen(self, number: str, seen: SeenState) -> None:
        """Check that a ticket has not changed since it was ``seen``.

        Raises:
            StaleError: the ticket has changed, so that ``decide`` would refuse a decision.
        """
        ticket = await self._tickets.by_number(number)
        guard = await self._tickets.guard(ticket, seen, *_PARTS_TO_DECIDE)
        guard(ticket)

    async def preview(self, number: str, by: str, verdict: Verdict) -> tuple[Event, ...]:
        """Return the events that the user will see after a decision. Nothing is saved.

        Raises:
            DeskError: as for ``decide``.
        """
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        await self._roster.reviewers.check_may_decide(ticket, agent)
        _check_lengths(verdict)
        abuse = await self._abuse_evidence(ticket, verdict)
        decide = await self._decision(ticket, agent, verdict, abuse)
        return await self._actions.preview(ticket, agent, decide)

    async def _abuse_evidence(self, ticket: Ticket, verdict: Verdict) -> AbuseEvidence | None:
        """Return the evidence for a refusal as abusive, with when each request was made."""
        if not verdict.claims_abuse:
            return None
        numbers = dict.fromkeys(verdict.abuse_requests)
        requests = [await self._tickets.by_number(number) for number in numbers]
        if not all(_is_of_same_person(ticket, request) for request in requests):
            raise InvalidRequestError(
                "a request named as evidence is of somebody else", reason="abuse_of_other"
            )
        made = tuple(AbusiveRequest(one.number, one.received_at) for one in requests)
        return AbuseEvidence(made, verdict.abuse_facts.strip())

    # -- confirmation by a second agent ------------------------------------------------------

    async def _propose(
        self, ticket: Ticket, agent: Agent, verdict: Verdict, job_id: str | None, guard: Guard
    ) -> Ticket:
        held = await self._holds.held_among(ticket.account, verdict.account.strip())

        def propose(current: Ticket) -> Ticket:
            if proposal_of(current) is not None:
                raise NotAllowedNowError(
                    "a decision waits for a second pair of eyes", reason="proposed_already"
                )
            preconditions.check(current, agent, verdict, held=held)
            return _with_proposal(current, agent, verdict)

        entry = _proposal_entry(ticket, verdict)
        return await self._actions.update_ticket(
            ticket, agent, entry, propose, job_id=job_id, guard=guard
        )

    async def confirm(
        self,
        number: str,
        by: str,
        *,
        seen: SeenState,
        carried_out: bool = False,
        job_id: str | None = None,
    ) -> Ticket:
        """Confirm another agent's decision, so that it is carried out and the user is informed.

        A program's decision needs two people: once the first one confirms it, it becomes theirs
        and waits for the second. A program does not count as one of them, since it may act for
        anybody: the administrator who created its token, or any user of another system.

        Args:
            number: the ticket's number.
            by: the name of the agent who confirms.
            seen: the state of the ticket that the agent saw.
            carried_out: whether what no program carries out is done; see ``decide``.
            job_id: the form's token, so that submitting it twice counts once.

        Raises:
            NotAllowedNowError: there is no proposed decision, or it grants a request on the basis
                of evidence that the agent has not opened.
            StaleError: the proposed decision or the ticket has changed since it was ``seen``.
            DeskError: ``FORBIDDEN`` for the agent who decided, for one who may be the same person,
                and for a program; or a precondition is no longer met.
        """
        agent = await self._roster.person(by)
        check_works(agent)
        ticket = await self._tickets.by_number(number)
        await self._roster.reviewers.check_may_decide(ticket, agent)
        proposal = _require_proposal(ticket)
        if proposal.by != agent.name:
            await self._roster.reviewers.check_separate(agent, proposal.by)
        guard = await self._tickets.guard(ticket, seen, *_PARTS_TO_CONFIRM)
        files = await self._evidence.files(ticket)
        refuses = proposal.verdict.refuses_all(ticket)
        unopened = not refuses and not await self._evidence.has_opened(ticket, agent, files)
        if proposal.program:
            return await self._take_over(ticket, agent, proposal, job_id, guard)
        # The preconditions are checked with the first agent's present role.
        first_agent = await self._roster.worker(proposal.by)
        abuse = await self._abuse_evidence(ticket, proposal.verdict)
        verdict = replace(proposal.verdict, carried_out=carried_out)
        confirmed = await self._decision(ticket, first_agent, verdict, abuse)

        def decide(current: Ticket, now: datetime) -> DecisionResult:
            _check_proposal_unchanged(current, proposal)
            if proposal.by == agent.name:
                raise DeskError(
                    "somebody else confirms what you decided",
                    code=ErrorCode.FORBIDDEN,
                    reason="own_proposal",
                )
            if unopened:
                raise evidence_not_opened()
            return confirmed(_without_proposal(current), now)

        entry = _decision_entry(ticket, verdict, {"proposed_by": proposal.by})
        return await self._actions.apply_decision(
            ticket, agent, decide, entry, job_id=job_id, guard=guard
        )

    async def _take_over(
        self,
        ticket: Ticket,
        agent: Agent,
        proposal: Proposal,
        job_id: str | None,
        guard: Guard,
    ) -> Ticket:
        """Make a program's proposal the agent's own, which waits for a second agent."""
        held = await self._holds.held_among(ticket.account, proposal.verdict.account.strip())

        def take_over(current: Ticket) -> Ticket:
            _check_proposal_unchanged(current, proposal)
            preconditions.check(current, agent, proposal.verdict, held=held)
            return _with_proposal(current, agent, proposal.verdict)

        entry = _proposal_entry(ticket, proposal.verdict, {"proposed_by": proposal.by})
        return await self._actions.update_ticket(
            ticket, agent, entry, take_over, job_id=job_id, guard=guard
        )

    async def send_back(
        self, number: str, by: str, reason: str, *, seen: SeenState, job_id: str | None = None
    ) -> Ticket:
        """Reject a proposed decision, with a reason for the agent who made it.

        Args:
            number: the ticket's number.
            by: the name of the agent who rejects it.
            reason: what is wrong with it.
            seen: the state of the ticket that the agent saw.
            job_id: the form's token, so that submitting it twice counts once.

        Raises:
            InvalidRequestError: there is no reason, or it is too long.
            NotAllowedNowError: there is no proposed decision.
            StaleError: the proposed decision is not the one that was ``seen``.
            DeskError: ``FORBIDDEN`` if the agent may not decide the ticket, an objection.
        """
        if not reason.strip():
            raise InvalidRequestError("say what is not right with it", reason="no_reason")
        why = require_text(reason)
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        await self._roster.reviewers.check_may_decide(ticket, agent)
        guard = await self._tickets.guard(ticket, seen, CasePart.PROPOSAL)

        def remove_proposal(current: Ticket) -> Ticket:
            _require_proposal(current)
            guard(current)
            return replace(_without_proposal(current), version=current.version + 1)

        return await self._actions.update_ticket(
            ticket,
            agent,
            LogEntryDraft("sent_back", why),
            remove_proposal,
            job_id=job_id,
        )

    # -- results of decisions ----------------------------------------------------------------

    async def _decision(
        self, ticket: Ticket, agent: Agent, verdict: Verdict, abuse: AbuseEvidence | None
    ) -> DecisionFunction:
        """Return the function that decides a locked ticket."""
        alarms = await self._alarms.task_alarms()
        held = await self._holds.held_among(ticket.account, verdict.account.strip())

        def decide(current: Ticket, now: datetime) -> DecisionResult:
            preconditions.check(current, agent, verdict, held=held)
            ticket = preconditions.apply_verdict(current, agent, verdict)
            ticket = replace(ticket, work=replace(ticket.work, abuse=abuse))
            ticket = self._holds.with_hash(self._update_account_hash(current, ticket))
            if verdict.refuses_all(ticket):
                return self._refuse(ticket, verdict, now)
            ticket = self._granted.with_tasks(ticket, agent.name, verdict, now)
            result = self._grant(ticket, verdict, now)
            new = ticket.tasks[len(current.tasks) :]
            raised = (alarms.asked(result.ticket, task, agent.name, now) for task in new)
            return replace_dataclass(result, alarms=tuple(chain.from_iterable(raised)))

        return decide

    def _update_account_hash(self, before: Ticket, ticket: Ticket) -> Ticket:
        """Return the ticket so that its owner finds it if the verdict corrected the account."""
        # Where the account's own sessions must not find the request, they don't find it now either.
        if before.account_hash is None:
            return ticket
        return replace(ticket, account_hash=self._row_builder.account_hash(ticket.account))

    def _grant(self, ticket: Ticket, verdict: Verdict, now: datetime) -> DecisionResult:
        text, data = verdict.text, _refusal_data(verdict)
        if ticket.kind is RequestKind.DEREGISTRATION:
            approved = move(ticket, Move.APPROVE, now)
            lapse = ScheduledEvent(
                ScheduledEventKind.LAPSE, now + self._deadlines.rules.verification_timeout
            )
            approved = replace(approved, scheduled_events=(lapse, *approved.task_events))
            approved = self._deadlines.start_completion(approved, now)
            return DecisionResult(DecisionKind.APPROVED, approved, text)
        planned = plans.plan_calls(ticket)
        if planned or ticket.open_tasks:
            released = move(ticket, Move.RELEASE, now)
            withheld = verdict.withhold or released.work.ground_withheld
            work = replace(released.work, left=len(planned), ground_withheld=withheld)
            released = replace(released, scheduled_events=released.task_events, work=work)
            if plans.closes_account(released):
                released = self._deadlines.start_completion(released, now)
            rows = self._row_builder.ticket_call_rows(released, planned, now)
            return DecisionResult(DecisionKind.RELEASED, released, text, data, deliveries=rows)
        resolved = move(ticket, Move.RESOLVE, now)
        if verdict.refused:
            resolved = replace(resolved, outcome=Outcome.PARTLY_FULFILLED)
        return DecisionResult(DecisionKind.RESOLVED, resolved, text, data)

    def _refuse(self, ticket: Ticket, verdict: Verdict, now: datetime) -> DecisionResult:
        refusal = verdict.refusals[0]
        assert refusal.ground is not None
        data = {**_refusal_data(verdict), "ground": refusal.ground.value}
        refused = move(ticket, Move.REFUSE, now)
        return DecisionResult(DecisionKind.REFUSED, refused, refusal.reason.strip(), data)


def _check_lengths(verdict: Verdict) -> None:
    """Check that no text of a verdict is too long.

    Raises:
        InvalidRequestError: one is.
    """
    refusals = chain.from_iterable((one.reason, one.granted) for one in verdict.refusals)
    for text in (verdict.text, verdict.account, verdict.abuse_facts, *refusals):
        optional_text(text)


def _is_of_same_person(ticket: Ticket, other: Ticket) -> bool:
    if ticket.conversation_id == other.conversation_id:
        return True
    hashes = {ticket.account_hash, ticket.contact_hash} - {None}
    return not hashes.isdisjoint({other.account_hash, other.contact_hash})


def _refusal_data(verdict: Verdict) -> dict[str, Any]:
    """Return the values about refusals for the message to the user."""
    return {"ground_withheld": verdict.withhold} if verdict.refusals else {}


def _decision_entry(
    ticket: Ticket, verdict: Verdict, more: Mapping[str, Any] | None = None
) -> LogEntryDraft:
    """Return the log entry of a decision; grounds are always recorded."""
    grounds = {
        index: refusal.ground.value for index, refusal in verdict.refused.items() if refusal.ground
    }
    if verdict.carried_out:
        more = {"carried_out": True, **(more or {})}
    if verdict.refuses_all(ticket):
        whole = verdict.whole.ground if verdict.whole else None
        names = [whole.value] if whole else list(dict.fromkeys(grounds.values()))
        reasons = dict.fromkeys(refusal.reason.strip() for refusal in verdict.refusals)
        data = {"ground": ", ".join(names), **(more or {})}
        return LogEntryDraft("refuse", " / ".join(reasons), data)
    if not verdict.refused:
        return LogEntryDraft("grant", verdict.text, more or {})
    refused = {ticket.items[index].name: ground for index, ground in grounds.items()}
    granted = [refusal.granted.strip() for refusal in verdict.refusals if refusal.granted.strip()]
    why = "\n".join((*granted, verdict.text)).strip()
    return LogEntryDraft("grant_partly", why, {"refused": refused, **(more or {})})


def _proposal_entry(
    ticket: Ticket, verdict: Verdict, more: Mapping[str, Any] | None = None
) -> LogEntryDraft:
    """Return the log entry of a decision that waits for another agent."""
    entry = _decision_entry(ticket, verdict, more)
    what = "proposed_refusal" if entry.what == "refuse" else "proposed"
    return LogEntryDraft(what, entry.why, entry.data)


def _with_proposal(ticket: Ticket, agent: Agent, verdict: Verdict) -> Ticket:
    # As it is read back: lists, and keys that are text.
    stored = msgspec.json.decode(msgspec.json.encode(verdict))
    proposal = ProposedDecision(agent.name, stored, agent.is_program)
    return replace(
        ticket,
        holder=preconditions.holder_after_decision(ticket, agent),
        work=replace(ticket.work, proposal=proposal),
        version=ticket.version + 1,
    )


def _require_proposal(ticket: Ticket) -> Proposal:
    proposal = proposal_of(ticket)
    if proposal is None:
        raise NotAllowedNowError("nothing waits to be confirmed", reason="nothing_proposed")
    return proposal


def _check_proposal_unchanged(ticket: Ticket, proposal: Proposal) -> None:
    """Check that the proposed decision is the one that was read before the ticket was locked."""
    if _require_proposal(ticket) != proposal:
        raise StaleError("another decision waits by now", reason="seen_proposal")


def _without_proposal(ticket: Ticket) -> Ticket:
    return replace(ticket, work=replace(ticket.work, proposal=None))
