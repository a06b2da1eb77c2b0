"""Deleting content: blanks in the log, emptied ticket logs, whole conversations.

Part of a batch's transaction. Rows are overwritten and deleted; ``purging`` scrubs what the
database keeps of them elsewhere (free pages, the journal).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.events import EventKind
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.retention import Purge, outlined
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.rows.event import blank_row
from privacydesk.storage.rows.ticket_log import BOUND as LOG_BOUND
from privacydesk.storage.rows.ticket_log import log_body, read_log_entry
from privacydesk.storage.sealing import Seal

_event = tables.event.c
_TO_BLANK = sa.select(_event.conversation_id, _event.offset, _event.at, _event.sender).where(
    _event.conversation_id == sa.bindparam("at_conversation"),
    _event.offset.between(sa.bindparam("first"), sa.bindparam("last")),
    # Blanks are left alone, so that they aren't rewritten at each run.
    _event.kind != EventKind.BLANK.value,
)
_BLANK = (
    sa.update(tables.event)
    .where(
        _event.conversation_id == sa.bindparam("at_conversation"),
        _event.offset == sa.bindparam("at_offset"),
    )
    .values(body=sa.bindparam("to_body"), kind=EventKind.BLANK.value, job_id=sa.null())
)
_attachment = tables.attachment.c
_SENT = sa.delete(tables.attachment).where(
    _attachment.conversation_id == sa.bindparam("at_conversation"),
    _attachment.offset.between(sa.bindparam("first"), sa.bindparam("last")),
)
_IDS: sa.BindParameter[bytes] = sa.bindparam("ids", expanding=True)
_LOG = sa.select(tables.ticket_log).where(tables.ticket_log.c.ticket_id.in_(_IDS))
_EMPTY_LOG = (
    sa.update(tables.ticket_log)
    .where(
        tables.ticket_log.c.ticket_id == sa.bindparam("at_ticket"),
        tables.ticket_log.c.seq == sa.bindparam("at_seq"),
    )
    .values(body=sa.bindparam("to_body"))
)
_OF_TICKETS = tuple(
    sa.delete(table).where(table.c.ticket_id.in_(_IDS))
    for table in (tables.evidence, tables.outbox, tables.package_part, tables.staff_alarm)
)
_FILES = sa.delete(tables.evidence).where(tables.evidence.c.id.in_(_IDS))
_DELIVERIES = sa.delete(tables.outbox).where(tables.outbox.c.id.in_(_IDS))

_conversation = tables.conversation.c
_ERASE_CONVERSATION = sa.delete(tables.conversation).where(
    _conversation.id == sa.bindparam(sql.GUARD_ID),
    _conversation.version == sa.bindparam(sql.GUARD_VERSION),
)
_ERASE_REST = tuple(
    sa.delete(table).where(table.c.conversation_id == sa.bindparam(sql.GUARD_ID))
    for table in (
        tables.event,
        tables.conversation_key,
        tables.attachment,
        tables.evidence,
        tables.outbox,
        tables.package_part,
        tables.staff_alarm,
        tables.data_key,
    )
)


def take_away(
    connection: sa.Connection, conversation: ConversationId, purge: Purge, seal: Seal
) -> None:
    """Delete the content that a purge names; the batch writes the rows of its tickets."""
    if purge.blanks:
        ranges = [
            {"at_conversation": conversation, "first": first, "last": last}
            for first, last in purge.blanks
        ]
        _blank(connection, ranges, seal)
        connection.execute(_SENT, ranges)
    if purge.tickets:
        _empty_logs(connection, purge.tickets, seal)
        for statement in _OF_TICKETS:
            connection.execute(statement, {"ids": sql.padded(purge.tickets)})
    if purge.files:
        connection.execute(_FILES, {"ids": sql.padded(purge.files)})
    if purge.deliveries:
        connection.execute(_DELIVERIES, {"ids": sql.padded(purge.deliveries)})


def _blank(connection: sa.Connection, ranges: Sequence[Mapping[str, Any]], seal: Seal) -> None:
    for span in ranges:
        blanks = [
            {
                "at_conversation": row.conversation_id,
                "at_offset": row.offset,
                "to_body": blank_row(row, seal)["body"],
            }
            for row in connection.execute(_TO_BLANK, span)
        ]
        if blanks:
            connection.execute(_BLANK, blanks)


def _empty_logs(connection: sa.Connection, tickets: Sequence[TicketId], seal: Seal) -> None:
    # Who did what and when stays, as part of the record; why, in people's words, goes.
    rows = connection.execute(_LOG, {"ids": sql.padded(tickets)}).all()
    emptied = []
    for row in rows:
        entry = read_log_entry(row, seal)
        bare = replace(entry, why="", job_id="", data=outlined(entry.data))
        body = log_body(bare, seal, LOG_BOUND.of_row(row))
        emptied.append({"at_ticket": row.ticket_id, "at_seq": row.seq, "to_body": body})
    if emptied:
        connection.execute(_EMPTY_LOG, emptied)


def erase(connection: sa.Connection, conversation: ConversationId, version: int) -> bool:
    """Delete a conversation with its key, unless it went on since ``version``.

    It must have no tickets.
    """
    at = {sql.GUARD_ID: conversation, sql.GUARD_VERSION: version}
    if connection.execute(_ERASE_CONVERSATION, at).rowcount != 1:
        return False
    for statement in _ERASE_REST:
        connection.execute(statement, {sql.GUARD_ID: conversation})
    return True
