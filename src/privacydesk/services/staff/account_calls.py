"""Status of a ticket's calls to the account service.

Answered calls are read from the ticket's log, where they remain after a purge. Open calls are read
from their outbox rows, which have the results of the attempts so far.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from privacydesk.domain.account import ItemResult
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryAttempt
from privacydesk.domain.ticket import LogEntry

WAITING: Final = "waiting"
"""The outcome of a call that has not been sent yet, or has failed and will be retried."""

IN_PROGRESS: Final = "at_work"
"""The outcome of a call that the account service has accepted."""

_ACCOUNT_SERVICE: Final = "account_service"
"""The actor of log entries about the account service's answers."""


class AccountCallStatus(Struct, frozen=True):
    """One call of the account service, open or answered.

    Attributes:
        action: the action that the service is to perform.
        outcome: the service's answer; ``waiting`` or ``at_work`` while the call is open.
        tries: how often it was sent, each time with the same key.
        key: its ``Idempotency-Key``, to find it in the account service's logs; empty after a purge.
        asked_at: when the call was released; None for calls from before this was recorded.
        answered_at: when the service answered; None while the call is open.
        due_at: the time of the next attempt; None once the call is answered.
        reason: the reason the service gave for not performing the action.
        items: the outcome of each item.
        earlier: the attempts without an answer, oldest first; at most the last twenty.
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
    earlier: tuple[DeliveryAttempt, ...] = ()


def list_account_calls(
    log: Iterable[LogEntry], rows: Sequence[Delivery]
) -> tuple[AccountCallStatus, ...]:
    """Return a ticket's calls in the order in which they are sent.

    Args:
        log: the ticket's log.
        rows: the ticket's open outbox rows.
    """
    answered = [_read_log_entry(entry) for entry in log if entry.by == _ACCOUNT_SERVICE]
    return (*answered, *(_read_row(row) for row in rows if row.channel is Channel.ACCOUNT))


def _read_log_entry(entry: LogEntry) -> AccountCallStatus:
    action, _, outcome = entry.what.partition(":")
    data = entry.data
    asked_at = data.get("asked_at")
    return AccountCallStatus(
        action=action,
        outcome=outcome,
        tries=int(data.get("tries", 1)),
        key=str(data.get("key", "")),
        asked_at=datetime.fromisoformat(asked_at) if asked_at else None,
        answered_at=entry.at,
        reason=entry.why,
        items=tuple(ItemResult.from_json(item) for item in data.get("items", ())),
        earlier=tuple(
            DeliveryAttempt(datetime.fromisoformat(at), came_to)
            for at, came_to in data.get("before", ())
        ),
    )


def _read_row(row: Delivery) -> AccountCallStatus:
    return AccountCallStatus(
        action=row.action,
        outcome=IN_PROGRESS if row.is_accepted else WAITING,
        tries=row.attempts,
        key=row.id.hex(),
        asked_at=row.created_at,
        due_at=row.due_at,
        earlier=row.recent_attempts,
    )
