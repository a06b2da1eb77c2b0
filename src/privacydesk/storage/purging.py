"""Finding expired content, erasing whole conversations, and scrubbing the files.

Blanks and records are written by jobs, like any change of a conversation; see
``services.retention``.
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
from privacydesk.domain.retention import Holdings, Line
from privacydesk.domain.ticket import Ticket
from privacydesk.errors import UnavailableError
from privacydesk.storage import erasure, tables
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.damaged import open_tickets
from privacydesk.storage.keys import load_seals
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.conversation import open_conversation
from privacydesk.storage.rows.ticket import BOUND as TICKET_BOUND
from privacydesk.storage.sealing import SealError, Seals
from privacydesk.storage.statements import CONVERSATIONS, TICKETS, padded
from privacydesk.storage.writer import BatchWriter

_log = structlog.get_logger(__name__)

_TRIES = 20
_PAUSE = 0.25

_conversation = tables.conversation.c
_event = tables.event.c
_ticket = tables.ticket.c
_evidence = tables.evidence.c
_outbox = tables.outbox.c
_ID: sa.BindParameter[bytes] = sa.bindparam("id")
_BEFORE = sa.bindparam("before", type_=sa.BigInteger)
_NEVER = 2**62

# The log is in order of time, so its first remaining entry is the oldest one.
_OLDEST = (
    sa.select(_event.at)
    .where(_event.conversation_id == _conversation.id, _event.kind != EventKind.BLANK.value)
    .order_by(_event.offset)
    .limit(1)
    .scalar_subquery()
)
_PAGE = (
    sa.select(
        _conversation.id,
        sa.or_(
            sa.func.coalesce(_OLDEST, _NEVER) <= _BEFORE,
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
_STATE = CONVERSATIONS.where(_conversation.id == _ID)
_LINES = (
    sa.select(_event.offset, _event.at, _event.kind)
    .where(_event.conversation_id == _ID)
    .order_by(_event.offset)
)
_TICKETS = TICKETS.where(_ticket.conversation_id == _ID).order_by(_ticket.id)
_OBJECTIONS = TICKETS.where(_ticket.linked.in_(sa.bindparam("ids", expanding=True))).order_by(
    _ticket.id
)
_FILES = sa.select(_evidence.id, _evidence.created_at).where(
    _evidence.conversation_id == _ID, _evidence.ticket_id.is_(None)
)
_ATTACHED = (
    sa.select(_evidence.ticket_id, sa.func.count().label("files"))
    .where(_evidence.conversation_id == _ID, _evidence.ticket_id.is_not(None))
    .group_by(_evidence.ticket_id)
)
_DELIVERIES = sa.select(_outbox.id, _outbox.created_at).where(
    _outbox.conversation_id == _ID, _outbox.ticket_id.is_(None)
)


class SqlPurging:
    """Reads through the reader, erases through the writer.

    Args:
        writer: for erasing.
        reader: for reading.
        seals: the conversations' keys; that of an erased one is forgotten.
        engine: whose connections may write; a short one scrubs the journal.
    """

    def __init__(
        self, writer: BatchWriter, reader: SqlReader, seals: Seals, engine: sa.Engine
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals
        self._engine = engine

    async def aged(
        self, before: datetime, *, after: ConversationId | None, limit: int
    ) -> tuple[tuple[ConversationId, ...], ConversationId | None]:
        """Return conversations that hold something from before an instant; see ``ports.Purging``.

        All are scanned, without an index on instants: it would cost every message, and this is
        done once a day.
        """
        wanted = {"before": to_micros(before), "after": after or b"", "count": limit}
        rows = await self._reader.read(lambda connection: connection.execute(_PAGE, wanted).all())
        found = tuple(ConversationId(row.id) for row in rows if row.aged)
        return found, ConversationId(rows[-1].id) if len(rows) == limit else None

    async def holdings(self, conversation: ConversationId) -> Holdings | None:
        """Return what is kept of a conversation."""
        return await self._reader.read(lambda connection: self._holdings(connection, conversation))

    def _holdings(self, connection: sa.Connection, conversation: ConversationId) -> Holdings | None:
        at = {"id": conversation}
        state = connection.execute(_STATE, at).first()
        if state is None:
            return None
        tickets = connection.execute(_TICKETS, at).all()
        objections: list[Any] = []
        if tickets:
            ids = padded([row.id for row in tickets])
            objections = list(connection.execute(_OBJECTIONS, {"ids": ids}))
        seals = load_seals(connection, self._seals, [conversation])
        if conversation not in seals:
            raise SealError("a conversation has no data key")
        return Holdings(
            conversation=open_conversation(state, seals[conversation]),
            lines=tuple(
                Line(row.offset, from_micros(row.at), row.kind == EventKind.BLANK.value)
                for row in connection.execute(_LINES, at)
            ),
            tickets=self._opened(connection, tickets),
            objections=self._opened(connection, objections),
            files=tuple(
                (EvidenceId(row.id), from_micros(row.created_at))
                for row in connection.execute(_FILES, at)
            ),
            attached={
                TicketId(row.ticket_id): row.files for row in connection.execute(_ATTACHED, at)
            },
            deliveries=tuple(
                (DeliveryId(row.id), from_micros(row.created_at))
                for row in connection.execute(_DELIVERIES, at)
            ),
        )

    def _opened(self, connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> tuple[Ticket, ...]:
        """Return all tickets: one left out would be taken for deleted."""
        opened, damaged = open_tickets(connection, self._seals, rows)
        if damaged:
            raise TICKET_BOUND.refusal(damaged[0], "was refused")
        return tuple(ticket for *_, ticket in opened)

    async def erase(self, conversation: ConversationId, *, version: int) -> bool:
        """Delete a conversation with its key, unless it went on since ``version``."""
        done = await self._writer.run(
            lambda connection: erasure.erase(connection, conversation, version)
        )
        if done:
            self._seals.forget(conversation)
        return done

    async def scrub(self) -> None:
        """Empty SQLite's journal: it keeps old pages as they were.

        Freed pages and cells are zeroed as they are freed (``secure_delete``). PostgreSQL does
        both in its own time.

        Raises:
            UnavailableError: somebody kept reading; the journal is emptied another time.
        """
        if self._engine.dialect.name == "sqlite":
            await asyncio.to_thread(self._truncate)

    def _truncate(self) -> None:
        for _ in range(_TRIES):
            raw = self._engine.raw_connection()
            try:
                cursor = raw.cursor()
                busy, *_rest = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                cursor.close()
            finally:
                raw.close()
            if not busy:
                return
            time.sleep(_PAUSE)
        _log.warning("journal_not_emptied")
        raise UnavailableError("the journal is being read; what went is still in it")
