"""Help visits: what is recorded of the times at which users were with staff.

A visit begins when a user joins the queue, or when an agent takes a conversation over from the
assistant. It ends when the assistant answers again: the user left the queue, or the agent handed
the conversation back. A user who lost their agent waits again in the same visit. The record has
instants, durations and the language, and stays when the conversation is purged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId


class VisitOutcome(StrEnum):
    """How a visit ended."""

    LEFT = "left"
    """The user left the queue."""
    HANDED_BACK = "handed_back"
    """The agent gave the conversation back to the assistant, or the user ended the talk."""


class HelpVisit(Struct, frozen=True):
    """The record of one visit.

    Attributes:
        began_at: when the user joined the queue, or the agent took the conversation over.
        locale: the language in which the user was told so.
        queued: whether it began in the queue.
        answered_at: when an agent first took the conversation or wrote; None if none has.
        waited: the opening time from the beginning until then.
        reply_time: the opening time from the beginning until an agent first wrote.
        handled: how long agents had the conversation, without the present one; None if none had.
        returned_at: when the user joined the queue again, after the visit had ended.
    """

    began_at: datetime
    locale: str
    queued: bool
    answered_at: datetime | None = None
    waited: timedelta | None = None
    reply_time: timedelta | None = None
    handled: timedelta | None = None
    ended_at: datetime | None = None
    outcome: VisitOutcome | None = None
    returned_at: datetime | None = None


class VisitBegan(Struct, frozen=True):
    """A visit began; it is identified by the offset of its first event."""

    conversation_id: ConversationId
    offset: int
    at: datetime
    locale: str
    queued: bool


class VisitAnswered(Struct, frozen=True):
    """An agent took the conversation or wrote; counts once in a visit."""

    conversation_id: ConversationId
    at: datetime
    waited: timedelta


class VisitReplied(Struct, frozen=True):
    """An agent wrote; counts once in a visit."""

    conversation_id: ConversationId
    reply_time: timedelta


class VisitHandled(Struct, frozen=True):
    """An agent had the conversation for some time, and no longer has it."""

    conversation_id: ConversationId
    duration: timedelta


class VisitEnded(Struct, frozen=True):
    """The assistant answers again."""

    conversation_id: ConversationId
    at: datetime
    outcome: VisitOutcome


VisitStep = VisitBegan | VisitAnswered | VisitReplied | VisitHandled | VisitEnded
"""A change of the record of a conversation's visits."""


class OpeningTime(Protocol):
    """Measures how long staff were to answer between two instants."""

    def __call__(self, begin: datetime, end: datetime) -> timedelta:
        """Return the opening time between two instants."""
        ...


def visit_steps(
    before: Conversation, events: Sequence[Event], opening_time: OpeningTime
) -> tuple[VisitStep, ...]:
    """Return the steps of a turn; most turns have none.

    Args:
        before: the conversation before the turn.
        events: the events that the turn appends.
        opening_time: measures waits.
    """
    # Inline, since it looks at every event.
    relevant = [
        event for event in events if event.kind is EventKind.OWNER or event.sender is Sender.AGENT
    ]
    return tuple(_Visit(before, opening_time).steps(relevant)) if relevant else ()


class _Visit:
    """The state of a conversation's visit, while the events of a turn are gone through."""

    def __init__(self, before: Conversation, opening_time: OpeningTime) -> None:
        owner = before.owner
        self._id = before.id
        self._owner = owner.kind
        self._began = before.queued_at or owner.waited_from
        self._taken = owner.since if owner.kind is OwnerKind.AGENT else None
        self._opening_time = opening_time

    def steps(self, events: Sequence[Event]) -> Iterator[VisitStep]:
        for event in events:
            if event.kind is EventKind.OWNER:
                yield from self._change_owner(OwnerKind(event.data["owner"]), event)
            elif event.kind is EventKind.TEXT and self._owner is not OwnerKind.ASSISTANT:
                yield VisitAnswered(self._id, event.at, self._waited(event.at))
                yield VisitReplied(self._id, self._waited(event.at))

    def _change_owner(self, new: OwnerKind, event: Event) -> Iterator[VisitStep]:
        old, self._owner = self._owner, new
        if self._taken is not None:
            yield VisitHandled(self._id, max(event.at - self._taken, timedelta(0)))
            self._taken = None
        if new is OwnerKind.ASSISTANT:
            handed_back = old is OwnerKind.AGENT
            outcome = VisitOutcome.HANDED_BACK if handed_back else VisitOutcome.LEFT
            yield VisitEnded(self._id, event.at, outcome)
            return
        if old is OwnerKind.ASSISTANT:
            self._began = event.at
            queued = new is OwnerKind.QUEUE
            yield VisitBegan(self._id, event.offset, event.at, event.locale, queued)
        if new is OwnerKind.AGENT:
            self._taken = event.at
            yield VisitAnswered(self._id, event.at, self._waited(event.at))

    def _waited(self, now: datetime) -> timedelta:
        return self._opening_time(self._began or now, now)
