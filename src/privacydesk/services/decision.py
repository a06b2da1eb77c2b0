"""The decision of a conversation's job, made under the lock.

    locked rows ─► prepare ─► needs of the dialog step ─► snapshot ─► engine ─► changes

Everything else that the step needs was fetched before locking; see ``turns``. If it turns out to
need more, ``ObservationOutdated`` makes the job fetch it and try again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.dialog.engine import Engine, NeedsMore
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.help_visits import OpeningTime, visit_steps
from privacydesk.domain.ids import TicketId
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.turn import Message, Needs, Observation, Snapshot, TextMessage, Turn
from privacydesk.domain.typed_codes import code_digits
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import NotFoundError
from privacydesk.ports import Changes, Hashing, ObservationOutdated, WorkingSet
from privacydesk.services.attendance import StaffAvailability
from privacydesk.services.records import restore_identity
from privacydesk.services.row_builders import TurnChangesBuilder
from privacydesk.services.turn_counter import TurnCounter

_UNCHANGED: Final = Changes()

NO_OBSERVATION: Final = Observation()
"""The observation of a job without a message of the user that has to be understood."""

NO_NEEDS: Final = Needs()
"""The needs at a job's first attempt: what the step needs is only known under the lock."""


class TurnInput(Struct, frozen=True):
    """The input of a turn: a message for the engine, and the changes that the job makes itself.

    Attributes:
        message: the message for the engine; None if the user is not told anything.
        changes: changes in addition to the turn's: moved tickets and their log entries, outbox
            rows, files sent with the message.
        complete: returns the changes of the turn with what depends on them; None for nothing.
    """

    message: Message | None
    changes: Changes = _UNCHANGED
    complete: Callable[[Changes], Changes] | None = None


PrepareTurn = Callable[[WorkingSet], TurnInput]
"""Runs under the lock, before the engine; raises a ``DeskError`` to refuse the job."""


class TurnContext(Struct, frozen=True):
    """What was fetched for a turn before locking.

    Attributes:
        needs: the needs that it was fetched for.
        tickets: ids of the tickets that the step may show.
        availability: whether staff can be reached.
        queue_place: the user's place in the queue, or the one they would get.
        policy: the policy's answers, by question.
        held: whether a legal hold keeps what the account in ``needs`` has.
        stand_in: id of an unrelated ticket among ``tickets``. It is read in place of an unknown
            number, so that timing reveals nothing, and never shown.
    """

    needs: Needs
    tickets: tuple[TicketId, ...]
    availability: StaffAvailability
    queue_place: int
    policy: Mapping[str, PolicyAnswer] = field(default_factory=dict)
    held: bool = False
    stand_in: TicketId | None = None


EMPTY_CONTEXT: Final = TurnContext(
    needs=NO_NEEDS, tickets=(), availability=StaffAvailability(staffed=False), queue_place=1
)
"""The context at a job's first attempt, when nothing was fetched yet."""


class TurnServices(Struct, frozen=True):
    """The services that every decision uses."""

    engine: Engine
    changes_builder: TurnChangesBuilder
    hashing: Hashing
    counter: TurnCounter
    opening_time: OpeningTime


