"""Actions of staff on tickets, each committed as one job.

A job changes the ticket, adds an entry to its log and, where the user is informed, adds a message
to the conversation and the outbox rows of notices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.domain.agents import Agent
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId, EvidenceId, TicketId
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.turn import DecisionKind, DecisionMessage, ResultMessage
from privacydesk.domain.work import StaffMessage
from privacydesk.errors import NotAllowedNowError
from privacydesk.ports import Changes, IdGenerator, Job, Locks, Reader, WorkingSet, Writer
from privacydesk.services.decision import TurnInput
from privacydesk.services.notices import Notices
from privacydesk.services.staff.reviewers import Reviewers
from privacydesk.services.staff.staleness import Guard, no_check
from privacydesk.services.turns import Turns


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """The result of a decision on a ticket.

    Attributes:
        kind: which message the user gets.
        ticket: the ticket after the decision.
        text: the agent's text for the requester; may be empty.
        data: other values for the message to the user.
        deliveries: outbox rows of calls to the account service.
        other_ticket: another ticket that the decision changes.
        alarms: alarms for other agents.
    """

    kind: DecisionKind
    ticket: Ticket
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    deliveries: tuple[Delivery, ...] = ()
    other_ticket: Ticket | None = None
    alarms: tuple[StaffAlarm, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketChange:
    """A change of a ticket that may bring it to its end.

    Attributes:
        ticket: the ticket after the change.
        outcome: what the user is told, as of ``ResultMessage``; empty for nothing.
        data: arguments of that message.
        alarms: alarms for other agents.
    """

    ticket: Ticket
    outcome: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    alarms: tuple[StaffAlarm, ...] = ()


DecisionFunction = Callable[[Ticket, datetime], DecisionResult]
"""Decides a ticket, given the locked ticket and the current time.

It has to be pure, since it may run again, and raises a ``DeskError`` to refuse the action.
"""

PairDecisionFunction = Callable[[Ticket, Ticket, datetime], DecisionResult]
"""Decides a ticket together with another one; otherwise like ``DecisionFunction``."""

_REPLY: Final = "reply"
PARTICIPATING_ACTIONS: Final = frozenset(
    {
        "examine",
        "proposed",
        "proposed_refusal",
        "sent_back",
        "grant",
        "grant_partly",
        "refuse",
        "ask_requester",
        "extend",
        "escalation_answered",
        _REPLY,
    }
)
"""Actions after which an agent may take none of them on an objection to the ticket.

