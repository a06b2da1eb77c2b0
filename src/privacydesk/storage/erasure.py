"""Deletes purged content: blanks events, empties ticket logs, deletes whole conversations.

Runs in a batch's transaction, where rows are overwritten and deleted; ``purging`` scrubs what is
left of them elsewhere in the database's files (free pages, the journal).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.events import EventKind
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.retention import Purge, record_log_data
from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.incident_recipients import FORGET_CONVERSATION
from privacydesk.storage.rows.event import purged_event_row
from privacydesk.storage.rows.receipt import BINDING as RECEIPT_BINDING
from privacydesk.storage.rows.receipt import read_receipt, receipt_body
from privacydesk.storage.rows.ticket_log import BINDING as LOG_BINDING
from privacydesk.storage.rows.ticket_log import log_body, read_log_entry
from privacydesk.storage.sealing import Seal

_event = tables.event.c
_EVENTS_TO_BLANK = sa.select(_event.conversation_id, _event.offset, _event.at, _event.sender).where(
    _event.conversation_id == sa.bindparam("at_conversation"),
    _event.offset.between(sa.bindparam("first"), sa.bindparam("last")),
    # Events that are blank already are not rewritten at each run.
    _event.kind != EventKind.BLANK.value,
)
_BLANK_EVENT = (
    sa.update(tables.event)
    .where(
        _event.conversation_id == sa.bindparam("at_conversation"),
        _event.offset == sa.bindparam("at_offset"),
    )
    .values(body=sa.bindparam("to_body"), kind=EventKind.BLANK.value, job_id=sa.null())
)
_attachment = tables.attachment.c
_DELETE_ATTACHMENTS = sa.delete(tables.attachment).where(
    _attachment.conversation_id == sa.bindparam("at_conversation"),
    _attachment.offset.between(sa.bindparam("first"), sa.bindparam("last")),
)
_IDS: sa.BindParameter[bytes] = sa.bindparam("ids", expanding=True)
_TICKET_LOGS = sa.select(tables.ticket_log).where(tables.ticket_log.c.ticket_id.in_(_IDS))
_EMPTY_LOG_ENTRY = (
    sa.update(tables.ticket_log)
    .where(
        tables.ticket_log.c.ticket_id == sa.bindparam("at_ticket"),
        tables.ticket_log.c.seq == sa.bindparam("at_seq"),
    )
    .values(body=sa.bindparam("to_body"))
)
_DELETE_OF_TICKETS = tuple(
    sa.delete(table).where(table.c.ticket_id.in_(_IDS))
    for table in (tables.evidence, tables.outbox, tables.package_part, tables.staff_alarm)
)
_DELETE_EVIDENCE = sa.delete(tables.evidence).where(tables.evidence.c.id.in_(_IDS))
_DELETE_DELIVERIES = sa.delete(tables.outbox).where(tables.outbox.c.id.in_(_IDS))

_logged = tables.event_log.c
_DELETE_LOGGED_EVENTS = sa.delete(tables.event_log).where(_logged.subject_id.in_(_IDS))
_DELETE_LOGGED_MESSAGES = sa.delete(tables.event_log).where(
    _logged.subject_id == sa.bindparam("at_conversation"),
    _logged.kind == WebhookEventKind.CONVERSATION_MESSAGE.value,
    _logged.place.between(sa.bindparam("first"), sa.bindparam("last")),
)

_receipt = tables.receipt.c
_RECEIPTS = sa.select(tables.receipt).where(_receipt.ticket_id.in_(_IDS))
_EMPTY_RECEIPT = (
    sa.update(tables.receipt)
    .where(
        _receipt.ticket_id == sa.bindparam("at_ticket"),
        _receipt.version == sa.bindparam("at_version"),
    )
    .values(body=sa.bindparam("to_body"))
)

_conversation = tables.conversation.c
_DELETE_CONVERSATION = sa.delete(tables.conversation).where(
    _conversation.id == sa.bindparam(sql.GUARD_ID),
    _conversation.version == sa.bindparam(sql.GUARD_VERSION),
)
_DELETE_OF_CONVERSATION = tuple(
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


def apply_purge(
    connection: sa.Connection, conversation: ConversationId, purge: Purge, seal: Seal, key: Seal
) -> None:
    """Delete the content that a purge names; the batch itself updates the rows of the tickets.

    Args:
        connection: in the batch's transaction.
        conversation: the conversation.
        purge: what goes.
        seal: the conversation's seal.
        key: the key of the rows' digests.
    """
    if purge.blanks:
        ranges = [
            {"at_conversation": conversation, "first": first, "last": last}
            for first, last in purge.blanks
        ]
        _blank_events(connection, ranges, key)
        connection.execute(_DELETE_ATTACHMENTS, ranges)
        connection.execute(_DELETE_LOGGED_MESSAGES, ranges)
    if purge.tickets:
        _empty_logs(connection, purge.tickets, seal)
        _forget_items(connection, purge.tickets, seal)
        connection.execute(_DELETE_LOGGED_EVENTS, {"ids": sql.padded(purge.tickets)})
        for statement in _DELETE_OF_TICKETS:
            connection.execute(statement, {"ids": sql.padded(purge.tickets)})
    if purge.files:
        connection.execute(_DELETE_EVIDENCE, {"ids": sql.padded(purge.files)})
    if purge.deliveries:
        connection.execute(_DELETE_DELIVERIES, {"ids": sql.padded(purge.deliveries)})


def _blank_events(
    connection: sa.Connection, ranges: Sequence[Mapping[str, Any]], key: Seal
) -> None:
    for offsets in ranges:
        updates = [
            {
                "at_conversation": row.conversation_id,
                "at_offset": row.offset,
                "to_body": purged_event_row(row, key)["body"],
            }
            for row in connection.execute(_EVENTS_TO_BLANK, offsets)
        ]
        if updates:
            connection.execute(_BLANK_EVENT, updates)


def _empty_logs(connection: sa.Connection, tickets: Sequence[TicketId], seal: Seal) -> None:
    # Who did what and when stays as part of the record; the reasons, written by people, go.
    rows = connection.execute(_TICKET_LOGS, {"ids": sql.padded(tickets)}).all()
    updates = []
    for row in rows:
        entry = read_log_entry(row, seal)
        emptied = replace(entry, why="", job_id="", data=record_log_data(entry.data))
        body = log_body(emptied, seal, LOG_BINDING.associated_data_of_row(row))
        updates.append({"at_ticket": row.ticket_id, "at_seq": row.seq, "to_body": body})
    if updates:
        connection.execute(_EMPTY_LOG_ENTRY, updates)


def _forget_items(connection: sa.Connection, tickets: Sequence[TicketId], seal: Seal) -> None:
    # Number, kind, dates and outcome stay, with the hashes of the items.
    updates = []
    for row in connection.execute(_RECEIPTS, {"ids": sql.padded(tickets)}).all():
        stored = read_receipt(row, seal)
        if stored.items:
            bound = RECEIPT_BINDING.associated_data_of_row(row)
            body = receipt_body(replace(stored, items=()), seal, bound)
            updates.append({"at_ticket": row.ticket_id, "at_version": row.version, "to_body": body})
    if updates:
        connection.execute(_EMPTY_RECEIPT, updates)


def erase(connection: sa.Connection, conversation: ConversationId, version: int) -> bool:
    """Delete a conversation without tickets, and its key; return whether it was deleted.

    Nothing is deleted if the conversation is no longer at ``version``.
    """
    params = {sql.GUARD_ID: conversation, sql.GUARD_VERSION: version}
    if connection.execute(_DELETE_CONVERSATION, params).rowcount != 1:
        return False
    for statement in _DELETE_OF_CONVERSATION:
        connection.execute(statement, {sql.GUARD_ID: conversation})
    connection.execute(_DELETE_LOGGED_EVENTS, {"ids": [conversation]})
    connection.execute(FORGET_CONVERSATION, {"conversation": conversation})
    return True
