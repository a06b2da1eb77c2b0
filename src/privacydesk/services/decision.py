"""Decisions a job of a conversation, under the lock.

    rows as locked ─► prepare ─► what the step needs ─► snapshot ─► engine ─► rows, joined

What lies outside the lock was fetched before; see ``turns``. If the step turns out to need
something else, the job goes back to be observed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.dialog.engine import Engine, NeedsMore
from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.ids import TicketId
from privacydesk.domain.quotes import PolicyAnswer
from privacydesk.domain.ticket import Ticket
from privacydesk.domain.turn import Message, Needs, Observed, Said, Snapshot, Turn
from privacydesk.domain.typed_codes import code_digits
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import NotFoundError
from privacydesk.ports import Changes, Hashing, Reobserve, WorkingSet
from privacydesk.services.attendance import Reach
from privacydesk.services.counting import Counting
from privacydesk.services.making import TurnMaker
from privacydesk.services.records import recalled

_UNCHANGED: Final = Changes()

SILENT: Final = Observed()
"""The observation when nobody spoke, or nobody had to be understood."""

NOTHING: Final = Needs()
"""The needs at a job's first pass: what the step wants is only known under the lock."""


class Prepared(Struct, frozen=True):
    """What a job outside the dialog did before the message reaches the engine.

    Attributes:
        message: the input to the engine; None when the user is told nothing.
        changes: the job's changes besides the turn: tickets already moved with their log, outbox
            rows, files that go with the message to the user …
    """

    message: Message | None
    changes: Changes = _UNCHANGED


Prepare = Callable[[WorkingSet], Prepared]
"""Runs under the lock, before the engine; raises a ``DeskError`` to refuse the job."""


class Gathered(Struct, frozen=True):
    """What was fetched from outside the lock.

    Attributes:
        needs: what it was fetched for.
        tickets: those the step may want to see.
        reach: whether a person can be reached.
        place: in the queue, if the user joined it.
        policy: the policy's answers to their questions.
        stand_in: an unrelated one of the tickets, opened in place of an unknown number and shown
            to no step.
    """

    needs: Needs
    tickets: tuple[TicketId, ...]
    reach: Reach
    place: int
    policy: Mapping[str, PolicyAnswer] = field(default_factory=dict)
    stand_in: TicketId | None = None


UNSEEN: Final = Gathered(needs=NOTHING, tickets=(), reach=Reach(staffed=False), place=1)


class Means(Struct, frozen=True):
    """The services that every decision uses."""

    engine: Engine
    maker: TurnMaker
    hashing: Hashing
    counting: Counting


class Decision(Struct, frozen=True):
    """Decides one job on the rows read under the lock.

    Attributes:
        means: the services it uses.
        job_id: noted on its changes.
        prepare: runs before the engine.
        gathered: what was fetched from outside the lock.
        heard: the recogniser's result; None if it was not asked.
        now: the turn's instant.
        origin: as in ``Observed``.
    """

    means: Means
    job_id: str
    prepare: Prepare
    gathered: Gathered
    heard: Observed | None
    now: datetime
    origin: bytes = b""

    def __call__(self, rows: WorkingSet) -> Changes:
        """Return the changes of the job.

        Raises:
            NotFoundError: no such conversation.
            Reobserve: what the step needs was not fetched, or not locked.
            DeskError: as ``prepare`` raised.
        """
        conversation, heard = rows.conversation, self.heard
        if conversation is None:
            raise NotFoundError("no such conversation")
        if heard is None and conversation.owner.kind is not OwnerKind.AGENT:
            # The agent left meanwhile, so the assistant has to understand it.
            raise Reobserve(self.gathered.needs)
        prepared = self.prepare(rows)
        message, changes = prepared.message, prepared.changes
        if message is None:
            return changes
        snapshot = Snapshot(conversation)
        needs = self._needs(snapshot, message)
        challenges = self._challenges(needs, rows)
        if challenges or changes.tickets or self.gathered.tickets:
            snapshot = self._seen(conversation, rows, challenges, changes.tickets)
        told = replace(message, observed=self._observed(message, needs, heard or SILENT))
        turn = self._decided(snapshot, told)
        made = self.means.maker.changes(
            turn, before=challenges, job_id=self.job_id, now=self.now, tickets=changes.tickets
        )
        counted = self.means.counting.of(conversation, told, turn, self.now)
        if counted:
            made = replace(made, counted=counted)
        return made if changes is _UNCHANGED else changes.joined(made)

    def _needs(self, snapshot: Snapshot, message: Message) -> Needs:
        """Return the fetched needs, updated by those that the step names now."""
        fetched = self.gathered.needs
        wanted = self.means.engine.needs(snapshot, message)
        if fetched is not NOTHING:
            labels = tuple(dict.fromkeys((*fetched.challenges, *wanted.challenges)))
            wanted = replace(fetched, code_target=wanted.code_target, challenges=labels)
        if wanted.challenges != fetched.challenges:
            # The step changed meanwhile, or this is the first look: its rows were not locked.
            raise Reobserve(wanted)
        return wanted

    def _challenges(self, needs: Needs, rows: WorkingSet) -> dict[str, Challenge]:
        challenges: dict[str, Challenge] = {}
        for label in needs.challenges:
            row = self.means.hashing.challenge(label)
            challenges[label] = rows.challenges.get(row) or Challenge(row)
        return challenges

    def _seen(
        self,
        conversation: Conversation,
        rows: WorkingSet,
        challenges: Mapping[str, Challenge],
        moved: tuple[Ticket, ...],
    ) -> Snapshot:
        """Return the snapshot: the conversation and the rows that the step asks for."""
        tickets = [
            recalled(ticket, conversation, self.means.hashing)
            for ticket in _shown(moved, self.gathered.tickets, rows.tickets)
        ]
        return Snapshot(
            conversation=conversation,
            challenges=challenges,
            tickets=tuple(one for one in tickets if one.id != self.gathered.stand_in),
        )

    def _observed(self, message: Message, needs: Needs, heard: Observed) -> Observed:
        code_hash = b""
        if isinstance(message, Said) and needs.code_target:
            digits = code_digits(message.text)
            if digits:
                code_hash = self.means.hashing.code(needs.code_target, digits)
        gathered = self.gathered
        return replace(
            heard,
            code_hash=code_hash,
            wanted=needs,
            staffed=gathered.reach.staffed,
            opens_at=gathered.reach.opens_at,
            place=gathered.place,
            policy=gathered.policy,
            origin=self.origin,
        )

    def _decided(self, snapshot: Snapshot, told: Message) -> Turn:
        try:
            return self.means.engine.advance(snapshot, told, self.now)
        except NeedsMore as more:
            raise Reobserve(more.needs) from more


def _shown(
    moved: tuple[Ticket, ...], wanted: tuple[TicketId, ...], locked: Mapping[TicketId, Ticket]
) -> tuple[Ticket, ...]:
    """Return tickets as the job left them, then the others it asked for."""
    known = {ticket.id for ticket in moved}
    return (*moved, *(locked[t] for t in wanted if t in locked and t not in known))
