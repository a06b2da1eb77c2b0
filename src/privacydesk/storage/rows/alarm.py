"""Row mapper of staff alarms."""

from __future__ import annotations

from typing import Any, Final

from privacydesk.domain.alarms import AlarmKind, StaffAlarm
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.storage.codec import from_micros, opt_instant, opt_micros, to_micros

NO_CONVERSATION: Final = bytes(16)
"""Stored for alarms that belong to no conversation; no conversation has this id."""


def alarm_row(alarm: StaffAlarm) -> dict[str, Any]:
    """Return the row of an alarm."""
    return {
        "id": alarm.id,
        "agent": alarm.agent,
        "kind": alarm.kind.value,
        "at": to_micros(alarm.at),
        "conversation_id": alarm.conversation_id or NO_CONVERSATION,
        "ticket_id": alarm.ticket_id,
        "number": alarm.number,
        "unattended": alarm.unattended,
        "seen_at": opt_micros(alarm.seen_at),
    }


def read_alarm(row: Any) -> StaffAlarm:
    """Return the alarm of a row."""
    return StaffAlarm(
        id=bytes(row.id),
        agent=row.agent,
        kind=AlarmKind(row.kind),
        at=from_micros(row.at),
        conversation_id=_opt_conversation(bytes(row.conversation_id)),
        ticket_id=TicketId(row.ticket_id) if row.ticket_id is not None else None,
        number=row.number,
        unattended=row.unattended,
        seen_at=opt_instant(row.seen_at),
    )


def _opt_conversation(stored: bytes) -> ConversationId | None:
    return None if stored == NO_CONVERSATION else ConversationId(stored)
