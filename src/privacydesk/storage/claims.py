"""Claiming due rows, through the writer.

A claim moves a row ahead by the lease, so that no two workers have it at once; after a crash it
is due again by itself. On SQLite a connection of its own would wait behind the writer's
transactions (180 ms on a busy desk, against 5 ms as part of a batch); on PostgreSQL the statement
skips what other processes hold. One way for both.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.deliveries import Delivery, DeliveryState
from privacydesk.domain.ticket import Ticket
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_instant, to_micros
from privacydesk.storage.faults import GuardBrokenError
from privacydesk.storage.keys import load_seals
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.delivery import delivery_row, read_delivery
from privacydesk.storage.rows.ticket import read_ticket
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_outbox = tables.outbox.c
_older = tables.outbox.alias("older")
# Written out, not bound: only then does the partial index serve it.
_OPEN: sa.ColumnElement[str] = sa.literal_column(f"'{DeliveryState.OPEN.value}'")
_HEADS = sa.and_(
    _outbox.state == _OPEN,
    ~sa.exists().where(
        _older.c.lane == _outbox.lane, _older.c.state == _OPEN, _older.c.id < _outbox.id
    ),
)
_DUE_DELIVERIES = (
    sa.select(tables.outbox)
    .where(_HEADS, _outbox.due_at <= sa.bindparam("now"))
    .order_by(_outbox.due_at)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True, of=tables.outbox)
)
_DUE_TICKETS = (
    sa.select(tables.ticket)
    .where(tables.ticket.c.next_due_at <= sa.bindparam("now"))
    .order_by(tables.ticket.c.next_due_at)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
)
_LEASE_TICKET = (
    sa.update(tables.ticket)
    .where(
        tables.ticket.c.id == sa.bindparam(sql.GUARD_ID),
        tables.ticket.c.version == sa.bindparam(sql.GUARD_VERSION),
    )
    .values(next_due_at=sa.bindparam("until"))
)
_NEXT_DELIVERY = sa.select(_outbox.due_at).where(_HEADS).order_by(_outbox.due_at).limit(1)
_NEXT_TICKET = (
    sa.select(tables.ticket.c.next_due_at)
    .where(tables.ticket.c.next_due_at.is_not(None))
    .order_by(tables.ticket.c.next_due_at)
    .limit(1)
)


class SqlClaims:
    """Claims through the writer; looking ahead through the reader."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def deliveries(
        self, now: datetime, *, lease: timedelta, limit: int
    ) -> tuple[Delivery, ...]:
        """Claim outbox rows that are due: of each lane only its oldest open row.

        The rows are returned as claimed: one attempt more, a version further, due after the lease.
        """

        def claim(connection: sa.Connection) -> tuple[Delivery, ...]:
            due = {"now": to_micros(now), "count": limit}
            rows = connection.execute(_DUE_DELIVERIES, due).all()
            seals = load_seals(connection, self._seals, {row.conversation_id for row in rows})
            claimed, updates = [], []
            for row in rows:
                seal = seals[row.conversation_id]
                before = read_delivery(row, seal)
                after = replace(
                    before,
                    due_at=now + lease,
                    attempts=before.attempts + 1,
                    version=before.version + 1,
                )
                update = delivery_row(after, seal)
                update[sql.GUARD_ID] = update.pop("id")
                update[sql.GUARD_VERSION] = before.version
                claimed.append(after)
                updates.append(update)
            _guarded(connection, sql.UPDATE[tables.outbox], updates)
            return tuple(claimed)

        return await self._writer.run(claim)

    async def tickets(self, now: datetime, *, lease: timedelta, limit: int) -> tuple[Ticket, ...]:
        """Claim tickets that come up by themselves.

        Only the column ``next_due_at`` moves; the ticket, its version and its dues stay.
        """

        def claim(connection: sa.Connection) -> tuple[Ticket, ...]:
            due = {"now": to_micros(now), "count": limit}
            rows = connection.execute(_DUE_TICKETS, due).all()
            seals = load_seals(connection, self._seals, {row.conversation_id for row in rows})
            until = to_micros(now + lease)
            _guarded(
                connection,
                _LEASE_TICKET,
                [
                    {sql.GUARD_ID: row.id, sql.GUARD_VERSION: row.version, "until": until}
                    for row in rows
                ],
            )
            return tuple(read_ticket(row, seals[row.conversation_id]) for row in rows)

        return await self._writer.run(claim)

    async def next_due(self) -> datetime | None:
        """Return when the next row is due, so that the worker knows how long to rest."""

        def look(connection: sa.Connection) -> datetime | None:
            found = [connection.scalar(s) for s in (_NEXT_DELIVERY, _NEXT_TICKET)]
            return opt_instant(min((at for at in found if at is not None), default=None))

        return await self._reader.read(look)


def _guarded(
    connection: sa.Connection, statement: sa.Update, rows: list[dict[str, object]]
) -> None:
    if rows and connection.execute(statement, rows).rowcount != len(rows):
        raise GuardBrokenError("rows changed although they were locked for a claim")
