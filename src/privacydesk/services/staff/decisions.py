"""Decisions: granting what is asked, or refusing it with ground and reason.

Kinds that the operator names take a second pair of eyes: the first agent's decision is kept on the
ticket as a proposal; once a second agent confirms it, it is carried out and the user told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from privacydesk.domain.agents import Agent
from privacydesk.domain.events import Event
from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Due, DueKind, Outcome, Ticket
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.domain.work import Proposed
from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    NotAllowedNowError,
    StaleError,
)
from privacydesk.services import plans
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.making import Maker
from privacydesk.services.staff import preconditions
from privacydesk.services.staff.acts import Acts, Noted, Rule, Ruling
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.evidence import EvidenceFiles, not_opened
from privacydesk.services.staff.preconditions import Refusal, Verdict
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import Guard, Part, Seen

SECOND_EYES = frozenset({RequestKind.DEREGISTRATION, RequestKind.GUARDIAN})
"""Kinds whose outcome takes a second pair of eyes unless the operator says otherwise."""

_DECIDED_ON: Final = (Part.REQUEST, Part.FILES)
_CONFIRMED_ON: Final = (*_DECIDED_ON, Part.PROPOSAL)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A decision that waits for a second pair of eyes.

    Attributes:
        by: who decided first.
        verdict: their decision.
        program: whether that was a program, which does not count as one of the two.
    """

    by: str
    verdict: Verdict
    program: bool = False


def proposal_of(ticket: Ticket) -> Proposal | None:
    """Return the decision on a ticket that waits for a second pair of eyes."""
    kept = ticket.work.proposal
    if kept is None:
        return None
    return Proposal(kept.by, msgspec.convert(kept.verdict, Verdict, strict=False), kept.program)


