"""Row mapper of ticket log entries."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.ticket import LogEntry
from privacydesk.storage.codec import from_json, from_micros, to_json, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Opener, Seal

BINDING = Binding(
    "ticket_log.body",
    "ticket_id",
    "seq",
    "conversation_id",
    "at",
    "by",
    "what",
    "once_id",
    "offset",
    "ticket_version",
    keys=2,
)


def log_row(
    entry: LogEntry,
    seal: Seal,
    *,
    conversation: ConversationId,
    seq: int,
    once_id: str | None,
    offset: int,
    ticket_version: int,
) -> dict[str, Any]:
    """Return the row of an entry.

    Args:
        entry: the entry.
        seal: the seal of the ticket's conversation.
        conversation: the ticket's conversation.
        seq: the number of the entry in the ticket's log, from 1.
        once_id: the job's id, if this is the first entry of a job that runs once per ticket.
        offset: the offset of the job's first event; 0 if it appended none.
        ticket_version: the ticket's version after the job. A ticket with a lower version was
            rolled back.
    """
    row = {
        "ticket_id": entry.ticket_id,
        "seq": seq,
        "conversation_id": conversation,
        "at": to_micros(entry.at),
        "by": entry.by,
        "what": entry.what,
        "once_id": once_id,
        "offset": offset,
        "ticket_version": ticket_version,
    }
    row["body"] = log_body(entry, seal, BINDING.associated_data(row))
    return row


def log_body(entry: LogEntry, seal: Seal, associated_data: bytes) -> bytes:
    """Return the sealed body of an entry's row."""
    body = {"why": entry.why, "data": entry.data, "job": entry.job_id}
    return seal.seal(associated_data, to_json(body))


def read_log_entry(row: Any, seal: Opener) -> LogEntry:
    """Return the entry of a row.

    Raises:
        SealError: the body was not sealed for this entry, or a bound column was changed.
    """
    body = from_json(BINDING.open(row, seal, row.body))
    return LogEntry(
        ticket_id=TicketId(row.ticket_id),
        at=from_micros(row.at),
        by=row.by,
        what=row.what,
        why=body["why"],
        job_id=body["job"],
        data=body["data"],
    )