The agent judged the ticket, told a colleague how to, or informed the requester about it.
"""


@dataclass(frozen=True, slots=True)
class LogEntryDraft:
    """A log entry of an action, without the ticket, time, agent and job.

    Attributes:
        what: the action's name.
        why: the reason or the text that the agent wrote.
        data: other details for staff.
    """

    what: str
    why: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class StaffActions:
    """Commits actions of staff.

    Args:
        turns: commits actions about which the user gets a message.
        writer: commits the other actions.
        reader: reads the ticket if the job has run before.
        minter: generates job ids.
        notices: builds the outbox rows of notices.
        reviewers: knows who may take part in an objection.
        clock: source of the current time.
        changed: called after a change without an event, so that open pages are updated.
    """

    def __init__(
        self,
        *,
        turns: Turns,
        writer: Writer,
        reader: Reader,
        minter: IdGenerator,
        notices: Notices,
        reviewers: Reviewers,
        clock: Clock,
        changed: Callable[[ConversationId], None],
    ) -> None:
        self._turns = turns
        self._writer = writer
        self._reader = reader
        self._minter = minter
        self._notices = notices
        self._reviewers = reviewers
        self._clock = clock
        self._changed = changed

    def job_id(self, what: str, token: str | None) -> str:
        """Return the id of an action's job: the form's token, or else a new id."""
        return token or f"{what}:{self._minter.id(self._clock.now()).hex()}"

    async def _check_participation(self, ticket: Ticket, agent: Agent, what: str) -> None:
        """Refuse what takes part in a decision to those who took part in the first one."""
        if what in PARTICIPATING_ACTIONS:
            await self._reviewers.check_may_take_part(ticket, agent)

    async def apply_decision(
        self,
        ticket: Ticket,
        agent: Agent,
        decide: DecisionFunction,
        entry: LogEntryDraft,
        *,
        job_id: str | None,
        guard: Guard = no_check,
        evidence_removed: tuple[EvidenceId, ...] = (),
    ) -> Ticket:
        """Decide a ticket and inform the user, in one commit.

        Args:
            ticket: the ticket as it was read.
            agent: the agent who decides.
            decide: makes the decision on the locked ticket.
            entry: the entry for the ticket's log.
            job_id: the form's token, so that submitting it twice counts once.
            guard: raises if the ticket has changed since the agent saw it.
            evidence_removed: the evidence whose content is deleted with the decision.

        Returns:
            The ticket as it is after the commit.
        """
        await self._check_participation(ticket, agent, entry.what)

        def decide_locked(rows: WorkingSet, now: datetime) -> DecisionResult:
            current = rows.tickets[ticket.id]
            guard(current)
            return decide(current, now)

        return await self._commit_decision(
            (ticket,),
            agent,
            decide_locked,
            (entry,),
            job_id=job_id,
            evidence_removed=evidence_removed,
        )

    async def apply_decision_to_pair(
        self,
        ticket: Ticket,
        other: Ticket,
        agent: Agent,
        decide: PairDecisionFunction,
        entries: tuple[LogEntryDraft, LogEntryDraft],
        *,
        job_id: str | None,
        guard: Guard = no_check,
    ) -> Ticket:
        """Decide a ticket that concerns another one, in one commit; see ``apply_decision``.

        Args:
            ticket: the ticket whose requester is informed.
            other: the other ticket, which the decision may change.
            agent: the agent who decides.
            decide: makes the decision on both locked tickets.
            entries: the entries for the logs of ``ticket`` and of ``other``.
            job_id: the form's token, so that submitting it twice counts once.
            guard: raises if ``ticket`` has changed since the agent saw it.
        """

        def decide_locked(rows: WorkingSet, now: datetime) -> DecisionResult:
            current = rows.tickets[ticket.id]
            guard(current)
            return decide(current, rows.tickets[other.id], now)

        tickets = (ticket, other)
        decided = await self._commit_decision(tickets, agent, decide_locked, entries, job_id=job_id)
        self._changed(other.conversation_id)
        return decided

    async def _commit_decision(
        self,
        tickets: tuple[Ticket, ...],
        agent: Agent,
        decide: Callable[[WorkingSet, datetime], DecisionResult],
        entries: tuple[LogEntryDraft, ...],
        *,
        job_id: str | None,
        evidence_removed: tuple[EvidenceId, ...] = (),
    ) -> Ticket:
        now, ticket = self._clock.now(), tickets[0]
        job_name = self.job_id(entries[0].what, job_id)
        decided: dict[TicketId, Ticket] = {}

        def prepare(rows: WorkingSet) -> TurnInput:
            result = decide(rows, now)
            after = _with_participant(_with_staff_message(result), entries[0].what, agent)
            decided[ticket.id] = after
            message = _decision_message(job_name, result, agent, after)
            others = () if result.other_ticket is None else (result.other_ticket,)
            log = tuple(
                LogEntry(about.id, now, agent.name, entry.what, entry.why, job_name, entry.data)
                for about, entry in zip(tickets, entries, strict=True)
            )
            return TurnInput(
                message,
                Changes(
                    tickets=(after, *others),
                    ticket_log=log,
                    deliveries=(*result.deliveries, *self._notices.rows(message, now)),
                    evidence_removed=evidence_removed,
                    staff_alarms=result.alarms,
                ),
            )

        await self._turns.run(
            ticket.conversation_id,
            job_name,
            prepare,
            tickets=tuple(ticket.id for ticket in tickets),
            once_per_ticket=ticket.id,
        )
        current = decided.get(ticket.id) or await self._reader.ticket(ticket.id)
        assert current is not None
        return current

    async def preview(
        self, ticket: Ticket, agent: Agent, decide: DecisionFunction
    ) -> tuple[Event, ...]:
        """Return the events that the user would see after a decision. Nothing is saved.

        Raises:
            DeskError: as raised by ``decide``.
        """
        now = self._clock.now()

        def prepare(rows: WorkingSet) -> TurnInput:
            result = decide(rows.tickets[ticket.id], now)
            after = _with_staff_message(result)
            message = _decision_message("preview", result, agent, after)
            return TurnInput(message, Changes(tickets=(after,)))

        changes = await self._turns.preview(ticket.conversation_id, prepare, tickets=(ticket,))
        return changes.events

    async def send_reply(
        self,
        ticket: Ticket,
        agent: Agent,
        text: str,
        check: Callable[[WorkingSet], None],
        *,
        job_id: str | None,
        guard: Guard = no_check,
    ) -> None:
        """Send a reply to the user about a ticket. The ticket only records who wrote it.

        Args:
            ticket: the ticket as it was read.
            agent: the agent who writes.
            text: the text of the reply.
            check: raises to refuse the reply, given the locked rows.
            job_id: the form's token, so that submitting it twice counts once.
            guard: raises if the ticket has changed since the agent saw it.
        """
        await self._check_participation(ticket, agent, _REPLY)
        now = self._clock.now()
        job_name = self.job_id("reply", job_id)

        def prepare(rows: WorkingSet) -> TurnInput:
            check(rows)
            guard(rows.tickets[ticket.id])
            before = rows.tickets[ticket.id]
            check_not_purged(before)
            after = _with_participant(before, _REPLY, agent)
            tickets = () if after is before else (replace(after, version=before.version + 1),)
            message = DecisionMessage(
                job_name, DecisionKind.REPLIED, agent.name, agent.public_name, text, after
            )
            entry = LogEntry(ticket.id, now, agent.name, _REPLY, text, job_name)
            return TurnInput(message, Changes(tickets=tickets, ticket_log=(entry,)))

        await self._turns.run(
            ticket.conversation_id,
            job_name,
            prepare,
            tickets=(ticket.id,),
            once_per_ticket=ticket.id,
        )

    async def change_ticket(
        self,
        ticket: Ticket,
        agent: Agent,
        entry: LogEntryDraft,
        change: Callable[[Ticket, datetime], TicketChange],
        *,
        job_id: str | None,
        guard: Guard = no_check,
    ) -> Ticket:
        """Change a ticket, and inform the user if that brings it to its end, in one commit.

        Args:
            ticket: the ticket as it was read.
            agent: the agent who makes the change.
            entry: the entry for the ticket's log.
            change: returns the change of the locked ticket; pure, since it may run again.
            job_id: the form's token, so that submitting it twice counts once.
            guard: raises if the ticket has changed since the agent saw it.
        """
        now, job_name = self._clock.now(), self.job_id(entry.what, job_id)

        def prepare(rows: WorkingSet) -> TurnInput:
            before = rows.tickets[ticket.id]
            guard(before)
            check_not_purged(before)
            result = change(before, now)
            log_entry = LogEntry(
                ticket.id, now, agent.name, entry.what, entry.why, job_name, entry.data
            )
            changes = Changes(
                tickets=(result.ticket,), ticket_log=(log_entry,), staff_alarms=result.alarms
            )
            if not result.outcome:
                return TurnInput(None, changes)
            message = ResultMessage(
                job_name, "", entry.what, result.outcome, result.data, ticket=result.ticket
            )
            notices = Changes(deliveries=self._notices.rows(message, now))
            return TurnInput(message, changes.merged_with(notices))

        await self._turns.run(
            ticket.conversation_id,
            job_name,
            prepare,
            tickets=(ticket.id,),
            once_per_ticket=ticket.id,
        )
        self._changed(ticket.conversation_id)
        current = await self._reader.ticket(ticket.id)
        assert current is not None
        return current

    async def update_ticket(
        self,
        ticket: Ticket,
        agent: Agent,
        entry: LogEntryDraft,
        change: Callable[[Ticket], Ticket],
        *,
        job_id: str | None = None,
        guard: Guard = no_check,
        alarms: tuple[StaffAlarm, ...] = (),
        deliveries: tuple[Delivery, ...] = (),
    ) -> Ticket:
        """Change a ticket, or only add to its log, without informing the user.

        Args:
            ticket: the ticket as it was read.
            agent: the agent who makes the change.
            entry: the entry for the ticket's log.
            change: returns the changed ticket; pure, since it may run again.
            job_id: the form's token, so that submitting it twice counts once.
            guard: raises if the ticket has changed since the agent saw it.
            alarms: alarms for other agents.
            deliveries: outbox rows of calls to the account service.
        """
        await self._check_participation(ticket, agent, entry.what)
        job_name = self.job_id(entry.what, job_id)
        log_entry = LogEntry(
            ticket.id, self._clock.now(), agent.name, entry.what, entry.why, job_name, entry.data
        )

        def decide(rows: WorkingSet) -> Changes:
            before = rows.tickets[ticket.id]
            guard(before)
            check_not_purged(before)
            after = _with_participant(change(before), entry.what, agent)
            tickets = () if after is before else (after,)
            return Changes(
                tickets=tickets,
                ticket_log=(log_entry,),
                staff_alarms=alarms,
                deliveries=deliveries,
                answer=after,
            )

        job = Job(
            id=job_name,
            locks=Locks(conversation=ticket.conversation_id, tickets=(ticket.id,)),
            decide=decide,
            once_per_ticket=ticket.id,
        )
        committed = await self._writer.submit(job)
        self._changed(ticket.conversation_id)
        current = (
            committed.changes.answer
            if committed.changes is not None
            else await self._reader.ticket(ticket.id)
        )
        assert isinstance(current, Ticket)
        return current


def _with_participant(ticket: Ticket, what: str, agent: Agent) -> Ticket:
    """Return the ticket with the agent recorded if the action takes part in the decision."""
    if what not in PARTICIPATING_ACTIONS or agent.name in ticket.work.touched_by:
        return ticket
    work = replace(ticket.work, touched_by=(*ticket.work.touched_by, agent.name))
    return replace(ticket, work=work)


def _decision_message(
    job_id: str, result: DecisionResult, agent: Agent, ticket: Ticket
) -> DecisionMessage:
    return DecisionMessage(
        job_id, result.kind, agent.name, agent.public_name, result.text, ticket, result.data
    )


def check_not_purged(ticket: Ticket) -> None:
    """Refuse actions on a purged ticket: what they add would never be purged.

    Raises:
        NotAllowedNowError: with reason ``purged``.
    """
    if ticket.purged_at is not None:
        raise NotAllowedNowError("only the record of this request is left", reason="purged")


_READABLE_BY_NUMBER = frozenset(
    {
        DecisionKind.EXAMINED,
        DecisionKind.ASKED,
        DecisionKind.RELEASED,
        DecisionKind.RESOLVED,
        DecisionKind.REFUSED,
        DecisionKind.MERGED,
    }
)
"""Decisions that the requester can look up by the ticket's number, also from another device."""


def _with_staff_message(result: DecisionResult) -> Ticket:
    """Return the ticket with the message that the requester can look up by its number."""
    ticket = result.ticket
    if result.kind not in _READABLE_BY_NUMBER:
        return ticket
    message = StaffMessage(result.kind.value, result.text, dict(result.data))
    return replace(ticket, work=replace(ticket.work, told=message))
