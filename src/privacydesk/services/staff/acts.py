"""One act of staff as one job: ticket move, log entry, outbox rows and message to the user."""

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
from privacydesk.domain.turn import Decided, DecisionKind
from privacydesk.domain.work import Told
from privacydesk.errors import NotAllowedNowError
from privacydesk.ports import Changes, Job, Locks, Minter, Reader, WorkingSet, Writer
from privacydesk.services.decision import Prepared
from privacydesk.services.notices import Notices
from privacydesk.services.staff.staleness import Guard, anyhow
from privacydesk.services.turns import Turns


@dataclass(frozen=True, slots=True)
class Ruling:
    """The outcome of an act on a ticket.

    Attributes:
        kind: what the user is told was done.
        ticket: the ticket after its move.
        text: the agent's words for the requester; empty where there are none.
        data: other values for the message to the user.
        deliveries: requests to the account service.
        beside: another ticket that changes with it.
    """

    kind: DecisionKind
    ticket: Ticket
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    deliveries: tuple[Delivery, ...] = ()
    beside: Ticket | None = None


Rule = Callable[[Ticket, datetime], Ruling]
"""Decides on the ticket as it is under the lock. Pure, since it may run again; raises a
``DeskError`` to refuse the act."""

_REPLY: Final = "reply"
TAKES_PART: Final = frozenset(
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
"""Acts after which an agent may not decide an objection to the ticket: they judged it, told a
colleague how to, or told the requester something about it."""

RuleOnTwo = Callable[[Ticket, Ticket, datetime], Ruling]
"""The same as ``Rule`` for a ticket and another one that it concerns."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What an act leaves in the ticket's log.

    Attributes:
        what: the act's name.
        why: the reason in plain words.
        data: other details that staff may want to know later.
    """

    what: str
    why: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


class Acts:
    """Runs acts of staff.

    Args:
        turns: tells users what staff did.
        writer: commits acts that users are not told about.
        reader: reads the ticket if the act has run before.
        minter: makes ids for acts.
        notices: makes notices outside the chat.
        clock: the present.
        changed: called after a change that leaves no event, so that other pages are updated.
    """

    def __init__(
        self,
        *,
        turns: Turns,
        writer: Writer,
        reader: Reader,
        minter: Minter,
        notices: Notices,
        clock: Clock,
        changed: Callable[[ConversationId], None],
    ) -> None:
        self._turns = turns
        self._writer = writer
        self._reader = reader
        self._minter = minter
        self._notices = notices
        self._clock = clock
        self._changed = changed

    def job(self, what: str, job_id: str | None) -> str:
        """Return the id under which an act runs once: a form's token, or a new one."""
        return job_id or f"{what}:{self._minter.id(self._clock.now()).hex()}"

    async def rule(
        self,
        ticket: Ticket,
        agent: Agent,
        rule: Rule,
        noted: Noted,
        *,
        job_id: str | None,
        guard: Guard = anyhow,
        evidence_removed: tuple[EvidenceId, ...] = (),
    ) -> Ticket:
        """Decide on a ticket and tell the user, in one commit.

        Args:
            ticket: the ticket as it was read.
            agent: who decides.
            rule: decides the outcome.
            noted: the entry in its log.
            job_id: a form's token, so that two submits count once.
            guard: refuses the act if the case is not as the agent saw it.
            evidence_removed: files whose bodies are removed with the decision.

        Returns:
            The ticket as it stands now.
        """

        def checked(rows: WorkingSet, now: datetime) -> Ruling:
            current = rows.tickets[ticket.id]
            guard(current)
            return rule(current, now)

        return await self._rule(
            (ticket,),
            agent,
            checked,
            (noted,),
            job_id=job_id,
            evidence_removed=evidence_removed,
        )

    async def rule_on_two(
        self,
        ticket: Ticket,
        other: Ticket,
        agent: Agent,
        rule: RuleOnTwo,
        noted: tuple[Noted, Noted],
        *,
        job_id: str | None,
        guard: Guard = anyhow,
    ) -> Ticket:
        """Decide on a ticket and on another one beside it, in one commit; see ``rule``.

        Args:
            ticket: whose requester is told.
            other: the other one.
            agent: who decides.
            rule: decides the outcome for both.
            noted: the entries in their logs, in this order.
            job_id: a form's token.
            guard: as for ``rule``, on the first of them.
        """

        def checked(rows: WorkingSet, now: datetime) -> Ruling:
            current = rows.tickets[ticket.id]
            guard(current)
            return rule(current, rows.tickets[other.id], now)

        known = await self._rule((ticket, other), agent, checked, noted, job_id=job_id)
        self._changed(other.conversation_id)
        return known

    async def _rule(
        self,
        tickets: tuple[Ticket, ...],
        agent: Agent,
        rule: Callable[[WorkingSet, datetime], Ruling],
        noted: tuple[Noted, ...],
        *,
        job_id: str | None,
        evidence_removed: tuple[EvidenceId, ...] = (),
    ) -> Ticket:
        now, ticket = self._clock.now(), tickets[0]
        job = self.job(noted[0].what, job_id)
        settled: dict[TicketId, Ticket] = {}

        def prepare(rows: WorkingSet) -> Prepared:
            ruling = rule(rows, now)
            moved = settled[ticket.id] = _touched(_with_words(ruling), noted[0].what, agent)
            message = _message(job, ruling, agent, moved)
            log = tuple(
                LogEntry(about.id, now, agent.name, one.what, one.why, job, one.data)
                for about, one in zip(tickets, noted, strict=True)
            )
            return Prepared(
                message,
                Changes(
                    tickets=(moved,) if ruling.beside is None else (moved, ruling.beside),
                    ticket_log=log,
                    deliveries=(*ruling.deliveries, *self._notices.rows(message, now)),
                    evidence_removed=evidence_removed,
                ),
            )

        await self._turns.run(
            ticket.conversation_id,
            job,
            prepare,
            tickets=tuple(one.id for one in tickets),
            once_per_ticket=ticket.id,
        )
        known = settled.get(ticket.id) or await self._reader.ticket(ticket.id)
        assert known is not None
        return known

    async def preview(self, ticket: Ticket, agent: Agent, rule: Rule) -> tuple[Event, ...]:
        """Return what the user would see of a decision. Nothing is saved.

        Raises:
            DeskError: as ``rule`` raised.
        """
        now = self._clock.now()

        def prepare(rows: WorkingSet) -> Prepared:
            ruling = rule(rows.tickets[ticket.id], now)
            moved = _with_words(ruling)
            message = _message("preview", ruling, agent, moved)
            return Prepared(message, Changes(tickets=(moved,)))

        return await self._turns.foresee(ticket.conversation_id, prepare, tickets=(ticket,))

    async def write(
        self,
        ticket: Ticket,
        agent: Agent,
        words: str,
        check: Callable[[WorkingSet], None],
        *,
        job_id: str | None,
        guard: Guard = anyhow,
    ) -> None:
        """Write to the user about a ticket, which only records who wrote.

        Args:
            ticket: what it is about.
            agent: who writes.
            words: the message.
            check: raises to refuse, given the locked rows.
            job_id: a form's token.
            guard: as for ``rule``.
        """
        now = self._clock.now()
        job = self.job("reply", job_id)

        def prepare(rows: WorkingSet) -> Prepared:
            check(rows)
            guard(rows.tickets[ticket.id])
            before = rows.tickets[ticket.id]
            check_kept(before)
            after = _touched(before, _REPLY, agent)
            tickets = () if after is before else (replace(after, version=before.version + 1),)
            message = Decided(job, DecisionKind.REPLIED, agent.name, agent.display_name, words)
            entry = LogEntry(ticket.id, now, agent.name, _REPLY, words, job)
            return Prepared(message, Changes(tickets=tickets, ticket_log=(entry,)))

        await self._turns.run(
            ticket.conversation_id,
            job,
            prepare,
            tickets=(ticket.id,),
            once_per_ticket=ticket.id,
        )

    async def change(
        self,
        ticket: Ticket,
        agent: Agent,
        noted: Noted,
        change: Callable[[Ticket], Ticket],
        *,
        job_id: str | None = None,
        guard: Guard = anyhow,
        calls: tuple[StaffAlarm, ...] = (),
        deliveries: tuple[Delivery, ...] = (),
    ) -> Ticket:
        """Change a ticket, or only its log, without telling the user.

        Args:
            ticket: the ticket as it was read.
            agent: who changes it.
            noted: the entry in its log.
            change: returns the changed ticket; pure, since it may run again.
            job_id: a form's token, so that two submits count once.
            guard: as for ``rule``.
            calls: alarms for colleagues.
            deliveries: requests to the account service.
        """
        job_name = self.job(noted.what, job_id)
        entry = LogEntry(
            ticket.id, self._clock.now(), agent.name, noted.what, noted.why, job_name, noted.data
        )

        def decide(rows: WorkingSet) -> Changes:
            before = rows.tickets[ticket.id]
            guard(before)
            check_kept(before)
            after = _touched(change(before), noted.what, agent)
            tickets = () if after is before else (after,)
            return Changes(
                tickets=tickets,
                ticket_log=(entry,),
                staff_alarms=calls,
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
        known = (
            committed.changes.answer
            if committed.changes is not None
            else await self._reader.ticket(ticket.id)
        )
        assert isinstance(known, Ticket)
        return known


def _touched(ticket: Ticket, what: str, agent: Agent) -> Ticket:
    """Return the ticket with the agent recorded if the act takes part in its decision."""
    if what not in TAKES_PART or agent.name in ticket.work.touched_by:
        return ticket
    work = replace(ticket.work, touched_by=(*ticket.work.touched_by, agent.name))
    return replace(ticket, work=work)


def _message(job: str, ruling: Ruling, agent: Agent, moved: Ticket) -> Decided:
    return Decided(
        job, ruling.kind, agent.name, agent.display_name, ruling.text, moved, ruling.data
    )


def check_kept(ticket: Ticket) -> None:
    """Refuse to write on a purged record: new content would never be purged.

    Raises:
        NotAllowedNowError: with reason ``purged``.
    """
    if ticket.purged_at is not None:
        raise NotAllowedNowError("only the record of this request is left", reason="purged")


_READ_AGAIN = frozenset(
    {
        DecisionKind.EXAMINED,
        DecisionKind.ASKED,
        DecisionKind.RELEASED,
        DecisionKind.RESOLVED,
        DecisionKind.REFUSED,
        DecisionKind.MERGED,
    }
)
"""Decisions that the requester may look up by the ticket's number, from another device."""


def _with_words(ruling: Ruling) -> Ticket:
    if ruling.kind not in _READ_AGAIN:
        return ruling.ticket
    told = Told(ruling.kind.value, ruling.text, dict(ruling.data))
    return replace(ruling.ticket, work=replace(ruling.ticket.work, told=told))
