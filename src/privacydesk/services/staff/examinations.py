"""Examinations of evidence: whether it proves the requester's identity, guardianship or kinship."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.agents import Agent
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.ids import EvidenceId
from privacydesk.domain.intents import FOR_OTHERS, RequestKind
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.domain.ticket_moves import Move, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.errors import InvalidRequestError, NotAllowedNowError, StaleError
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.row_builders import OutboxRowBuilder
from privacydesk.services.staff.actions import (
    DecisionFunction,
    DecisionResult,
    LogEntryDraft,
    StaffActions,
)
from privacydesk.services.staff.evidence import EvidenceFiles, evidence_not_opened
from privacydesk.services.staff.handling import optional_text
from privacydesk.services.staff.roster import Roster
from privacydesk.services.staff.staleness import CasePart, Guard, SeenState
from privacydesk.services.staff.ticket_lookup import TicketLookup

_ACCOUNT_OPTIONAL = FOR_OTHERS | {RequestKind.COMPLAINT, RequestKind.UNDERAGE_REPORT}
"""Kinds that need no account. For a request about another person's account it may be named later,
when the request is granted."""


class ExaminationResult(Struct, frozen=True):
    """What an agent found by examining evidence.

    Attributes:
        accepted: whether the evidence proves the requester's identity, guardianship or kinship.
        reason: why it does not; for the requester.
        account: the account it proves, if the ticket names none yet.
    """

    accepted: bool
    reason: str = ""
    account: str = ""


class _PreparedDecision(Struct, frozen=True):
    """The arguments for committing the result of an examination.

    Attributes:
        agent: the agent who examined.
        ticket: the ticket as it was read.
        evidence_removed: the evidence whose content is deleted.
        decide: applies the result to the locked ticket.
        guard: raises if the ticket has changed since the agent saw it.
    """

    agent: Agent
    ticket: Ticket
    evidence_removed: tuple[EvidenceId, ...]
    decide: DecisionFunction
    guard: Guard


class Examinations:
    """Accepts and rejects evidence."""

    def __init__(
        self,
        *,
        roster: Roster,
        tickets: TicketLookup,
        evidence: EvidenceFiles,
        actions: StaffActions,
        row_builder: OutboxRowBuilder,
        account_requests: AccountRequests,
        deadlines: Deadlines,
        second_eyes: frozenset[RequestKind],
        closing_faces: str,
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._evidence = evidence
        self._actions = actions
        self._row_builder = row_builder
        self._account_requests = account_requests
        self._deadlines = deadlines
        self._second_eyes = second_eyes
        self._closing_faces = closing_faces

    async def examine(
        self,
        number: str,
        by: str,
        *,
        accepted: bool,
        reason: str = "",
        account: str = "",
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Accept or reject evidence as proof, and delete the content of the files.

        If a second agent has to confirm the decision on the ticket, the content of accepted files
        is kept until then. To accept evidence, agents must have opened each file themselves;
        they may reject it unopened.

        Args:
            number: the ticket's number.
            by: the name of the agent who examined the evidence.
            accepted: whether it proves what it has to show; if so, the deadline starts.
            reason: why it does not, for the requester, who may submit other evidence.
            account: the account it proves, if the ticket names none yet.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the agent saw; None to skip the check.

        Raises:
            InvalidRequestError: the reason or the account is missing, or too long.
            NotAllowedNowError: no evidence waits to be examined, or the agent accepts files that
                they have not opened.
            StaleError: more evidence was submitted, or something else has changed.
        """
        result = ExaminationResult(accepted, optional_text(reason), optional_text(account))
        prepared = await self._prepare(number, by, result, seen)
        data: dict[str, Any] = {"accepted": accepted}
        if self._closing_faces and prepared.ticket.kind is RequestKind.DEREGISTRATION:
            # Why pictures of faces may have been among the files.
            data["faces"] = self._closing_faces
        return await self._actions.apply_decision(
            prepared.ticket,
            prepared.agent,
            prepared.decide,
            LogEntryDraft("examine", result.reason, data),
            job_id=job_id,
            guard=prepared.guard,
            evidence_removed=prepared.evidence_removed,
        )

    async def preview(
        self, number: str, by: str, result: ExaminationResult, *, seen: SeenState | None = None
    ) -> tuple[Event, ...]:
        """Return the events that the requester will see for a result. Nothing is saved.

        Raises:
            DeskError: as for ``examine``.
        """
        prepared = await self._prepare(number, by, result, seen)
        prepared.guard(prepared.ticket)
        return await self._actions.preview(prepared.ticket, prepared.agent, prepared.decide)

    async def _prepare(
        self, number: str, by: str, result: ExaminationResult, seen: SeenState | None
    ) -> _PreparedDecision:
        if not result.accepted and not result.reason.strip():
            raise InvalidRequestError("say why the evidence is not enough", reason="no_reason")
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        await self._roster.reviewers.check_may_decide(ticket, agent)
        files = await self._evidence.files(ticket)
        unopened = result.accepted and not await self._evidence.has_opened(ticket, agent, files)
        decide = self._decision(ticket, agent, result, unopened=unopened)
        guard = await self._tickets.guard(ticket, seen, CasePart.REQUEST, CasePart.FILES)
        keep = result.accepted and ticket.kind in self._second_eyes
        removed = () if keep else tuple(file.id for file in files)
        return _PreparedDecision(agent, ticket, removed, decide, guard)

    def _decision(
        self, ticket: Ticket, agent: Agent, result: ExaminationResult, *, unopened: bool
    ) -> DecisionFunction:
        """Return the function that applies a result to the locked ticket.

        Args:
            ticket: the ticket as it was read.
            agent: the agent who examined.
            result: what they found.
            unopened: whether they accept files that they have not opened.
        """

        def decide(current: Ticket, now: datetime) -> DecisionResult:
            if current.state is not TicketState.AWAITING_VERIFICATION:
                raise NotAllowedNowError(
                    "nothing waits for verification on this ticket", reason="nothing_to_examine"
                )
            if "document" not in current.flags:
                # The requester chose not to verify, or the last evidence was rejected.
                raise NotAllowedNowError(
                    "no evidence waits to be examined on this ticket",
                    reason="nothing_to_examine",
                )
            if unopened:
                raise evidence_not_opened()
            if current.version != ticket.version:
                # Evidence that was added since ``files`` was read would be accepted unopened, and
                # its content would not be deleted.
                raise StaleError("the request has changed meanwhile", reason="ticket_changed")
            if result.accepted:
                examined = self._accept(current, result.account, agent.name, now)
            else:
                examined = self._reject(current, now)
            rows: tuple[Delivery, ...] = ()
            if examined.account != current.account:
                # The agent named the account, so its owner's age can be looked up only now.
                rows = self._row_builder.age_lookup_rows(examined, now)
            data = {"accepted": result.accepted}
            return DecisionResult(
                DecisionKind.EXAMINED, examined, result.reason, data, deliveries=rows
            )

        return decide

    def _accept(self, ticket: Ticket, named_account: str, by: str, now: datetime) -> Ticket:
        account = ticket.account or named_account
        if not account and ticket.kind not in _ACCOUNT_OPTIONAL:
            raise InvalidRequestError(
                "name the account that was shown to be theirs", reason="account_unnamed"
            )
        verified = move(replace(ticket, scheduled_events=()), Move.VERIFY, now)
        verified = self._deadlines.start_deadlines(verified, now, now)
        work = verified.work
        if account != ticket.account:
            work = replace(work, account_named_by=by)
        # Those who are logged in to the account don't find the request by it: its requester, who
        # showed a document because they can't log in, may be somebody else.
        return self._account_requests.with_hash(replace(verified, account=account, work=work))

    def _reject(self, ticket: Ticket, now: datetime) -> Ticket:
        # Nothing is left to examine; the requester again has the full time to submit evidence.
        rejected = replace(ticket, flags=ticket.flags - {"document"}, version=ticket.version + 1)
        return replace(
            rejected, scheduled_events=self._deadlines.verification_events(rejected, now)
        )