class Decisions:
    """Decides tickets."""

    def __init__(
        self,
        *,
        roster: Roster,
        cases: Cases,
        evidence: EvidenceFiles,
        acts: Acts,
        maker: Maker,
        deadlines: Deadlines,
        second_eyes: frozenset[RequestKind],
    ) -> None:
        self._roster = roster
        self._cases = cases
        self._evidence = evidence
        self._acts = acts
        self._maker = maker
        self._deadlines = deadlines
        self._second_eyes = second_eyes

    # -- deciding --------------------------------------------------------------------------

    async def grant(
        self,
        number: str,
        by: str,
        *,
        text: str = "",
        account: str = "",
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Grant all that is asked; see ``decide``.

        Args:
            number: the ticket.
            by: who decides.
            text: the answer in words.
            account: the account it is about, where the ticket names none yet.
            job_id: a form's token, so that two submits count once.
            seen: what the act is based on; None to skip the check.
        """
        verdict = Verdict(text=text, account=account)
        return await self.decide(number, by, verdict, job_id=job_id, seen=seen)

    async def refuse(
        self,
        number: str,
        by: str,
        *,
        ground: Ground,
        reason: str,
        withhold: bool = False,
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Refuse what is asked, with its ground, and a plain reason; see ``decide``.

        Args:
            number: the ticket.
            by: who decides.
            ground: one of the policy's seven (article 7, section 6); always recorded.
            reason: plain words for the requester.
            withhold: cite the clause as a whole instead of naming the ground: only for grounds
                1 to 3, and only by a supervisor.
            job_id: a form's token, so that two submits count once.
            seen: what the act is based on; None to skip the check.
        """
        verdict = Verdict(whole=Refusal(ground, reason), withhold=withhold)
        return await self.decide(number, by, verdict, job_id=job_id, seen=seen)

    async def decide(
        self,
        number: str,
        by: str,
        verdict: Verdict,
        *,
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Decide a ticket, or propose the decision where a second pair of eyes is needed.

        Closing an account is only approved: the user has the last word. What the account service
        can do is released to it; requests answered in words get the verdict's text as the answer.

        Raises:
            InvalidRequestError: the verdict is on an item that the ticket lacks.
            StaleError: the case has changed since it was ``seen``.
            DeskError: something is missing; ``reason`` names it, see ``preconditions.Lack``.
        """
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        await self._roster.reviewers.check(ticket, agent)
        if any(place >= len(ticket.items) for place in verdict.refused):
            raise InvalidRequestError("the request has no such item", reason="no_such_item")
        guard = await self._cases.guard(ticket, seen, *_DECIDED_ON)
        if self.takes_two(ticket):
            return await self._propose(ticket, agent, verdict, job_id, guard)
        rule, noted = self._rule(agent, verdict), _noted(ticket, verdict)
        return await self._acts.rule(ticket, agent, rule, noted, job_id=job_id, guard=guard)

    def takes_two(self, ticket: Ticket) -> bool:
        """Return whether a ticket's outcome takes a second pair of eyes."""
        return ticket.kind in self._second_eyes

    async def check_seen(self, number: str, seen: Seen) -> None:
        """Raise if a decision based on ``seen`` would be refused as stale.

        Raises:
            StaleError: as for ``decide``.
        """
        ticket = await self._cases.ticket(number)
        guard = await self._cases.guard(ticket, seen, *_DECIDED_ON)
        guard(ticket)

    async def preview(self, number: str, by: str, verdict: Verdict) -> tuple[Event, ...]:
        """Return what the user will see when this is decided, in their language.

        Raises:
            DeskError: something is missing, as for ``decide``.
        """
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        await self._roster.reviewers.check(ticket, agent)
        return await self._acts.preview(ticket, agent, self._rule(agent, verdict))

    # -- a second pair of eyes ---------------------------------------------------------------

    async def _propose(
        self, ticket: Ticket, agent: Agent, verdict: Verdict, job_id: str | None, guard: Guard
    ) -> Ticket:
        def propose(current: Ticket) -> Ticket:
            if proposal_of(current) is not None:
                raise NotAllowedNowError(
                    "a decision waits for a second pair of eyes", reason="proposed_already"
                )
            preconditions.check(current, agent, verdict)
            return _with_proposal(current, agent, verdict)

        noted = _noted_proposal(ticket, verdict)
        return await self._acts.change(ticket, agent, noted, propose, job_id=job_id, guard=guard)

    async def confirm(
        self, number: str, by: str, *, seen: Seen, job_id: str | None = None
    ) -> Ticket:
        """Confirm another agent's decision: it is carried out, and the user is told.

        A program's decision takes two people: once the first confirms it, it is their decision and
        waits for a second. A program does not count, since anybody may be behind it: the
        administrator who made its token, or any user of another system.

        Args:
            number: the ticket.
            by: who confirms.
            seen: what they looked at, which has to be what they confirm.
            job_id: a form's token, so that two submits count once.

        Raises:
            NotAllowedNowError: nothing waits to be confirmed, or what is granted rests on files
                that the agent has not opened.
            StaleError: the waiting decision, or the case, has changed since it was ``seen``.
            DeskError: ``FORBIDDEN`` for the agent who decided it, and for one who may be the same
                person; or something is missing by now.
        """
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        await self._roster.reviewers.check(ticket, agent)
        proposal = _proposed(ticket)
        if proposal.by != agent.name:
            await self._roster.reviewers.check_separate(agent, proposal.by)
        guard = await self._cases.guard(ticket, seen, *_CONFIRMED_ON)
        files = await self._evidence.files(ticket)
        refuses = proposal.verdict.refuses_all(ticket)
        unseen = not refuses and not await self._evidence.has_opened(ticket, agent, files)
        if proposal.program:
            return await self._take_over(ticket, agent, proposal, job_id, guard)
        # The first agent is checked against their present rights, not those of back then.
        first = await self._roster.worker(proposal.by)

        def rule(current: Ticket, now: datetime) -> Ruling:
            _check_same(current, proposal)
            if proposal.by == agent.name:
                raise DeskError(
                    "somebody else confirms what you decided",
                    code=ErrorCode.FORBIDDEN,
                    reason="own_proposal",
                )
            if unseen:
                raise not_opened()
            return self._rule(first, proposal.verdict)(_without_proposal(current), now)

        noted = _noted(ticket, proposal.verdict, {"proposed_by": proposal.by})
        return await self._acts.rule(ticket, agent, rule, noted, job_id=job_id, guard=guard)

    async def _take_over(
        self,
        ticket: Ticket,
        agent: Agent,
        proposal: Proposal,
        job_id: str | None,
        guard: Guard,
    ) -> Ticket:
        """Turn a program's proposal into an agent's own, which waits for a second agent."""

        def take_over(current: Ticket) -> Ticket:
            _check_same(current, proposal)
            preconditions.check(current, agent, proposal.verdict)
            return _with_proposal(current, agent, proposal.verdict)

        noted = _noted_proposal(ticket, proposal.verdict, {"proposed_by": proposal.by})
        return await self._acts.change(ticket, agent, noted, take_over, job_id=job_id, guard=guard)

    async def send_back(
        self, number: str, by: str, reason: str, *, seen: Seen, job_id: str | None = None
    ) -> Ticket:
        """Remove a proposed decision from a ticket, with a reason for the agent who made it.

        Args:
            number: the ticket.
            by: who sends it back.
            reason: what is wrong with it.
            seen: what they looked at.
            job_id: a form's token, so that two submits count once.

        Raises:
            InvalidRequestError: there is no reason.
            NotAllowedNowError: nothing waits to be confirmed.
            StaleError: the waiting decision is not the one ``seen``.
        """
        if not reason.strip():
            raise InvalidRequestError("say what is not right with it", reason="no_reason")
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        guard = await self._cases.guard(ticket, seen, Part.PROPOSAL)

        def back(current: Ticket) -> Ticket:
            _proposed(current)
            guard(current)
            return replace(_without_proposal(current), version=current.version + 1)

        return await self._acts.change(
            ticket, agent, Noted("sent_back", reason.strip()), back, job_id=job_id
        )

    # -- rulings -----------------------------------------------------------------------------

    def _rule(self, agent: Agent, verdict: Verdict) -> Rule:
        def rule(current: Ticket, now: datetime) -> Ruling:
            preconditions.check(current, agent, verdict)
            ticket = self._found(current, preconditions.judged(current, agent, verdict))
            if verdict.refuses_all(ticket):
                return self._refused(ticket, verdict, now)
            return self._granted(ticket, verdict, now)

        return rule

    def _found(self, before: Ticket, ticket: Ticket) -> Ticket:
        """Return the ticket, findable by its owner even if examining named a wrong account."""
        # A guardian's request must not become findable by the child's own session.
        if not before.account or ticket.kind is RequestKind.GUARDIAN:
            return ticket
        return replace(ticket, account_hash=self._maker.account_hash(ticket.account))

    def _granted(self, ticket: Ticket, verdict: Verdict, now: datetime) -> Ruling:
        text, data = verdict.text, self._told_of_refusals(verdict)
        if ticket.kind is RequestKind.DEREGISTRATION:
            approved = move(ticket, Move.APPROVE, now)
            lapse = Due(DueKind.LAPSE, now + self._deadlines.rules.waits_for_verification)
            return Ruling(DecisionKind.APPROVED, replace(approved, dues=(lapse,)), text)
        planned = plans.plan(ticket)
        if planned:
            released = move(ticket, Move.RELEASE, now)
            withheld = verdict.withhold or released.work.ground_withheld
            work = replace(released.work, left=len(planned), ground_withheld=withheld)
            released = replace(released, dues=(), work=work)
            actions = self._maker.actions(released, planned, now)
            return Ruling(DecisionKind.RELEASED, released, text, data, deliveries=actions)
        resolved = move(ticket, Move.RESOLVE, now)
        if verdict.refused:
            resolved = replace(resolved, outcome=Outcome.PARTLY_FULFILLED)
        return Ruling(DecisionKind.RESOLVED, resolved, text, data)

    def _refused(self, ticket: Ticket, verdict: Verdict, now: datetime) -> Ruling:
        first = verdict.refusals[0]
        assert first.ground is not None
        data = {
            **self._told_of_refusals(verdict),
            "ground": first.ground.value,
        }
        refused = move(ticket, Move.REFUSE, now)
        return Ruling(DecisionKind.REFUSED, refused, first.reason.strip(), data)

    def _told_of_refusals(self, verdict: Verdict) -> dict[str, Any]:
        if not verdict.refusals:
            return {}
        return {"ground_withheld": verdict.withhold}


def _noted(ticket: Ticket, verdict: Verdict, more: Mapping[str, Any] | None = None) -> Noted:
    """Return the log entry of a decision; grounds are always recorded."""
    grounds = {place: one.ground.value for place, one in verdict.refused.items() if one.ground}
    if verdict.refuses_all(ticket):
        whole = verdict.whole.ground if verdict.whole else None
        named = [whole.value] if whole else list(dict.fromkeys(grounds.values()))
        reasons = dict.fromkeys(one.reason.strip() for one in verdict.refusals)
        return Noted("refuse", " / ".join(reasons), {"ground": ", ".join(named), **(more or {})})
    if not verdict.refused:
        return Noted("grant", verdict.text, more or {})
    parts = {ticket.items[place].name: ground for place, ground in grounds.items()}
    return Noted("grant_partly", verdict.text, {"refused": parts, **(more or {})})


def _noted_proposal(
    ticket: Ticket, verdict: Verdict, more: Mapping[str, Any] | None = None
) -> Noted:
    """Return the log entry of a decision that waits for another agent."""
    noted = _noted(ticket, verdict, more)
    what = "proposed_refusal" if noted.what == "refuse" else "proposed"
    return Noted(what, noted.why, noted.data)


def _with_proposal(ticket: Ticket, agent: Agent, verdict: Verdict) -> Ticket:
    kept = Proposed(agent.name, msgspec.to_builtins(verdict, str_keys=True), agent.is_program)
    return replace(
        ticket,
        holder=ticket.holder or agent.name,
        work=replace(ticket.work, proposal=kept),
        version=ticket.version + 1,
    )


def _proposed(ticket: Ticket) -> Proposal:
    proposal = proposal_of(ticket)
    if proposal is None:
        raise NotAllowedNowError("nothing waits to be confirmed", reason="nothing_proposed")
    return proposal


def _check_same(ticket: Ticket, proposal: Proposal) -> None:
    """Raise unless the waiting decision is the one read before the lock."""
    if _proposed(ticket) != proposal:
        raise StaleError("another decision waits by now", reason="seen_proposal")


def _without_proposal(ticket: Ticket) -> Ticket:
    return replace(ticket, work=replace(ticket.work, proposal=None))
