"""Calls to the account service for a ticket, and its answers.

Finished calls are read from the ticket's log, where they stay with the record; open ones from
their outbox rows, which have the results of their tries.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from privacydesk.domain.account import ItemResult
from privacydesk.domain.deliveries import Channel, Delivery, Try
from privacydesk.domain.ticket import LogEntry

WAITING: Final = "waiting"
"""The outcome of a call that was not tried yet, or has not succeeded."""

AT_WORK: Final = "at_work"
"""The outcome of a call that the account service has accepted."""

_BY: Final = "account_service"


class Call(Struct, frozen=True):
    """One call.

    Attributes:
        action: the action asked for.
        outcome: as it was answered; ``waiting`` or ``at_work`` while it is open.
        tries: how often it was sent, each time under the same key.
        key: its ``Idempotency-Key``, for looking it up in the account service; empty on a record.
        asked_at: when it was released; None for calls from before this was recorded.
        answered_at: None while it is open.
        due_at: when it is tried next; None once it is answered.
        reason: why it was not done, as the service sent it.
        items: the outcome of each.
        earlier: the tries that brought no answer, oldest first; the last twenty.
    """

    action: str
    outcome: str
    tries: int
    key: str = ""
    asked_at: datetime | None = None
    answered_at: datetime | None = None
    due_at: datetime | None = None
    reason: str = ""
    items: tuple[ItemResult, ...] = ()
    earlier: tuple[Try, ...] = ()


def calls_of(log: Iterable[LogEntry], rows: Sequence[Delivery]) -> tuple[Call, ...]:
    """Return a ticket's calls in the order in which they are made.

    Args:
        log: the ticket's.
        rows: its open outbox rows.
    """
    answered = [_answered(entry) for entry in log if entry.by == _BY]
    return (*answered, *(_open(row) for row in rows if row.channel is Channel.ACCOUNT))


def _answered(entry: LogEntry) -> Call:
    action, _, outcome = entry.what.partition(":")
    data = entry.data
    asked = data.get("asked_at")
    return Call(
        action=action,
        outcome=outcome,
        tries=int(data.get("tries", 1)),
        key=str(data.get("key", "")),
        asked_at=datetime.fromisoformat(asked) if asked else None,
        answered_at=entry.at,
        reason=entry.why,
        items=tuple(ItemResult.from_json(one) for one in data.get("items", ())),
        earlier=tuple(
            Try(datetime.fromisoformat(at), came_to) for at, came_to in data.get("before", ())
        ),
    )


def _open(row: Delivery) -> Call:
    return Call(
        action=row.action,
        outcome=AT_WORK if row.is_accepted else WAITING,
        tries=row.attempts,
        key=row.id.hex(),
        asked_at=row.created_at,
        due_at=row.due_at,
        earlier=row.tries,
    )
