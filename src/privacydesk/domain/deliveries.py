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
    """The state of an outbox row."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    """Refused for good; not retried."""


class Channel(StrEnum):
    """Which connector takes a row."""

    ACCOUNT = "account"
    CODE = "code"
    NOTICE = "notice"
    LETTER = "letter"
    """Mail to the user of a conversation that is held by mail."""


class Pool(StrEnum):
    """Rows that share workers; each pool has its own number of them.

    Slow rows fill the places of their own pool only, so that nobody at the chat waits, for a code
    or for a look at their account, behind rows that nobody is waiting for.
    """

    CODE = "code"
    READING = "reading"
    """Reads from the account service while somebody waits at the chat."""
    ACTION = "action"
    """Calls to the account service that a request requires."""
    EXPORT = "export"
    """An export of a request: making its file takes longer than asking for it."""
    NOTICE = "notice"
    LETTER = "letter"


ACCEPTED: Final = "accepted"
"""The result of a try when the account service has accepted the work and is still at it."""

_POOLS: Final = {
    Channel.CODE: Pool.CODE,
    Channel.NOTICE: Pool.NOTICE,
    Channel.LETTER: Pool.LETTER,
}

_TRIES: Final = "tries"
_MOST_TRIES: Final = 20
"""Only the last ones are kept: three days of tries would fill a page."""


class Try(Struct, frozen=True):
    """One try of a row that left it open.

    Attributes:
        came_to: ``accepted``, or why it failed: ``timeout``, ``unreachable``, ``server_error`` …,
            as connectors name it.
    """

    at: datetime
    came_to: str


class Delivery(Struct, frozen=True):
    """One outbox row.

    Attributes:
        lane: rows of a lane go out one after the other, in the order of their ids.
        due_at: when it may next be tried; claiming moves it ahead by the lease.
        attempts: how often it was claimed; finishing is guarded by it.
        give_up_at: after this a failed try is answered ``unavailable``; None retries for ever.
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
        """Return the pool whose places it takes."""
        return pool_of(self.channel, self.action, self.ref)

    @property
    def tries(self) -> tuple[Try, ...]:
        """Return the last tries that left it open."""
        return tuple(
            Try(datetime.fromisoformat(at), came_to) for at, came_to in self.payload.get(_TRIES, ())
        )

    @property
    def is_accepted(self) -> bool:
        """Whether the other side last said that it is still at work on it."""
        tries = self.tries
        return bool(tries) and tries[-1].came_to == ACCEPTED

    def tried(self, at: datetime, came_to: str, due_at: datetime) -> Delivery:
        """Return the row after a try that left it open, due again at ``due_at``."""
        kept = [*self.payload.get(_TRIES, ()), [at.isoformat(), came_to]][-_MOST_TRIES:]
        return replace(
            self,
            due_at=due_at,
            payload={**self.payload, _TRIES: kept},
            version=self.version + 1,
        )


def pool_of(channel: Channel, action: str, ref: str) -> Pool:
    """Return the pool of a row with these columns."""
    if channel is not Channel.ACCOUNT:
        return _POOLS[channel]
    if ref:
        return Pool.READING
    return Pool.EXPORT if action == AccountAction.EXPORT else Pool.ACTION
