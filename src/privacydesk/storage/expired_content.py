"""Finds expired content, erases whole conversations, and scrubs the database's files.

Content within a conversation is purged by jobs, like any other change of a conversation; see
``services.retention_run``.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from privacydesk.domain.events import EventKind
from privacydesk.domain.ids import ConversationId, DeliveryId, EvidenceId, TicketId
from privacydesk.domain.retention import LogLine, StoredContent
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import UnavailableError
from privacydesk.storage import erasure, tables
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.data_keys import load_seals
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import open_tickets
from privacydesk.storage.rows.conversation import open_conversation
from privacydesk.storage.rows.ticket import BINDING as TICKET_BINDING
from privacydesk.storage.sealing import SealError, Seals
from privacydesk.storage.statements import CONVERSATIONS, TICKETS, padded
from privacydesk.storage.writer import BatchWriter

_log = structlog.get_logger(__name__)

_CHECKPOINT_TRIES = 20
_RETRY_PAUSE = 0.25

_conversation = tables.conversation.c
_event = tables.event.c
_ticket = tables.ticket.c
_evidence = tables.evidence.c
_outbox = tables.outbox.c
_ID: sa.BindParameter[bytes] = sa.bindparam("id")
_BEFORE = sa.bindparam("before", type_=sa.BigInteger)
_NEVER = 2**62

# Events are in order of time, so the first one that is not blank is the oldest.
_OLDEST_CONTENT = (
    sa.select(_event.at)
    .where(_event.conversation_id == _conversation.id, _event.kind != EventKind.BLANK.value)
    .order_by(_event.offset)
    .limit(1)
    .scalar_subquery()
)
_AGED_PAGE = (
    sa.select(
        _conversation.id,
        sa.or_(
            sa.func.coalesce(_OLDEST_CONTENT, _NEVER) <= _BEFORE,
            sa.exists().where(
                _ticket.conversation_id == _conversation.id,
                _ticket.closed_at <= _BEFORE,
                _ticket.purged_at.is_(None),
            ),
        ).label("aged"),
    )
    .where(
        _conversation.created_at <= _BEFORE,
        _conversation.id > sa.bindparam("after", type_=_conversation.id.type),
    )
    .order_by(_conversation.id)
    .limit(sa.bindparam("count"))
)
_CONVERSATION = CONVERSATIONS.where(_conversation.id == _ID)
_EVENTS = (
    sa.select(_event.offset, _event.at, _event.kind)
    .where(_event.conversation_id == _ID)
    .order_by(_event.offset)
)
_TICKETS = TICKETS.where(_ticket.conversation_id == _ID).order_by(_ticket.id)
_OBJECTIONS = TICKETS.where(_ticket.linked.in_(sa.bindparam("ids", expanding=True))).order_by(
    _ticket.id
)
_UNFILED_EVIDENCE = sa.select(_evidence.id, _evidence.created_at).where(
    _evidence.conversation_id == _ID, _evidence.ticket_id.is_(None)
)
_EVIDENCE_PER_TICKET = (
    sa.select(_evidence.ticket_id, sa.func.count().label("files"))
    .where(_evidence.conversation_id == _ID, _evidence.ticket_id.is_not(None))
    .group_by(_evidence.ticket_id)
)
_DELIVERIES = sa.select(_outbox.id, _outbox.created_at).where(
    _outbox.conversation_id == _ID, _outbox.ticket_id.is_(None)
)


class SqlPurgeStore:
    """Implements ``ports.PurgeStore``.

    Args:
        writer: erases conversations.
        reader: finds content.
        seals: the conversations' keys; the key of an erased conversation is dropped.
        engine: opens a connection of its own to scrub SQLite's journal.
    """

    def __init__(
        self, writer: BatchWriter, reader: SqlReader, seals: Seals, engine: sa.Engine
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals
        self._engine = engine

    async def conversations_with_content(
        self, before: datetime, *, after: ConversationId | None, limit: int
    ) -> tuple[tuple[ConversationId, ...], ConversationId | None]:
        """Return a page of conversations with content from before an instant.

        See ``ports.PurgeStore``. All conversations are scanned: an index on the time of events
        would slow down every message, and this scan runs only once a day.
        """
        params = {"before": to_micros(before), "after": after or b"", "count": limit}
        rows = await self._reader.read(lambda c: c.execute(_AGED_PAGE, params).all())
        aged = tuple(ConversationId(row.id) for row in rows if row.aged)
        return aged, ConversationId(rows[-1].id) if len(rows) == limit else None

    async def stored_content(self, conversation: ConversationId) -> StoredContent | None:
        """Return what is stored of a conversation; None if it does not exist."""
        return await self._reader.read(lambda connection: self._holdings(connection, conversation))

    def _holdings(
        self, connection: sa.Connection, conversation: ConversationId
    ) -> StoredContent | None:
        by_id = {"id": conversation}
        row = connection.execute(_CONVERSATION, by_id).first()
        if row is None:
            return None
        tickets = connection.execute(_TICKETS, by_id).all()
        objections: list[Any] = []
        if tickets:
            ids = padded([row.id for row in tickets])
            objections = list(connection.execute(_OBJECTIONS, {"ids": ids}))
        seals = load_seals(connection, self._seals, [conversation])
        if conversation not in seals:
            raise SealError("a conversation has no data key")
        return StoredContent(
            conversation=open_conversation(row, seals[conversation]),
            lines=tuple(
                LogLine(row.offset, from_micros(row.at), row.kind == EventKind.BLANK.value)
                for row in connection.execute(_EVENTS, by_id)
            ),
            tickets=self._open_all(connection, tickets),
            objections=self._open_all(connection, objections),
            files=tuple(
                (EvidenceId(row.id), from_micros(row.created_at))
                for row in connection.execute(_UNFILED_EVIDENCE, by_id)
            ),
            attached={
                TicketId(row.ticket_id): row.files
                for row in connection.execute(_EVIDENCE_PER_TICKET, by_id)
            },
            deliveries=tuple(
                (DeliveryId(row.id), from_micros(row.created_at))
                for row in connection.execute(_DELIVERIES, by_id)
            ),
        )

    def _open_all(
        self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]
    ) -> tuple[Ticket, ...]:
        """Return all tickets of rows; an unreadable one must not be taken for a missing one.

        Raises:
            SealError: a ticket can't be read.
        """
        opened, unreadable = open_tickets(connection, self._seals, rows)
        if unreadable:
            raise TICKET_BINDING.error(unreadable[0], "was refused")
        return tuple(ticket for *_, ticket in opened)

    async def erase(self, conversation: ConversationId, *, version: int) -> bool:
        """Delete a conversation and its key unless its version has changed; see ``PurgeStore``."""
        erased = await self._writer.run(
            lambda connection: erasure.erase(connection, conversation, version)
        )
        if erased:
            self._seals.forget(conversation)
        return erased

    async def scrub(self) -> None:
        """Truncate SQLite's journal, which still contains old versions of pages.

        Deleted content in the file itself is overwritten with zeros at once (``secure_delete``).
        PostgreSQL removes both later by itself.

        Raises:
            UnavailableError: readers kept the journal in use; call this again later.
        """
        if self._engine.dialect.name == "sqlite":
            await asyncio.to_thread(self._truncate_journal)

    def _truncate_journal(self) -> None:
        for _ in range(_CHECKPOINT_TRIES):
            connection = self._engine.raw_connection()
            try:
                cursor = connection.cursor()
                busy, *_rest = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                cursor.close()
            finally:
                connection.close()
            if not busy:
                return
            time.sleep(_RETRY_PAUSE)
        _log.warning("journal_not_emptied")
        raise UnavailableError("the journal is being read; what went is still in it")
