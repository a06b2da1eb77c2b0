"""Row mapper of the event log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from privacydesk.domain.event_log import LoggedEvent
from privacydesk.domain.webhook_events import WebhookEvent, WebhookEventKind
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BINDING = Binding("event_log.mac", "id", "kind", "at", "subject_id", "place", "body")


def event_log_row(
    event: WebhookEvent, event_id: bytes, at: datetime, body: bytes, key: Seal
) -> dict[str, Any]:
    """Return the signed row of an event without a number, which it gets after the commit."""
    row = {
        "id": event_id,
        "kind": event.kind.value,
        "at": to_micros(at),
        "subject_id": event.subject_id,
        "place": event.position,
        "body": body,
    }
    return BINDING.sign(row, key)


def read_logged_event(row: Any, key: Seal) -> LoggedEvent:
    """Return the event of a row that has a number.

    Raises:
        SealError: the row was not signed with this key, or was changed since.
    """
    BINDING.check(row, key)
    return LoggedEvent(
        id=row.id,
        number=row.seq or 0,
        kind=WebhookEventKind(row.kind),
        at=from_micros(row.at),
        subject_id=row.subject_id,
        body=row.body,
    )
