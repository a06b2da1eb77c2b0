"""Turns: observe, decide under the lock, write, answer.

``run`` looks at a message from outside the lock (recogniser, code hash, whose tickets), then hands
the writer a closure that decides on what it reads under the lock. When the decision wants rows
that were not locked, or what the step needs has changed meanwhile, it goes back to observing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import structlog
from msgspec import Struct
from msgspec.structs import replace

from privacydesk.clock import Clock
from privacydesk.dialog.engine import Engine, NeedsMore
from privacydesk.dialog.slots import code_digits
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.deliveries import Delivery
from privacydesk.domain.events import Event
from privacydesk.domain.identity import Challenge
from privacydesk.domain.ids import ConversationId, DeliveryId, EvidenceId, TicketId
from privacydesk.domain.packages import PackagePart
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.ticket import LogEntry, Ticket
from privacydesk.domain.turn import (
    Message,
    Needs,
    Observed,
    Said,
    Snapshot,
)
from privacydesk.errors import NotFoundError, UnavailableError
from privacydesk.ports import (
    Changes,
    Committed,
    Hashing,
    Job,
    Locks,
    PolicySearch,
    Reader,
    Recogniser,
    Reobserve,
    WorkingSet,
    Writer,
)
from privacydesk.services.attendance import Attendance, Reach
from privacydesk.services.counting import Counting
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.hearing import Hearing
from privacydesk.services.making import Maker
from privacydesk.services.records import recalled

_log = structlog.get_logger(__name__)

_ALARM_EVERY = timedelta(minutes=1)
_ROUNDS = 12
"""How often a job may go back to observing: each step of a turn may name one thing more."""


class Prepared(Struct, frozen=True):
    """What a job outside the dialog did before the message reaches the engine.

    Attributes:
        message: what the engine is told; None when the user is not.
        tickets: tickets already moved, with their log.
        deliveries: outbox rows, finished or new.
        evidence_removed: evidence whose body goes with this decision.
        audit: what is audited of it besides the log.
        attachments: files that go with what the user is told.
        package_parts: pieces of a new file that is offered to them.
        staff_alarms: whom it calls.
    """

    message: Message | None
    tickets: tuple[Ticket, ...] = ()
    log: tuple[LogEntry, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    evidence_removed: tuple[EvidenceId, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    package_parts: tuple[PackagePart, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    staff_alarms: tuple[StaffAlarm, ...] = ()


Prepare = Callable[[WorkingSet], Prepared]
"""Runs under the lock, before the engine; raises a ``DeskError`` to refuse the job."""

Hear = Callable[[], Awaitable[Observed]]

_SILENT = Observed()
"""What is heard where nobody spoke, or nobody had to be understood."""


class Turns:
    """Runs messages through the engine and the writer.

    Attributes:
        left_due: called after a commit that left outbox rows or tickets, so that a worker of this
            process need not wait for its next look.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        writer: Writer,
        reader: Reader,
        maker: Maker,
        recogniser: Recogniser,
        hashing: Hashing,
        deadlines: Deadlines,
        attendance: Attendance,
        clock: Clock,
        policy: PolicySearch,
    ) -> None:
        self.engine = engine
        self.writer = writer
        self.reader = reader
        self.maker = maker
        self._hearing = Hearing(recogniser)
        self._hashing = hashing
        self._attendance = attendance
        self._clock = clock
        self._policy = policy
        self.left_due: Callable[[], None] = _nobody_waits
        self._counting = Counting(engine.flows, deadlines)
        self._alarmed: dict[str, datetime] = {}

    async def say(self, conversation: ConversationId, message: Message) -> Committed:
        """Run a message of the user."""

        async def hear() -> Observed:
            if not isinstance(message, Said):
                return _SILENT
            return await self._hearing.hear(message.text, conversation)

        def prepare(_rows: WorkingSet) -> Prepared:
            return Prepared(message)

        return await self.run(conversation, message.job_id, prepare, hear=hear)

    async def run(
        self,
        conversation: ConversationId,
        job_id: str,
        prepare: Prepare,
        *,
        tickets: tuple[TicketId, ...] = (),
        deliveries: tuple[DeliveryId, ...] = (),
        once_per_ticket: TicketId | None = None,
        hear: Hear | None = None,
    ) -> Committed:
        """Run a job of a conversation.

        Args:
            conversation: whose turn it is.
            job_id: known ids are answered with their first answer.
            prepare: what happens before the engine is told.
            tickets: tickets that ``prepare`` decides on.
            deliveries: outbox rows that ``prepare`` decides on.
            once_per_ticket: see ``Job``.
            hear: tells what the recogniser makes of the user's words; not asked while those are
                an agent's to read.

        Raises:
            NotFoundError: no such conversation.
            DeskError: as ``prepare`` raised, or the writer.
        """
        needs, sight = _NOTHING, _UNSEEN
        heard = _SILENT if hear is None else None
        for _ in range(_ROUNDS):
            seen = self.writer.cached(conversation) or await self.reader.conversation(conversation)
            if seen is None:
                raise NotFoundError("no such conversation")
            if hear is not None and heard is None and seen.owner.kind is not OwnerKind.AGENT:
                heard = await hear()
            sight = await self._look(seen, needs, sight)
            job = Job(
                id=job_id,
                locks=Locks(
                    conversation=conversation,
                    tickets=tuple(dict.fromkeys((*tickets, *sight.tickets))),
                    challenges=tuple(
                        self._hashing.challenge(label) for label in sight.needs.challenges
                    ),
                    deliveries=deliveries,
                ),
                decide=self._decision(job_id, prepare, sight, heard),
                once_per_ticket=once_per_ticket,
            )
            try:
                committed = await self.writer.submit(job)
            except Reobserve as again:
                needs = again.args[0]
                if hear is not None and heard is None:
                    heard = await hear()
                continue
            changes = committed.changes
            if changes is not None:
                if changes.deliveries or changes.tickets:
                    self.left_due()
                for name in changes.alarms:
                    self._alarm(name)
            return committed
        raise UnavailableError("the conversation changes faster than it can be answered")

    async def foresee(
        self, conversation: ConversationId, prepare: Prepare, *, tickets: tuple[Ticket, ...] = ()
    ) -> tuple[Event, ...]:
        """Return the events that a job would leave, worded as they would be shown.

        Nothing is locked or kept; what is minted on the way is thrown away.

        Args:
            conversation: whose turn it would be.
            prepare: as for ``run``.
            tickets: those that ``prepare`` decides on, as they stand.

        Raises:
            NotFoundError: no such conversation.
            DeskError: as ``prepare`` raised.
        """
        needs, sight = _NOTHING, _UNSEEN
        for _ in range(_ROUNDS):
            seen = await self.reader.conversation(conversation)
            if seen is None:
                raise NotFoundError("no such conversation")
            sight = await self._look(seen, needs, sight)
            others = [await self.reader.ticket(one) for one in sight.tickets]
            known = {one.id: one for one in (*others, *tickets) if one is not None}
            rows = WorkingSet(conversation=seen, tickets=known)
            try:
                return self._decision("preview", prepare, sight, _SILENT)(rows).events
            except Reobserve as again:
                needs = again.args[0]
        raise UnavailableError("the conversation changes faster than it can be answered")

    def _alarm(self, name: str) -> None:
        """Log what the operator has to look at; not for each of the many who run into it."""
        now = self._clock.now()
        told = self._alarmed.get(name)
        if told is None or now - told >= _ALARM_EVERY:
            self._alarmed[name] = now
            _log.error(name)

    # -- observe ---------------------------------------------------------------------------

    async def _look(self, seen: Conversation, needs: Needs, before: _Sight) -> _Sight:
        """Fetch what lies outside the lock: whose tickets, who is there, what the policy says."""
        if needs is _NOTHING:
            return _UNSEEN
        tickets: tuple[TicketId, ...] = needs.ticket_ids
        if needs.tickets_of:
            tickets = (*tickets, *await self._whose(seen.id, needs.tickets_of))
        if needs.ticket_number:
            numbered = await self.reader.ticket_by_number(needs.ticket_number)
            if numbered is not None:
                tickets = (*tickets, numbered.id)
        reach, place = Reach(staffed=False), 1
        if needs.queue:
            reach = await self._attendance.reach()
            place = await self.reader.queue_place(seen.id)
            if place == 0:
                place = await self.reader.queue_length() + 1
        policy = None
        if needs.question:
            # Searched once a job, however often its step has to look for more.
            known = needs.question == before.needs.question
            policy = before.policy
            if not known:
                policy = await self._policy.answer(needs.question, seen.id)
        return _Sight(needs=needs, tickets=tickets, reach=reach, place=place, policy=policy)

    async def _whose(self, conversation: ConversationId, owners: str) -> list[TicketId]:
        """Return a person's tickets, open ones first, newest first."""
        found: dict[TicketId, Ticket] = {}
        for owner in owners.splitlines():
            purpose, _, value = owner.partition(":")
            if purpose == "conversation":
                theirs = await self.reader.tickets_in(conversation)
            else:
                person = self._hashing.lookup(purpose, value)
                theirs = await self.reader.tickets_of(person, only_open=False)
            found.update({ticket.id: ticket for ticket in theirs})
        newest = sorted(found.values(), key=lambda t: (t.is_open, t.id), reverse=True)
        return [ticket.id for ticket in newest]

    def _observed(self, message: Message, needs: Needs, sight: _Sight, heard: Observed) -> Observed:
        code_hash = b""
        if isinstance(message, Said) and needs.code_target:
            digits = code_digits(message.text)
            if digits:
                code_hash = self._hashing.code(needs.code_target, digits)
        return Observed(
            recognised=heard.recognised,
            language=heard.language,
            entities=heard.entities,
            wishes=heard.wishes,
            code_hash=code_hash,
            wanted=needs,
            staffed=sight.reach.staffed,
            opens_at=sight.reach.opens_at,
            place=sight.place,
            policy=sight.policy,
        )

    # -- decide ----------------------------------------------------------------------------

    def _decision(
        self, job_id: str, prepare: Prepare, sight: _Sight, heard: Observed | None
    ) -> Callable[[WorkingSet], Changes]:
        engine, maker, hashing = self.engine, self.maker, self._hashing
        counting = self._counting
        now = self._clock.now()

        def decide(rows: WorkingSet) -> Changes:
            if rows.conversation is None:
                raise NotFoundError("no such conversation")
            if heard is None and rows.conversation.owner.kind is not OwnerKind.AGENT:
                # The agent left meanwhile, so the assistant has to understand it.
                raise Reobserve(sight.needs)
            prepared = prepare(rows)
            message = prepared.message
            if message is None:
                return Changes(
                    tickets=prepared.tickets,
                    ticket_log=prepared.log,
                    deliveries=prepared.deliveries,
                    evidence_removed=prepared.evidence_removed,
                    audit=prepared.audit,
                    staff_alarms=prepared.staff_alarms,
                    package_parts=prepared.package_parts,
                )
            snapshot = Snapshot(rows.conversation)
            wanted = _merged(sight.needs, engine.needs(snapshot, message))
            if wanted.challenges != sight.needs.challenges:
                # The step changed meanwhile, or this is the first look: its rows were not locked.
                raise Reobserve(wanted)
            challenges: dict[str, Challenge] = {}
            for label in wanted.challenges:
                row = hashing.challenge(label)
                challenges[label] = rows.challenges.get(row) or Challenge(row)
            if challenges or prepared.tickets or sight.tickets:
                snapshot = Snapshot(
                    conversation=rows.conversation,
                    challenges=challenges,
                    tickets=tuple(
                        recalled(ticket, rows.conversation, hashing)
                        for ticket in _shown(prepared.tickets, sight.tickets, rows.tickets)
                    ),
                )
            told = replace(
                message, observed=self._observed(message, wanted, sight, heard or _SILENT)
            )
            try:
                turn = engine.advance(snapshot, told, now)
            except NeedsMore as more:
                raise Reobserve(more.needs) from more
            made = maker.changes(
                turn,
                before=challenges,
                job_id=job_id,
                now=now,
                tickets=prepared.tickets,
                log=prepared.log,
                deliveries=prepared.deliveries,
                evidence_removed=prepared.evidence_removed,
            )
            counted = counting.of(rows.conversation, told, turn, now)
            files = prepared.attachments or prepared.package_parts
            if counted or files or prepared.audit or prepared.staff_alarms:
                return replace(
                    made,
                    attachments=prepared.attachments,
                    package_parts=prepared.package_parts,
                    audit=prepared.audit,
                    staff_alarms=prepared.staff_alarms,
                    counted=counted,
                )
            return made

        return decide


def _nobody_waits() -> None:
    """Without a worker in this process, rows wait for one elsewhere."""


class _Sight(Struct, frozen=True):
    """What was fetched from outside the lock."""

    needs: Needs
    tickets: tuple[TicketId, ...]
    reach: Reach
    place: int
    policy: PolicyAnswer | None = None


_NOTHING = Needs()
"""The first look of a job: what the step wants is only known under the lock."""

_UNSEEN = _Sight(needs=_NOTHING, tickets=(), reach=Reach(staffed=False), place=1)


def _shown(
    moved: tuple[Ticket, ...], wanted: tuple[TicketId, ...], locked: Mapping[TicketId, Ticket]
) -> tuple[Ticket, ...]:
    """Return tickets as the job left them, then the others it asked for."""
    known = {ticket.id for ticket in moved}
    return (*moved, *(locked[t] for t in wanted if t in locked and t not in known))


def _merged(fetched: Needs, wanted: Needs) -> Needs:
    """Return what was fetched with what the step names now."""
    if fetched is _NOTHING:
        return wanted
    return replace(
        fetched,
        code_target=wanted.code_target,
        challenges=tuple(dict.fromkeys((*fetched.challenges, *wanted.challenges))),
    )
