"""Outbox rows: what a turn wants done outside, written in the turn's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct, field
from msgspec.structs import replace

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.ids import ConversationId, DeliveryId, TicketId


class DeliveryState(StrEnum):
    """Where an outbox row stands."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    """Answered for good with no; nothing is tried again."""


class Channel(StrEnum):
    """Which connector takes a row."""

    ACCOUNT = "account"
    CODE = "code"
    NOTICE = "notice"
    LETTER = "letter"
    """What a conversation that is held by mail tells its person."""


class Pool(StrEnum):
    """Rows that share places to be worked at; each pool has so many of its own.

    What is slow fills the places of its own pool and no others. So nobody at the chat waits, for a
    code or for a look at their account, behind what nobody waits for at that moment.
    """

    CODE = "code"
    READING = "reading"
    """What is asked of the account service while somebody waits at the chat."""
    ACTION = "action"
    """What a request has the account service do or look up."""
    EXPORT = "export"
    """An export of a request: making its file takes longer than asking for it."""
    NOTICE = "notice"
    LETTER = "letter"


ACCEPTED: Final = "accepted"
"""What a try came to when the account service has taken the work and is still at it."""

_POOLS: Final = {
    Channel.CODE: Pool.CODE,
    Channel.NOTICE: Pool.NOTICE,
    Channel.LETTER: Pool.LETTER,
}

_TRIES: Final = "tries"
_MOST_TRIES: Final = 20
"""Of more, the first ones are left out: three days of tries would fill a page."""


class Try(Struct, frozen=True):
    """One try of a row that did not end it.

    Attributes:
        came_to: ``accepted``, or why it could not be done: ``timeout``, ``unreachable``,
            ``server_error`` …, as connectors name it.
    """

    at: datetime
    came_to: str


class Delivery(Struct, frozen=True):
    """One outbox row.

    Attributes:
        lane: rows of a lane go out one after the other, in the order of their ids.
        due_at: when it may next be tried; claiming moves it ahead by the lease.
        attempts: how often it was claimed; finishing is guarded by it.
        give_up_at: from here on a failed try is answered ``unavailable``; None tries on.
        ref: the wait in the conversation that the result ends; empty when none waits.
        payload: sealed at rest; a code is blanked once sent.
        told: whether the user already knows that it takes longer.
    """

    id: DeliveryId
    channel: Channel
    action: str
    lane: bytes
    conversation_id: ConversationId
    due_at: datetime
    created_at: datetime
    ticket_id: TicketId | None = None
    ref: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)
    state: DeliveryState = DeliveryState.OPEN
    attempts: int = 0
    give_up_at: datetime | None = None
    told: bool = False
    version: int = 0

    @property
    def pool(self) -> Pool:
        """Return whose places it takes."""
        return pool_of(self.channel, self.action, self.ref)

    @property
    def tries(self) -> tuple[Try, ...]:
        """Return the tries that did not end it, the last ones."""
        return tuple(
            Try(datetime.fromisoformat(at), came_to) for at, came_to in self.payload.get(_TRIES, ())
        )

    @property
    def is_accepted(self) -> bool:
        """Tell whether the last thing that was heard of it is that the other side is at it."""
        tries = self.tries
        return bool(tries) and tries[-1].came_to == ACCEPTED

    def tried(self, at: datetime, came_to: str, due_at: datetime) -> Delivery:
        """Return the row after a try that did not end it, due again at ``due_at``."""
        kept = [*self.payload.get(_TRIES, ()), [at.isoformat(), came_to]][-_MOST_TRIES:]
        return replace(
            self,
            due_at=due_at,
            payload={**self.payload, _TRIES: kept},
            version=self.version + 1,
        )


def pool_of(channel: Channel, action: str, ref: str) -> Pool:
    """Return whose places a row of these columns takes."""
    if channel is not Channel.ACCOUNT:
        return _POOLS[channel]
    if ref:
        return Pool.READING
    return Pool.EXPORT if action == AccountAction.EXPORT else Pool.ACTION
