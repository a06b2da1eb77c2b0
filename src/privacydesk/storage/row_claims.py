"""Claims due outbox rows and tickets for workers.

A claim postpones a row's due time by the lease, so that no two workers process it at once; after a
crash the row becomes due again without further action. Claims are part of the writer's batches: on
SQLite a separate connection would wait for the writer's transactions (180 ms on a busy desk,
against 5 ms within a batch). On PostgreSQL the statements skip rows that other processes have
locked.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.deliveries import Channel, Delivery, DeliveryState, Pool, pool_of
from privacydesk.domain.ids import DeliveryId
from privacydesk.domain.ticket import Ticket
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import opt_instant, to_micros
from privacydesk.storage.database_errors import LockedRowChangedError
from privacydesk.storage.due_time_repair import DueTimeRepair
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import (
    open_rows_to_write,
    open_tickets_to_write,
    postpone_unreadable,
)
from privacydesk.storage.rows.delivery import BINDING, delivery_row, read_delivery
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_outbox = tables.outbox.c
_older = tables.outbox.alias("older")
_OPEN = sql.sql_literal(DeliveryState.OPEN.value)
_FIRST_OF_LANE = sa.and_(
    _outbox.state == _OPEN,
    ~sa.exists().where(
        _older.c.lane == _outbox.lane, _older.c.state == _OPEN, _older.c.id < _outbox.id
    ),
)
_CHANNEL_CONDITIONS = {
    channel: _outbox.channel == sql.sql_literal(channel.value) for channel in Channel
}
_IS_AWAITED = _outbox.ref != sql.sql_literal("")
_IS_EXPORT = _outbox.action == sql.sql_literal(AccountAction.EXPORT.value)
_POOL_CONDITIONS: Mapping[Pool, sa.ColumnElement[bool]] = {
    Pool.CODE: _CHANNEL_CONDITIONS[Channel.CODE],
    Pool.READING: sa.and_(_CHANNEL_CONDITIONS[Channel.ACCOUNT], _IS_AWAITED),
    Pool.ACTION: sa.and_(_CHANNEL_CONDITIONS[Channel.ACCOUNT], ~_IS_AWAITED, ~_IS_EXPORT),
    Pool.EXPORT: sa.and_(_CHANNEL_CONDITIONS[Channel.ACCOUNT], ~_IS_AWAITED, _IS_EXPORT),
    Pool.NOTICE: _CHANNEL_CONDITIONS[Channel.NOTICE],
    Pool.MAIL_REPLY: _CHANNEL_CONDITIONS[Channel.MAIL_REPLY],
    Pool.STAFF: _CHANNEL_CONDITIONS[Channel.STAFF],
}
"""``Delivery.pool`` as SQL conditions; a test compares the two."""


def _limit_parameter(pool: Pool) -> str:
    """Return the name of the bound parameter that limits the rows of a pool."""
    return f"most_{pool.value}"


def _select_per_pool(*columns: Any, due: bool) -> sa.CompoundSelect[Any]:
    """Return the query for the next rows of each pool, with one index look-up per pool."""
    selects = []
    for pool in Pool:
        conditions = (_FIRST_OF_LANE, _POOL_CONDITIONS[pool])
        rows = sa.select(*columns).where(*conditions).order_by(_outbox.due_at)
        if due:
            rows = rows.where(_outbox.due_at <= sa.bindparam("now"))
            rows = rows.with_for_update(skip_locked=True, of=tables.outbox)
        limited = rows.limit(sa.bindparam(_limit_parameter(pool)))
        selects.append(sa.select(limited.subquery(pool.value)))
    return sa.union_all(*selects)


_DUE_DELIVERIES = _select_per_pool(tables.outbox, due=True)
_NEXT_DELIVERIES = _select_per_pool(_outbox.id, _outbox.due_at, due=False)
_EXTEND_LEASE = (
    sa.update(tables.outbox)
    .where(
        _outbox.id == sa.bindparam(sql.GUARD_ID),
        _outbox.state == _OPEN,
        _outbox.attempts == sa.bindparam("claimed"),
        _outbox.due_at == sa.bindparam("held_until"),
    )
    .values(due_at=sa.bindparam("until"))
)
_CLAIM_STATE = sa.select(_outbox.state, _outbox.attempts).where(
    _outbox.id == sa.bindparam(sql.GUARD_ID)
)
_DUE_TICKETS = (
    sql.TICKETS.where(tables.ticket.c.next_due_at <= sa.bindparam("now"))
    .order_by(tables.ticket.c.next_due_at)
    .limit(sa.bindparam("count"))
    .with_for_update(skip_locked=True)
)
# All at once, without their versions: they are locked.
_LEASE_TICKETS = (
    sa.update(tables.ticket)
    .where(tables.ticket.c.id.in_(sa.bindparam("ids", expanding=True)))
    .values(next_due_at=sa.bindparam("until"), leased=sa.true())
)
_NEXT_TICKET = (
    sa.select(tables.ticket.c.next_due_at)
    .where(tables.ticket.c.next_due_at.is_not(None))
    .order_by(tables.ticket.c.next_due_at)
    .limit(1)
)


class SqlRowClaims:
    """Implements ``ports.RowClaims``: claims through the writer, looks ahead through the reader."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals
        self._due_time_repair = DueTimeRepair(writer, reader, seals)

    async def reset_excessive_delays(self, now: datetime) -> int:
        """Repair due times written while the clock ran ahead; see ``ports.RowClaims``."""
        return await self._due_time_repair.repair(now)

    async def deliveries(
        self,
        now: datetime,
        *,
        lease: timedelta,
        places: Mapping[Pool, int],
        without: Collection[DeliveryId] = (),
    ) -> tuple[Delivery, ...]:
        """Claim outbox rows that are due; see ``ports.RowClaims``.

        The returned rows have their attempts and version incremented, and are due after the lease.
        """

        def claim(connection: sa.Connection) -> tuple[Delivery, ...]:
            rows = _select_due(connection, now, places, without)
            opened, damaged = open_rows_to_write(
                connection, self._seals, rows, BINDING, read_delivery
            )
            postpone_unreadable(connection, _outbox.due_at, damaged, now)
            claimed, updates = [], []
            for _, seal, before in opened:
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
            _update_guarded(connection, sql.UPDATE[tables.outbox], updates)
            return tuple(claimed)

        return await self._writer.run(claim)

    async def extend(self, row: Delivery, *, until: datetime) -> bool:
        """Extend the lease of a claimed row; see ``ports.RowClaims``.

        Only the column ``due_at`` changes: otherwise the row stays as the worker claimed it.
        """

        def extend(connection: sa.Connection) -> bool:
            params = {
                sql.GUARD_ID: row.id,
                "claimed": row.attempts,
                "held_until": to_micros(row.due_at),
                "until": to_micros(until),
            }
            if connection.execute(_EXTEND_LEASE, params).rowcount:
                return True
            stored = connection.execute(_CLAIM_STATE, {sql.GUARD_ID: row.id}).first()
            if stored is None or stored.state != DeliveryState.OPEN:
                # The caller has finished the row while it was extending the lease.
                return True
            return bool(stored.attempts == row.attempts)

        return await self._writer.run(extend)

    async def next_delivery(
        self, pools: Collection[Pool], *, without: Collection[DeliveryId] = ()
    ) -> datetime | None:
        """Return when the next outbox row of some pools is due; see ``ports.RowClaims``."""
        limits = _pool_limits(dict.fromkeys(pools, 1), without)

        def fetch(connection: sa.Connection) -> datetime | None:
            rows = connection.execute(_NEXT_DELIVERIES, limits)
            due_times = [row.due_at for row in rows if row.id not in without]
            return opt_instant(min(due_times, default=None))

        return await self._reader.read(fetch)

    async def tickets(self, now: datetime, *, lease: timedelta, limit: int) -> tuple[Ticket, ...]:
        """Claim tickets with a reminder or deadline that is due.

        Only the columns ``next_due_at`` and ``leased`` change; the ticket itself and its version
        stay the same.
        """

        def claim(connection: sa.Connection) -> tuple[Ticket, ...]:
            params = {"now": to_micros(now), "count": limit}
            rows = connection.execute(_DUE_TICKETS, params).all()
            opened, damaged = open_tickets_to_write(connection, self._seals, rows)
            postpone_unreadable(connection, tables.ticket.c.next_due_at, damaged, now)
            if opened:
                ids = sql.padded(row.id for row, *_ in opened)
                leased = {"ids": ids, "until": to_micros(now + lease)}
                connection.execute(_LEASE_TICKETS, leased)
            return tuple(ticket for *_, ticket in opened)

        return await self._writer.run(claim)

    async def next_ticket(self) -> datetime | None:
        """Return when the next ticket is due; see ``ports.RowClaims``."""
        return await self._reader.read(
            lambda connection: opt_instant(connection.scalar(_NEXT_TICKET))
        )


def _select_due(
    connection: sa.Connection,
    now: datetime,
    places: Mapping[Pool, int],
    without: Collection[DeliveryId],
) -> list[sa.Row[Any]]:
    """Return due rows, at most ``places`` of each pool, earliest due time first."""
    params = {"now": to_micros(now), **_pool_limits(places, without)}
    selected: list[sa.Row[Any]] = []
    free_places = dict(places)
    for row in connection.execute(_DUE_DELIVERIES, params):
        pool = pool_of(Channel(row.channel), row.action, row.ref)
        if free_places[pool] > 0 and row.id not in without:
            free_places[pool] -= 1
            selected.append(row)
    return selected


def _pool_limits(places: Mapping[Pool, int], without: Collection[DeliveryId]) -> dict[str, int]:
    """Return the limit parameters: enough rows of each pool even if all excluded ones are due."""
    return {
        _limit_parameter(pool): places[pool] + len(without) if places.get(pool, 0) > 0 else 0
        for pool in Pool
    }


def _update_guarded(
    connection: sa.Connection, statement: sa.Update, rows: list[dict[str, object]]
) -> None:
    if rows and connection.execute(statement, rows).rowcount != len(rows):
        raise LockedRowChangedError("rows changed although they were locked for a claim")
