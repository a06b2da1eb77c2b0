"""Turns of a conversation: interpret the message, decide under the lock, commit.

``run`` first fetches what a turn needs outside the lock (what the message means, which tickets the
user has), then submits a job to the writer, whose ``Decision`` works on the rows read under the
lock. If the decision needs rows that were not locked, or the dialog has moved to another step
meanwhile, ``run`` fetches and submits again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog

from privacydesk.clock import Clock
from privacydesk.dialog.engine import Engine
from privacydesk.domain.attachments import Attachment
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.ids import ConversationId, DeliveryId, TicketId
from privacydesk.domain.instants import happened_within
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.turn import (
    CardMessage,
    ChoiceMessage,
    Message,
    Needs,
    Observation,
    Snapshot,
    TextMessage,
    UploadMessage,
)
from privacydesk.errors import DeskError, NotFoundError, UnavailableError
from privacydesk.ports import (
    Changes,
    Committed,
    Hashing,
    Job,
    LanguageUnderstanding,
    Locks,
    ObservationOutdated,
    Reader,
    WorkingSet,
    Writer,
)
from privacydesk.services.account_requests import AccountRequests
from privacydesk.services.attendance import Attendance, StaffAvailability
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.decision import (
    EMPTY_CONTEXT,
    NO_NEEDS,
    NO_OBSERVATION,
    Decision,
    PrepareTurn,
    TurnContext,
    TurnInput,
    TurnServices,
)
from privacydesk.services.open_questions import OpenQuestions
from privacydesk.services.own_requests import find_tickets
from privacydesk.services.row_builders import TurnChangesBuilder
from privacydesk.services.turn_counter import TurnCounter

_log = structlog.get_logger(__name__)

_ALARM_LOG_INTERVAL = timedelta(minutes=1)
_WARNINGS = frozenset({"origin_budget_reached"})
"""Alarms logged as warnings only, since they affect the users of one origin and nobody else."""
_KINDS: Final[Mapping[type, str]] = {
    TextMessage: "text",
    ChoiceMessage: "choice",
    CardMessage: "card",
    UploadMessage: "upload",
}
"""The kinds of messages that users send."""
_MAX_ATTEMPTS = 12
"""How often a job fetches and submits: each dialog step of a turn may need one thing more."""


Interpret = Callable[[Conversation], Awaitable[Observation]]
"""Return what the user's message means in a conversation."""


