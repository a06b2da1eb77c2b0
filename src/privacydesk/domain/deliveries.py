"""Outbox rows: calls to external services, written in the transaction of their turn."""

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
    """The connector that a row is sent through."""

    ACCOUNT = "account"
    CODE = "code"
    NOTICE = "notice"
    MAIL_REPLY = "letter"
    """Replies by mail, to users whose conversation is held by mail."""
    STAFF = "staff"
    """Messages about alarms and assignments, to group chats of staff."""


class Pool(StrEnum):
    """A group of rows that share a number of workers.

    Slow rows occupy the workers of their own pool only. So users in the chat never wait for a code
    or for account data behind rows that nobody is waiting for.
    """

    CODE = "code"
    READING = "reading"
    """Reads from the account service while a user waits in the chat."""
    ACTION = "action"
    """Calls to the account service that carry out a decision."""
    EXPORT = "export"
    """Exports for access requests, which take long because a file is made of the result."""
    NOTICE = "notice"
    MAIL_REPLY = "letter"
    STAFF = "staff"


ACCEPTED: Final = "accepted"
"""The outcome of an attempt if the account service has accepted the work but not finished it."""

_POOLS: Final = {
    Channel.CODE: Pool.CODE,
    Channel.NOTICE: Pool.NOTICE,
    Channel.MAIL_REPLY: Pool.MAIL_REPLY,
    Channel.STAFF: Pool.STAFF,
}

_TRIES: Final = "tries"
"""The key of the recent attempts in a row's payload."""
_MAX_ATTEMPTS_KEPT: Final = 20
"""How many recent attempts are kept; a row may be retried for three days."""


class DeliveryAttempt(Struct, frozen=True):
    """One attempt to deliver a row, after which the row was still open.

    Attributes:
        outcome: ``accepted``, or the connector's name for the failure: ``timeout``,
            ``unreachable``, ``server_error`` …
    """

    at: datetime
    outcome: str


class Delivery(Struct, frozen=True):
    """One outbox row.

    Attributes:
        lane: ordering key: rows of the same lane are delivered one at a time, in order of ID.
        due_at: when the next attempt may begin; a claim moves it to the end of the lease.
        attempts: number of claims; a worker whose claim is not the last one can't finish the row.
        give_up_at: when a failed attempt ends with ``unavailable`` instead of a retry; None to
            retry forever.
        ref: identifies the pending call of the conversation that the result ends; empty for none.
        payload: arguments of the call, encrypted at rest; a code is blanked once sent.
        delay_announced: whether the user was told that it takes longer.
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
    delay_announced: bool = False
    version: int = 0

    @property
    def pool(self) -> Pool:
        """The pool whose workers deliver it."""
        return pool_of(self.channel, self.action, self.ref)

    @property
    def recent_attempts(self) -> tuple[DeliveryAttempt, ...]:
        """The recent attempts after which it was still open, oldest first."""
        return tuple(
            DeliveryAttempt(datetime.fromisoformat(at), outcome)
            for at, outcome in self.payload.get(_TRIES, ())
        )

    @property
    def is_accepted(self) -> bool:
        """Whether the service has accepted the work and is still carrying it out."""
        attempts = self.recent_attempts
        return bool(attempts) and attempts[-1].outcome == ACCEPTED

    def after_attempt(self, at: datetime, outcome: str, due_at: datetime) -> Delivery:
        """Return the row after an attempt that left it open, due again at ``due_at``."""
        attempts = [*self.payload.get(_TRIES, ()), [at.isoformat(), outcome]]
        return replace(
            self,
            due_at=due_at,
            payload={**self.payload, _TRIES: attempts[-_MAX_ATTEMPTS_KEPT:]},
            version=self.version + 1,
        )


def pool_of(channel: Channel, action: str, ref: str) -> Pool:
    """Return the pool of a row, given its columns."""
    if channel is not Channel.ACCOUNT:
        return _POOLS[channel]
    if ref:
        return Pool.READING
    return Pool.EXPORT if action == AccountAction.EXPORT else Pool.ACTION
