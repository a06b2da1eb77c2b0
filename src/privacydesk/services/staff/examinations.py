"""Examinations evidence: whether it shows who asks, or whose guardian they are."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.agents import Agent
from privacydesk.domain.events import Event
from privacydesk.domain.ids import EvidenceId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.errors import InvalidRequestError, NotAllowedNowError, StaleError
from privacydesk.ports import Hashing
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.making import Maker
from privacydesk.services.staff.acts import Acts, Noted, Rule, Ruling
from privacydesk.services.staff.cases import Cases
from privacydesk.services.staff.evidence import EvidenceFiles, not_opened
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import Guard, Part, Seen

# A guardian's request may name the child's account later, when it is granted.
_NO_ACCOUNT_NEEDED = frozenset(
    {RequestKind.COMPLAINT, RequestKind.UNDERAGE_REPORT, RequestKind.GUARDIAN}
)


class Finding(Struct, frozen=True):
    """The result of examining evidence.

    Attributes:
        accepted: whether it proves what it should.
        reason: why it does not.
        account: the account it was shown for, where the ticket names none yet.
    """

    accepted: bool
    reason: str = ""
    account: str = ""


class _Case(Struct, frozen=True):
    """The data that a finding is settled with."""

    agent: Agent
    ticket: Ticket
    removed: tuple[EvidenceId, ...]
    rule: Rule
    guard: Guard


class Examinations:
    """Accepts or rejects evidence."""

    def __init__(
        self,
        *,
        roster: Roster,
        cases: Cases,
        evidence: EvidenceFiles,
        acts: Acts,
        maker: Maker,
        hashing: Hashing,
        deadlines: Deadlines,
        second_eyes: frozenset[RequestKind],
    ) -> None:
        self._roster = roster
        self._cases = cases
        self._evidence = evidence
        self._acts = acts
        self._maker = maker
        self._hashing = hashing
        self._deadlines = deadlines
        self._second_eyes = second_eyes

    async def examine(
        self,
        number: str,
        by: str,
        *,
        accepted: bool,
        reason: str = "",
        account: str = "",
        job_id: str | None = None,
        seen: Seen | None = None,
    ) -> Ticket:
        """Accept or reject the evidence as proof; the files are then removed.

        Where a second pair of eyes confirms the decision, accepted files stay until then.

        Args:
            number: the ticket.
            by: who examined.
            accepted: whether identity (or guardianship) is shown; the clock starts if so.
            reason: told to the requester when it is not; they may hand in something else.
            account: the account it was shown for, where the ticket names none yet.
            job_id: a form's token, so that two submits count once.
            seen: what was examined; None to skip the check.

        To accept evidence, agents must have opened each file themselves; that colleagues did is
        not enough. What is plainly no proof may be rejected unopened.

        Raises:
            InvalidRequestError: the reason or the account is missing.
            NotAllowedNowError: nothing waits to be examined, or it would be accepted unseen.
            StaleError: more was handed in, or something else changed, just now.
        """
        finding = Finding(accepted, reason, account.strip())
        case = await self._case(number, by, finding, seen)
        return await self._acts.rule(
            case.ticket,
            case.agent,
            case.rule,
            Noted("examine", reason, {"accepted": accepted}),
            job_id=job_id,
            guard=case.guard,
            evidence_removed=case.removed,
        )

    async def preview(
        self, number: str, by: str, finding: Finding, *, seen: Seen | None = None
    ) -> tuple[Event, ...]:
        """Return what the requester will read of a finding. Nothing is kept.

        Raises:
            DeskError: as for ``examine``.
        """
        case = await self._case(number, by, finding, seen)
        case.guard(case.ticket)
        return await self._acts.preview(case.ticket, case.agent, case.rule)

    async def _case(self, number: str, by: str, finding: Finding, seen: Seen | None) -> _Case:
        if not finding.accepted and not finding.reason.strip():
            raise InvalidRequestError("say why the evidence is not enough", reason="no_reason")
        agent = await self._roster.worker(by)
        ticket = await self._cases.ticket(number)
        await self._roster.reviewers.check(ticket, agent)
        files = await self._evidence.files(ticket)
        unseen = finding.accepted and not await self._evidence.has_opened(ticket, agent, files)
        rule = self._rule(ticket, agent, finding, unseen=unseen)
        guard = await self._cases.guard(ticket, seen, Part.REQUEST, Part.FILES)
        stays = finding.accepted and ticket.kind in self._second_eyes
        removed = () if stays else tuple(one.id for one in files)
        return _Case(agent, ticket, removed, rule, guard)

    def _rule(self, ticket: Ticket, agent: Agent, finding: Finding, *, unseen: bool) -> Rule:
        accepted = finding.accepted

        def rule(current: Ticket, now: datetime) -> Ruling:
            if current.state is not TicketState.AWAITING_VERIFICATION:
                raise NotAllowedNowError(
                    "nothing waits for verification on this ticket", reason="nothing_to_examine"
                )
            if "document" not in current.flags:
                # Filed by someone who would not verify, or what they handed in was not enough.
                raise NotAllowedNowError(
                    "no evidence waits to be examined on this ticket", reason="nothing_to_examine"
                )
            if unseen:
                raise not_opened()
            if current.version != ticket.version:
                # A file added since the list was read has been seen by nobody, and only those on
                # the list are removed with the finding.
                raise StaleError("the request has changed meanwhile", reason="ticket_changed")
            judged = (
                self._accepted(current, finding.account, agent.name, now)
                if accepted
                else self._rejected(current, now)
            )
            # Whose account it is may be known only now.
            asked = self._maker.age(judged, now) if judged.account != current.account else ()
            told = {"accepted": accepted}
            return Ruling(DecisionKind.EXAMINED, judged, finding.reason, told, deliveries=asked)

        return rule

    def _accepted(self, ticket: Ticket, named: str, by: str, now: datetime) -> Ticket:
        subject = ticket.account or named
        if not subject and ticket.kind not in _NO_ACCOUNT_NEEDED:
            raise InvalidRequestError(
                "name the account that was shown to be theirs", reason="account_unnamed"
            )
        moved = move(replace(ticket, dues=()), Move.VERIFY, now)
        # A guardian's request must not become findable by the child's own session.
        findable = subject and ticket.kind is not RequestKind.GUARDIAN
        running = self._deadlines.with_clock(moved, now, now)
        work = running.work
        if subject != ticket.account:
            work = replace(work, account_named_by=by)
        return replace(
            running,
            account=subject,
            work=work,
            account_hash=(
                self._hashing.lookup("account", subject) if findable else ticket.account_hash
            ),
        )

    def _rejected(self, ticket: Ticket, now: datetime) -> Ticket:
        # Nothing is left to examine, and the requester gets the full time to find better proof.
        waits = replace(ticket, flags=ticket.flags - {"document"}, version=ticket.version + 1)
        return replace(waits, dues=self._deadlines.unverified_dues(waits, now))
