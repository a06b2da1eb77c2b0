"""Turns: observe, decide under the lock, write, answer.

``run`` looks at a message from outside the lock (what it means, code hash, whose tickets), then
hands the writer a ``Decision`` on what it reads under the lock. When that wants rows that were not
locked, or what the step needs has changed meanwhile, it goes back to observing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from privacydesk.clock import Clock
from privacydesk.dialog.engine import Engine
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId, DeliveryId, TicketId
from privacydesk.domain.instants import happened_within
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.turn import (
    Message,
    Needs,
    Observed,
    Said,
)
from privacydesk.errors import DeskError, NotFoundError, UnavailableError
from privacydesk.ports import (
    Committed,
    Hashing,
    Job,
    Locks,
    Reader,
    Reobserve,
    Understanding,
    WorkingSet,
    Writer,
)
from privacydesk.services.attendance import Attendance, Reach
from privacydesk.services.counting import Counting
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.decision import (
    NOTHING,
    SILENT,
    UNSEEN,
    Decision,
    Gathered,
    Means,
    Prepare,
    Prepared,
)
from privacydesk.services.making import TurnMaker
from privacydesk.services.open_questions import OpenQuestions

_log = structlog.get_logger(__name__)

_ALARM_EVERY = timedelta(minutes=1)
_WARNINGS = frozenset({"origin_budget_reached"})
"""Alarms that concern one origin; nobody else is shut out."""
_ROUNDS = 12
"""How often a job may go back to observing: each step of a turn may name one thing more."""


Hear = Callable[[Conversation], Awaitable[Observed]]


class Turns:
    """Runs messages through the engine and the writer.

    Attributes:
        left_due: called after a commit that left outbox rows or tickets, so that a worker of this
            process need not wait for its next poll.
        alarmed: called after a commit with each alarm that the turn raised, and where.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        writer: Writer,
        reader: Reader,
        maker: TurnMaker,
        understanding: Understanding,
        questions: OpenQuestions,
        hashing: Hashing,
        deadlines: Deadlines,
        attendance: Attendance,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._understanding = understanding
        self._questions = questions
        self._hashing = hashing
        self._attendance = attendance
        self._clock = clock
        self._deadlines = deadlines
        self.left_due: Callable[[], None] = _nobody_waits
        self.alarmed: Callable[[str, ConversationId], Awaitable[None]] = _nobody_is_called
        self._means = Means(engine, maker, hashing, Counting(engine.flows, deadlines))
        self._alarmed: dict[str, datetime] = {}

    async def say(
        self, conversation: ConversationId, message: Message, *, origin: bytes = b""
    ) -> Committed:
        """Run a message of the user.

        Args:
            conversation: whose turn it is.
            message: what they said or did.
            origin: where a visitor without a login writes from: those of one origin share budgets,
                and wait together where many have to wait; empty where it is not known.
        """

        async def hear(seen: Conversation) -> Observed:
            if not isinstance(message, Said):
                return SILENT
            today = self._deadlines.today(self._clock.now())
            return await self._understanding.hear(
                message.text, origin or conversation, today, self._questions.of(seen)
            )

        def prepare(_rows: WorkingSet) -> Prepared:
            return Prepared(message)

        return await self.run(conversation, message.job_id, prepare, hear=hear, origin=origin)

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
        origin: bytes = b"",
    ) -> Committed:
        """Run a job of a conversation.

        Args:
            conversation: whose turn it is.
            job_id: known ids are answered with their first answer.
            prepare: what happens before the engine runs.
            tickets: tickets that ``prepare`` decides on.
            deliveries: outbox rows that ``prepare`` decides on.
            once_per_ticket: see ``Job``.
            hear: returns what the user's words mean; not called while an agent reads them.
            origin: as for ``say``.

        Raises:
            NotFoundError: no such conversation.
            DeskError: as ``prepare`` raised, or the writer.
        """
        needs, gathered = NOTHING, UNSEEN
        heard = SILENT if hear is None else None
        for _ in range(_ROUNDS):
            seen = self._writer.cached(conversation) or await self._reader.conversation(
                conversation
            )
            if seen is None:
                raise NotFoundError("no such conversation")
            if hear is not None and heard is None and seen.owner.kind is not OwnerKind.AGENT:
                heard = await hear(seen)
            gathered = await self._look(seen, needs, gathered, origin)
            job = Job(
                id=job_id,
                locks=Locks(
                    conversation=conversation,
                    tickets=tuple(dict.fromkeys((*tickets, *gathered.tickets))),
                    challenges=tuple(
                        self._hashing.challenge(label) for label in gathered.needs.challenges
                    ),
                    deliveries=deliveries,
                    stand_in=gathered.stand_in,
                ),
                decide=Decision(
                    self._means, job_id, prepare, gathered, heard, self._clock.now(), origin
                ),
                once_per_ticket=once_per_ticket,
                # What somebody says or taps; files were stored before.
                small=hear is not None,
            )
            try:
                committed = await self._writer.submit(job)
            except Reobserve as again:
                needs = again.args[0]
                if hear is not None and heard is None:
                    heard = await hear(seen)
                continue
            changes = committed.changes
            if changes is not None:
                if changes.deliveries or changes.tickets:
                    self.left_due()
                for name in changes.alarms:
                    await self._alarm(name, conversation)
            return committed
        raise UnavailableError("the conversation changes faster than it can be answered")

    async def foresee(
        self, conversation: ConversationId, prepare: Prepare, *, tickets: tuple[Ticket, ...] = ()
    ) -> tuple[Event, ...]:
        """Return the events that a job would produce, worded as they would be shown.

        Nothing is locked or kept; anything minted on the way is discarded.

        Args:
            conversation: whose turn it would be.
            prepare: as for ``run``.
            tickets: those that ``prepare`` decides on, as they stand.

        Raises:
            NotFoundError: no such conversation.
            DeskError: as ``prepare`` raised.
        """
        needs, gathered = NOTHING, UNSEEN
        for _ in range(_ROUNDS):
            seen = await self._reader.conversation(conversation)
            if seen is None:
                raise NotFoundError("no such conversation")
            gathered = await self._look(seen, needs, gathered)
            others = [await self._reader.ticket(one) for one in gathered.tickets]
            known = {one.id: one for one in (*others, *tickets) if one is not None}
            rows = WorkingSet(conversation=seen, tickets=known)
            try:
                decision = Decision(
                    self._means, "preview", prepare, gathered, SILENT, self._clock.now()
                )
                return decision(rows).events
            except Reobserve as again:
                needs = again.args[0]
        raise UnavailableError("the conversation changes faster than it can be answered")

    async def _alarm(self, name: str, conversation: ConversationId) -> None:
        """Log an alarm for the operator, not once for each of the many who run into it."""
        now = self._clock.now()
        if not happened_within(self._alarmed.get(name), now, _ALARM_EVERY):
            self._alarmed[name] = now
            (_log.warning if name in _WARNINGS else _log.error)(name)
        try:
            await self.alarmed(name, conversation)
        except DeskError as error:
            # The turn stands; the next attempt calls again.
            _log.warning("alarm_not_called", alarm=name, code=error.code.value)

    # -- observe ---------------------------------------------------------------------------

    async def _look(
        self, seen: Conversation, needs: Needs, before: Gathered, origin: bytes = b""
    ) -> Gathered:
        """Fetch what lies outside the lock: whose tickets, who is there, what the policy says."""
        if needs is NOTHING:
            return UNSEEN
        tickets: tuple[TicketId, ...] = needs.ticket_ids
        if needs.tickets_of:
            tickets = (*tickets, *await self._whose(seen.id, needs.tickets_of))
        stand_in = None
        if needs.ticket_number:
            # The ticket is opened only under the lock, and a stand-in for an unknown number: the
            # time it takes reveals nothing.
            near = await self._reader.ticket_near(needs.ticket_number)
            if near is not None and near[1] not in tickets:
                tickets = (*tickets, near[1])
                stand_in = near[1] if near[0] != needs.ticket_number else None
        reach, place = Reach(staffed=False), 1
        if needs.queue:
            reach = await self._attendance.reach()
            place = await self._reader.queue_place(seen.id)
            if place == 0:
                place = await self._reader.queue_length() + 1
        policy = dict(before.policy)
        for question in needs.questions:
            # Searched once per job, however often its step needs something more.
            if question not in before.needs.questions:
                found = await self._understanding.answer(question, origin or seen.id)
                policy |= {question: found} if found is not None else {}
        return Gathered(
            needs=needs,
            tickets=tickets,
            stand_in=stand_in,
            reach=reach,
            place=place,
            policy=policy,
        )

    async def _whose(self, conversation: ConversationId, owners: str) -> list[TicketId]:
        """Return a person's tickets, open ones first, newest first."""
        found: dict[TicketId, Ticket] = {}
        for owner in owners.splitlines():
            purpose, _, value = owner.partition(":")
            if purpose == "conversation":
                theirs = await self._reader.tickets_in(conversation)
            else:
                person = self._hashing.lookup(purpose, value)
                theirs = await self._reader.tickets_of(person, only_open=False)
            found.update({ticket.id: ticket for ticket in theirs})
        newest = sorted(found.values(), key=lambda t: (t.is_open, t.id), reverse=True)
        return [ticket.id for ticket in newest]


async def _nobody_is_called(_name: str, _conversation: ConversationId) -> None:
    """Do nothing: without staff in this process, an alarm is only logged."""


def _nobody_waits() -> None:
    """Do nothing: without a worker in this process, rows wait for one elsewhere."""
