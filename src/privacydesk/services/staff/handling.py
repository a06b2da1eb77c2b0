"""Handling of tickets until they are decided: assignment, notes, replies and extensions."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from privacydesk.domain.agents import CASE_READERS, Agent
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.ticket_moves import Move, may, move
from privacydesk.domain.turn import DecisionKind
from privacydesk.errors import (
    DeskError,
    ErrorCode,
    InvalidRequestError,
    NotAllowedNowError,
    StaleError,
)
from privacydesk.ports import WorkingSet
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.staff.actions import DecisionResult, LogEntryDraft, StaffActions
from privacydesk.services.staff.roster import Roster, check_supervisor
from privacydesk.services.staff.staleness import CasePart, SeenState
from privacydesk.services.staff.ticket_lookup import TicketLookup

_MAX_TEXT_LENGTH = 10_000
"""The most characters in a text that an agent writes."""


class HandoverResult(Struct, frozen=True):
    """The result of handing over an agent's tickets.

    Attributes:
        moved_count: how many tickets this call handed over; those of an earlier call with the
            same job are not counted.
        kept_numbers: the numbers of those that were not, since the new holder may not decide them.
    """

    moved_count: int
    kept_numbers: tuple[str, ...] = ()


class TicketHandling:
    """Assigns tickets to agents, and lets agents write to requesters and extend deadlines."""

    def __init__(
        self, roster: Roster, tickets: TicketLookup, actions: StaffActions, deadlines: Deadlines
    ) -> None:
        self._roster = roster
        self._tickets = tickets
        self._actions = actions
        self._deadlines = deadlines

    async def claim(
        self,
        number: str,
        by: str,
        *,
        expected_holder: str | None = "",
        job_id: str | None = None,
        seen: int | None = None,
    ) -> Ticket:
        """Make an agent the ticket's holder.

        Args:
            number: the ticket's number.
            by: the name of the agent.
            expected_holder: the holder that the agent saw; empty for none, None to take the
                ticket over from any holder.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the version of the ticket that the agent saw; None to skip the check.

        Raises:
            NotAllowedNowError: the ticket is closed.
            StaleError: the ticket has another holder than expected.
        """
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        await self._roster.reviewers.check_may_decide(ticket, agent)

        def set_holder(current: Ticket) -> Ticket:
            check_may_claim(current, agent, expected_holder)
            return replace(current, holder=agent.name, version=current.version + 1)

        guard = await self._tickets.guard(ticket, seen)
        return await self._actions.update_ticket(
            ticket, agent, LogEntryDraft("claim"), set_holder, job_id=job_id, guard=guard
        )

    async def assign(
        self,
        number: str,
        by: str,
        to: str,
        *,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Assign a ticket to another agent, or remove its holder if ``to`` is empty.

        Raises:
            InvalidRequestError: ``to`` does not work on tickets.
            DeskError: ``FORBIDDEN`` if another agent holds it and ``by`` is no supervisor, or if
                ``to`` may not decide it.
            NotAllowedNowError: the ticket is closed, and its last holder remains recorded; or
                nobody holds it, and ``by`` is no supervisor.
            StaleError: the ticket has another holder than ``seen`` shows.
        """
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        if to:
            await self._roster.reviewers.check_may_decide(ticket, await self._roster.recipient(to))

        def set_holder(current: Ticket) -> Ticket:
            # Checked only here, which a retried job skips: the holder may have changed since the
            # ticket was read, and an agent who retries after a lost response no longer holds it.
            check_may_assign(current, agent)
            return replace(current, holder=to, version=current.version + 1)

        guard = await self._tickets.guard(ticket, seen, CasePart.HOLDER)
        return await self._actions.update_ticket(
            ticket, agent, LogEntryDraft("assign", to), set_holder, job_id=job_id, guard=guard
        )

    async def follow_assignment(
        self, number: str, by: str, to: str, *, seen: int, job_id: str
    ) -> Ticket:
        """Apply an assignment that was made in a ticketing system.

        Args:
            number: the ticket's number.
            by: the identity under which the ticketing system acts.
            to: the name of the agent to whom it is assigned; empty for nobody.
            seen: the version of the ticket that was compared with its counterpart. If it has
                changed since, the desk's state is newer.
            job_id: the id of the report, so that a repeated one counts once.

        Raises:
            InvalidRequestError: ``to`` does not work on tickets.
            DeskError: ``FORBIDDEN`` unless ``by`` is a program, or if ``to`` may not decide it.
            NotAllowedNowError: the ticket is closed; then the last holder remains recorded.
            StaleError: the ticket has another version.
        """
        agent = await self._roster.program(by)
        ticket = await self._tickets.by_number(number)
        if to:
            await self._roster.reviewers.check_may_decide(ticket, await self._roster.recipient(to))

        def set_holder(current: Ticket) -> Ticket:
            _check_open(current)
            if current.holder == to:
                return current
            return replace(current, holder=to, version=current.version + 1)

        guard = await self._tickets.guard(ticket, seen)
        return await self._actions.update_ticket(
            ticket, agent, LogEntryDraft("assign", to), set_holder, job_id=job_id, guard=guard
        )

    async def hand_over(
        self, holder: str, by: str, to: str, *, job_id: str | None = None
    ) -> HandoverResult:
        """Assign all open tickets of an agent to another one, or to nobody if ``to`` is empty.

        Each ticket is a job of its own; a repeated call continues with the remaining ones.

        Raises:
            DeskError: ``FORBIDDEN`` unless ``by`` is a supervisor.
            InvalidRequestError: both agents are the same, or ``to`` does not work on tickets.
        """
        agent = await self._roster.supervisor(by)
        if holder == to:
            raise InvalidRequestError("name somebody else to hand over to", reason="same_holder")
        await self._roster.current_or_former(holder)
        new_holder = await self._roster.recipient(to) if to else None
        job_prefix = self._actions.job_id("hand_over", job_id)
        kept_numbers: list[str] = []
        moved: set[TicketId] = set()
        for ticket in await self._tickets.open_tickets_of(holder):
            try:
                if new_holder is not None:
                    await self._roster.reviewers.check_may_decide(ticket, new_holder)
            except DeskError:
                kept_numbers.append(ticket.number)
                continue

            def set_holder(current: Ticket) -> Ticket:
                if current.holder != holder or not current.is_open:
                    raise StaleError("it went elsewhere since the list was read")
                moved.add(current.id)
                return replace(current, holder=to, version=current.version + 1)

            entry, ticket_job = LogEntryDraft("assign", to), f"{job_prefix}:{ticket.id.hex()}"
            try:
                # A job that has run before calls nothing, so its ticket is not counted again.
                await self._actions.update_ticket(
                    ticket, agent, entry, set_holder, job_id=ticket_job
                )
            except StaleError:
                moved.discard(ticket.id)
        return HandoverResult(len(moved), tuple(kept_numbers))

    async def add_note(
        self, number: str, by: str, text: str, *, job_id: str | None = None, seen: int | None = None
    ) -> Ticket:
        """Add an internal note to the ticket's log, which the user never sees.

        Raises:
            InvalidRequestError: the text is empty or too long.
        """
        content = require_text(text)
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)
        guard = await self._tickets.guard(ticket, seen)
        return await self._actions.update_ticket(
            ticket,
            agent,
            LogEntryDraft("note", content),
            lambda current: current,
            job_id=job_id,
            guard=guard,
        )

    async def log_words_export(self, number: str, by: str, reason: str) -> Ticket:
        """Log why somebody takes what was written about a ticket out of the desk.

        Raises:
            InvalidRequestError: the reason is empty or too long.
            DeskError: ``FORBIDDEN`` for those who may not read tickets.
            NotAllowedNowError: the ticket was purged.
        """
        if not reason.strip():
            raise InvalidRequestError("say why the words are needed", reason="no_reason")
        why, agent = require_text(reason), await self._roster.person(by)
        if agent.role not in CASE_READERS:
            raise DeskError("only those who may read requests", code=ErrorCode.FORBIDDEN)
        ticket = await self._tickets.by_number(number)
        entry = LogEntryDraft("words_exported", why)
        return await self._actions.update_ticket(ticket, agent, entry, lambda current: current)

    async def reply(
        self, number: str, by: str, text: str, *, job_id: str | None = None, seen: int | None = None
    ) -> Ticket:
        """Send the user a reply about a ticket; the conversation's owner does not change.

        Raises:
            InvalidRequestError: the text is empty or too long.
            StaleError: another agent owns the conversation.
        """
        content = require_text(text)
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)

        def check_owner(rows: WorkingSet) -> None:
            assert rows.conversation is not None
            owner = rows.conversation.owner
            if owner.kind is OwnerKind.AGENT and owner.agent != agent.name:
                raise StaleError("another agent has this conversation", reason="other_agent")

        guard = await self._tickets.guard(ticket, seen)
        await self._actions.send_reply(
            ticket, agent, content, check_owner, job_id=job_id, guard=guard
        )
        return ticket

    async def ask_requester(
        self,
        number: str,
        by: str,
        text: str,
        *,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Ask the requester for more information. The deadline does not change.

        Raises:
            InvalidRequestError: the text is empty or too long.
            NotAllowedNowError: the ticket's state does not permit it.
            StaleError: the ticket has changed since it was ``seen``: the requester may have
                answered.
        """
        content = require_text(text)
        agent = await self._roster.worker(by)
        ticket = await self._tickets.by_number(number)

        def decide(current: Ticket, now: datetime) -> DecisionResult:
            check_may_ask(current)
            return DecisionResult(
                DecisionKind.ASKED, move(current, Move.ASK_REQUESTER, now), content
            )

        guard = await self._tickets.guard(ticket, seen, CasePart.REQUEST, CasePart.FILES)
        return await self._actions.apply_decision(
            ticket,
            agent,
            decide,
            LogEntryDraft("ask_requester", content),
            job_id=job_id,
            guard=guard,
        )

    async def extend(
        self,
        number: str,
        by: str,
        *,
        working_days: int,
        reason: str,
        job_id: str | None = None,
        seen: SeenState | None = None,
    ) -> Ticket:
        """Extend a ticket's deadline; only supervisors.

        Reports still compare the answer with the original due date, which the log keeps.

        Args:
            number: the ticket's number.
            by: the name of the supervisor.
            working_days: how many working days are added, at least one.
            reason: why; the user is told.
            job_id: the form's token, so that submitting it twice counts once.
            seen: the state of the ticket that the supervisor saw; None to skip the check.

        Raises:
            InvalidRequestError: there is no reason or too long a one, or less than one day.
            NotAllowedNowError: the ticket has no deadline that is counted in working days.
            StaleError: the ticket or its due date has changed since it was ``seen``.
        """
        if not reason.strip() or working_days < 1:
            raise InvalidRequestError(
                "an extension needs a reason and at least one working day", reason="no_extension"
            )
        why = require_text(reason)
        agent = await self._roster.supervisor(by)
        ticket = await self._tickets.by_number(number)

        def decide(current: Ticket, now: datetime) -> DecisionResult:
            extended = self._deadlines.extend(current, working_days, now)
            work = replace(extended.work, extended_why=why)
            extended = replace(extended, work=work)
            return DecisionResult(DecisionKind.EXTENDED, extended, why)

        original = ticket.clock
        first_due = original.due_date.isoformat() if original else ""
        entry = LogEntryDraft("extend", why, {"first_due": first_due})
        guard = await self._tickets.guard(ticket, seen, CasePart.REQUEST, CasePart.CLOCK)
        return await self._actions.apply_decision(
            ticket, agent, decide, entry, job_id=job_id, guard=guard
        )


def check_may_claim(ticket: Ticket, agent: Agent, expected_holder: str | None = "") -> None:
    """Check that an agent may become a ticket's holder; see ``TicketHandling.claim``.

    Raises:
        NotAllowedNowError: the ticket is closed.
        StaleError: the ticket has another holder than expected.
    """
    _check_open(ticket)
    accepted = {"", agent.name, expected_holder}
    if expected_holder is not None and ticket.holder not in accepted:
        raise StaleError("another agent holds this request", reason="held")


def check_may_assign(ticket: Ticket, agent: Agent) -> None:
    """Check that an agent may assign a ticket.

    Raises:
        DeskError: ``FORBIDDEN`` if another agent holds it and they are no supervisor.
        NotAllowedNowError: the ticket is closed; or nobody holds it, so that they may claim it.
    """
    _check_open(ticket)
    if not (ticket.holder or agent.supervises):
        raise NotAllowedNowError("nobody holds this ticket", reason="unheld")
    if ticket.holder != agent.name:
        check_supervisor(agent)


def check_may_ask(ticket: Ticket) -> None:
    """Check that the requester of a ticket may be asked for more information.

    Raises:
        NotAllowedNowError: the ticket is closed, or its state does not permit it.
    """
    if not may(ticket, Move.ASK_REQUESTER):
        raise NotAllowedNowError(
            f"a ticket in state {ticket.state.value} can't be asked about",
            reason="not_askable" if ticket.is_open else "closed",
            state=ticket.state.value,
            move=Move.ASK_REQUESTER.value,
        )


def _check_open(ticket: Ticket) -> None:
    if not ticket.is_open:
        raise NotAllowedNowError("this request is closed", reason="closed")


def require_text(text: str) -> str:
    """Return a text that an agent wrote, without surrounding whitespace.

    Raises:
        InvalidRequestError: the text is empty or too long.
    """
    stripped = optional_text(text)
    if not stripped:
        raise InvalidRequestError("this takes a text", reason="no_words")
    return stripped


def optional_text(text: str) -> str:
    """Return a text that an agent may write, without surrounding whitespace.

    Raises:
        InvalidRequestError: the text is too long.
    """
    stripped = text.strip()
    if len(stripped) > _MAX_TEXT_LENGTH:
        raise InvalidRequestError(
            f"this takes a text of at most {_MAX_TEXT_LENGTH} characters", reason="words"
        )
    return stripped