class Turns:
    """Runs messages and jobs of conversations through the dialog engine and the writer.

    Attributes:
        on_work_queued: called after a commit that changed outbox rows or tickets, so that a worker
            of this process need not wait for its next poll.
        observe: surrounds each turn of a user's message: told the kind of message, it returns a
            context with a list, to which the turn adds its result.
        on_alarm: called after a commit with each alarm that the turn raised and its conversation.
    """

    def __init__(
        self,
        *,
        engine: Engine,
        writer: Writer,
        reader: Reader,
        changes_builder: TurnChangesBuilder,
        understanding: LanguageUnderstanding,
        render_quotes: Callable[[PolicyAnswer], PolicyAnswer],
        questions: OpenQuestions,
        hashing: Hashing,
        deadlines: Deadlines,
        attendance: Attendance,
        clock: Clock,
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._understanding = understanding
        self._render_quotes = render_quotes
        self._questions = questions
        self._hashing = hashing
        self._attendance = attendance
        self._clock = clock
        self._deadlines = deadlines
        self._holds = AccountRequests(reader, hashing)
        self.on_work_queued: Callable[[], None] = _ignore_queued_work
        self.on_alarm: Callable[[str, ConversationId], Awaitable[None]] = _ignore_alarm
        self.observe: Callable[[str], AbstractContextManager[list[Committed]]] = _unobserved
        counter = TurnCounter(engine.flows, deadlines)
        opening_time = attendance.hours.time_between
        self._services = TurnServices(engine, changes_builder, hashing, counter, opening_time)
        self._alarm_logged_at: dict[str, datetime] = {}

    async def run_message(
        self,
        conversation: ConversationId,
        message: Message,
        *,
        origin: bytes = b"",
        shared: tuple[Attachment, ...] = (),
    ) -> Committed:
        """Run the turn of a user's message.

        Args:
            conversation: the id of the conversation.
            message: what the user wrote or did.
            origin: hash of the network from which a user without a login writes. Users of one
                origin share budgets and a place in the queue for interpretation. Empty if it is not
                known.
            shared: the files of the message, stored with the conversation if a person is shown
                them.
        """

        async def interpret(state: Conversation) -> Observation:
            if not isinstance(message, TextMessage | CardMessage) and not (
                isinstance(message, UploadMessage) and message.text
            ):
                return NO_OBSERVATION
            today = self._deadlines.today(self._clock.now())
            return await self._understanding.interpret(
                message.text, origin or conversation, today, self._questions.find(state)
            )

        def prepare(rows: WorkingSet) -> TurnInput:
            assert rows.conversation is not None
            shares = self._services.engine.shares_files(Snapshot(rows.conversation))
            return TurnInput(message, Changes(attachments=shared if shares else ()))

        with self.observe(_KINDS.get(type(message), "other")) as result:
            committed = await self.run(
                conversation,
                message.job_id,
                prepare,
                interpret=interpret,
                origin=origin,
                small=not shared,
            )
            result.append(committed)
        return committed

    async def run(
        self,
        conversation: ConversationId,
        job_id: str,
        prepare: PrepareTurn,
        *,
        tickets: tuple[TicketId, ...] = (),
        deliveries: tuple[DeliveryId, ...] = (),
        once_per_ticket: TicketId | None = None,
        interpret: Interpret | None = None,
        origin: bytes = b"",
        small: bool = True,
    ) -> Committed:
        """Run a job of a conversation.

        Args:
            conversation: the id of the conversation.
            job_id: identifies the job; one that was committed before returns its first result.
            prepare: runs under the lock before the engine.
            tickets: tickets that ``prepare`` changes or reads.
            deliveries: outbox rows that ``prepare`` changes or reads.
            once_per_ticket: see ``Job``.
            interpret: interprets the user's message; not called while an agent owns the
                conversation and reads it. None if the job has no such message.
            origin: as for ``run_message``.
            small: false if the job writes files, for which the event loop must not wait.

        Raises:
            NotFoundError: there is no such conversation.
            DeskError: raised by ``prepare`` or the writer.
        """
        needs, context = NO_NEEDS, EMPTY_CONTEXT
        observation = NO_OBSERVATION if interpret is None else None
        for _ in range(_MAX_ATTEMPTS):
            state = self._writer.cached(conversation) or await self._reader.conversation(
                conversation
            )
            if state is None:
                raise NotFoundError("no such conversation")
            owned_by_agent = state.owner.kind is OwnerKind.AGENT
            if interpret is not None and observation is None and not owned_by_agent:
                observation = await interpret(state)
            context = await self._fetch_context(state, needs, context, origin)
            job = Job(
                id=job_id,
                locks=Locks(
                    conversation=conversation,
                    tickets=tuple(dict.fromkeys((*tickets, *context.tickets))),
                    challenges=tuple(
                        self._hashing.challenge(label) for label in context.needs.challenges
                    ),
                    deliveries=deliveries,
                    decoy_ticket=context.stand_in,
                ),
                decide=Decision(
                    self._services,
                    job_id,
                    prepare,
                    context,
                    observation,
                    self._clock.now(),
                    origin,
                ),
                once_per_ticket=once_per_ticket,
                # A text or a button.
                small=small and interpret is not None,
            )
            try:
                committed = await self._writer.submit(job)
            except ObservationOutdated as outdated:
                needs = outdated.args[0]
                if interpret is not None and observation is None:
                    observation = await interpret(state)
                continue
            changes = committed.changes
            if changes is not None:
                if changes.deliveries or changes.tickets:
                    self.on_work_queued()
                for name in changes.alarms:
                    await self._raise_alarm(name, conversation)
            return committed
        raise UnavailableError("the conversation changes faster than it can be answered")

    async def preview(
        self,
        conversation: ConversationId | Conversation,
        prepare: PrepareTurn,
        *,
        tickets: tuple[Ticket, ...] = (),
    ) -> Changes:
        """Return the changes that a job would make, its events with the texts that would be shown.

        Nothing is locked or stored; ids and numbers generated on the way are discarded. Counters
        are not read, so that quotas don't count.

        Args:
            conversation: the id of the conversation, or one that is not stored yet.
            prepare: as for ``run``.
            tickets: the current tickets that ``prepare`` changes or reads.

        Raises:
            NotFoundError: there is no such conversation.
            DeskError: raised by ``prepare``.
        """
        needs, context = NO_NEEDS, EMPTY_CONTEXT
        for _ in range(_MAX_ATTEMPTS):
            state: Conversation | None
            if isinstance(conversation, Conversation):
                state = conversation
            else:
                state = await self._reader.conversation(conversation)
            if state is None:
                raise NotFoundError("no such conversation")
            context = await self._fetch_context(state, needs, context)
            fetched = [await self._reader.ticket(ticket_id) for ticket_id in context.tickets]
            by_id = {ticket.id: ticket for ticket in (*fetched, *tickets) if ticket is not None}
            rows = WorkingSet(conversation=state, tickets=by_id)
            try:
                decision = Decision(
                    self._services, "preview", prepare, context, NO_OBSERVATION, self._clock.now()
                )
                return decision(rows)
            except ObservationOutdated as outdated:
                needs = outdated.args[0]
        raise UnavailableError("the conversation changes faster than it can be answered")

    async def _raise_alarm(self, name: str, conversation: ConversationId) -> None:
        """Log an alarm for the operator, at most once a minute, and call ``on_alarm``."""
        now = self._clock.now()
        if not happened_within(self._alarm_logged_at.get(name), now, _ALARM_LOG_INTERVAL):
            self._alarm_logged_at[name] = now
            (_log.warning if name in _WARNINGS else _log.error)(name)
        try:
            await self.on_alarm(name, conversation)
        except DeskError as error:
            # The turn is committed; the next turn that raises the alarm calls again.
            _log.warning("alarm_not_called", alarm=name, code=error.code.value)

    # -- before locking --------------------------------------------------------------------

    async def _fetch_context(
        self, state: Conversation, needs: Needs, previous: TurnContext, origin: bytes = b""
    ) -> TurnContext:
        """Fetch what a turn needs from outside the lock.

        Args:
            state: the conversation before locking.
            needs: the tickets, availability of staff and policy answers that the step needs.
            previous: what was fetched at the previous attempt.
            origin: as for ``run_message``.
        """
        if needs is NO_NEEDS:
            return EMPTY_CONTEXT
        tickets: tuple[TicketId, ...] = needs.ticket_ids
        if needs.tickets_of:
            found = await find_tickets(self._reader, self._hashing, state.id, needs.tickets_of)
            tickets = (*tickets, *(ticket.id for ticket in found))
        stand_in = None
        if needs.ticket_number:
            # A ticket is decrypted only under the lock. For an unknown number another ticket stands
            # in, so that the response time does not reveal whether the number exists.
            near = await self._reader.ticket_near(needs.ticket_number)
            if near is not None and near[1] not in tickets:
                tickets = (*tickets, near[1])
                stand_in = near[1] if near[0] != needs.ticket_number else None
        availability, place = StaffAvailability(staffed=False), 1
        if needs.queue:
            availability = await self._attendance.staff_availability()
            place = await self._reader.queue_place(state.id)
            if place == 0:
                place = await self._reader.queue_length() + 1
        policy = dict(previous.policy)
        for question in needs.questions:
            # Answered once per job, however often its step needs something more.
            if question not in previous.needs.questions:
                answer = await self._understanding.answer(question, origin or state.id)
                policy |= {question: self._render_quotes(answer)} if answer is not None else {}
        return TurnContext(
            needs=needs,
            tickets=tickets,
            stand_in=stand_in,
            availability=availability,
            queue_place=place,
            policy=policy,
            held=bool(await self._holds.held_on(needs.held_account)),
        )


@contextmanager
def _unobserved(_kind: str) -> Iterator[list[Committed]]:
    yield []


async def _ignore_alarm(_name: str, _conversation: ConversationId) -> None:
    """Do nothing: without staff in this process, an alarm is only logged."""


def _ignore_queued_work() -> None:
    """Do nothing: without a worker in this process, one in another process finds the rows."""