class Decision(Struct, frozen=True):
    """Decides one job on the rows read under the lock.

    Attributes:
        services: the services it uses.
        job_id: id of the job, recorded in its changes.
        prepare: returns the turn's input.
        context: what was fetched before locking.
        observation: what the user's message means; None if it was not interpreted.
        now: the time of the turn.
        origin: as in ``Observation``.
    """

    services: TurnServices
    job_id: str
    prepare: PrepareTurn
    context: TurnContext
    observation: Observation | None
    now: datetime
    origin: bytes = b""

    def __call__(self, rows: WorkingSet) -> Changes:
        """Return the changes of the job.

        Raises:
            NotFoundError: no such conversation.
            ObservationOutdated: something that the step needs was not fetched, or not locked.
            DeskError: as ``prepare`` raised.
        """
        conversation, observation = rows.conversation, self.observation
        if conversation is None:
            raise NotFoundError("no such conversation")
        if observation is None and conversation.owner.kind is not OwnerKind.AGENT:
            # The agent left after the message was accepted, so it has to be interpreted now.
            raise ObservationOutdated(self.context.needs)
        turn_input = self.prepare(rows)
        message, changes = turn_input.message, turn_input.changes
        if message is None:
            return changes
        snapshot = Snapshot(conversation)
        needs = self._check_needs(snapshot, message)
        challenges = self._find_challenges(needs, rows)
        if challenges or changes.tickets or self.context.tickets:
            snapshot = self._make_snapshot(conversation, rows, challenges, changes.tickets)
        observed = self._complete_observation(message, needs, observation or NO_OBSERVATION)
        message = replace(message, observed=observed)
        turn = self._advance(snapshot, message)
        turn_changes = self.services.changes_builder.build(
            turn, before=challenges, job_id=self.job_id, now=self.now, tickets=changes.tickets
        )
        counted = self.services.counter.count(conversation, message, turn, self.now)
        visited = visit_steps(conversation, turn.events, self.services.opening_time)
        if counted or visited:
            turn_changes = replace(turn_changes, counter_increments=counted, visit_steps=visited)
        if turn_input.complete is not None:
            turn_changes = turn_input.complete(turn_changes)
        return turn_changes if changes is _UNCHANGED else changes.merged_with(turn_changes)

    def _check_needs(self, snapshot: Snapshot, message: Message) -> Needs:
        """Return the fetched needs, updated with what the step needs now.

        Raises:
            ObservationOutdated: the step needs challenges that were not locked.
        """
        fetched = self.context.needs
        needs = self.services.engine.needs(snapshot, message)
        if fetched is not NO_NEEDS:
            labels = tuple(dict.fromkeys((*fetched.challenges, *needs.challenges)))
            needs = replace(fetched, code_target=needs.code_target, challenges=labels)
        if needs.challenges != fetched.challenges:
            # This is the first attempt, or the step has changed since the last one.
            raise ObservationOutdated(needs)
        return needs

    def _find_challenges(self, needs: Needs, rows: WorkingSet) -> dict[str, Challenge]:
        """Return the needed challenges by label; new ones where there is no row yet."""
        challenges: dict[str, Challenge] = {}
        for label in needs.challenges:
            row = self.services.hashing.challenge(label)
            challenges[label] = rows.challenges.get(row) or Challenge(row)
        return challenges

    def _make_snapshot(
        self,
        conversation: Conversation,
        rows: WorkingSet,
        challenges: Mapping[str, Challenge],
        moved: tuple[Ticket, ...],
    ) -> Snapshot:
        """Return the snapshot of the conversation and the rows that the step needs."""
        tickets = [
            restore_identity(ticket, conversation, self.services.hashing)
            for ticket in _join_tickets(moved, self.context.tickets, rows.tickets)
        ]
        return Snapshot(
            conversation=conversation,
            challenges=challenges,
            tickets=tuple(ticket for ticket in tickets if ticket.id != self.context.stand_in),
        )

    def _complete_observation(
        self, message: Message, needs: Needs, observation: Observation
    ) -> Observation:
        """Return an observation with the hash of a typed code and the fetched context."""
        code_hash = b""
        if isinstance(message, TextMessage) and needs.code_target:
            digits = code_digits(message.text)
            if digits:
                code_hash = self.services.hashing.code(needs.code_target, digits)
        context = self.context
        return replace(
            observation,
            code_hash=code_hash,
            needs=needs,
            staffed=context.availability.staffed,
            online=context.availability.online,
            opens_at=context.availability.opens_at,
            queue_place=context.queue_place,
            policy=context.policy,
            held=context.held,
            origin=self.origin,
        )

    def _advance(self, snapshot: Snapshot, message: Message) -> Turn:
        try:
            return self.services.engine.advance(snapshot, message, self.now)
        except NeedsMore as more:
            raise ObservationOutdated(more.needs) from more


def _join_tickets(
    moved: tuple[Ticket, ...], requested: tuple[TicketId, ...], locked: Mapping[TicketId, Ticket]
) -> tuple[Ticket, ...]:
    """Return the tickets that the job changed, then the other requested ones that were locked."""
    moved_ids = {ticket.id for ticket in moved}
    others = (locked[t] for t in requested if t in locked and t not in moved_ids)
    return (*moved, *others)
