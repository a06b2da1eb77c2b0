"""Claiming due rows, through the writer.

A claim postpones a row by the lease, so that no two workers have it at once; after a crash it is
due again by itself. On SQLite a separate connection would wait behind the writer's transactions
(180 ms on a busy desk, against 5 ms as part of a batch); on PostgreSQL the statement skips rows
that other processes hold. The same code serves both.
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
from privacydesk.storage.damaged import look_again, open_rows, open_tickets
from privacydesk.storage.faults import GuardBrokenError
from privacydesk.storage.overlooked import Overlooked
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.delivery import BOUND, delivery_row, read_delivery
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_outbox = tables.outbox.c
_older = tables.outbox.alias("older")
_OPEN = sql.written_out(DeliveryState.OPEN.value)
_HEADS = sa.and_(
    _outbox.state == _OPEN,
    ~sa.exists().where(
        _older.c.lane == _outbox.lane, _older.c.state == _OPEN, _older.c.id < _outbox.id
    ),
)
_OF_CHANNEL = {one: _outbox.channel == sql.written_out(one.value) for one in Channel}
_IS_AWAITED = _outbox.ref != sql.written_out("")
_IS_EXPORT = _outbox.action == sql.written_out(AccountAction.EXPORT.value)
_OF_POOL: Mapping[Pool, sa.ColumnElement[bool]] = {
    Pool.CODE: _OF_CHANNEL[Channel.CODE],
    Pool.READING: sa.and_(_OF_CHANNEL[Channel.ACCOUNT], _IS_AWAITED),
    Pool.ACTION: sa.and_(_OF_CHANNEL[Channel.ACCOUNT], ~_IS_AWAITED, ~_IS_EXPORT),
    Pool.EXPORT: sa.and_(_OF_CHANNEL[Channel.ACCOUNT], ~_IS_AWAITED, _IS_EXPORT),
    Pool.NOTICE: _OF_CHANNEL[Channel.NOTICE],
    Pool.LETTER: _OF_CHANNEL[Channel.LETTER],
}
"""``Delivery.pool`` as conditions; a test compares them."""


def _most_of(pool: Pool) -> str:
    """Return the name of the parameter for how many rows of a pool are read."""
    return f"most_{pool.value}"


def _of_each_pool(*columns: Any, due: bool) -> sa.CompoundSelect[Any]:
    """Return the query for the next rows of each pool: one statement, one index probe a pool."""
    looks = []
    for pool in Pool:
        heads = sa.select(*columns).where(_HEADS, _OF_POOL[pool]).order_by(_outbox.due_at)
        if due:
            heads = heads.where(_outbox.due_at <= sa.bindparam("now"))
            heads = heads.with_for_update(skip_locked=True, of=tables.outbox)
        looks.append(sa.select(heads.limit(sa.bindparam(_most_of(pool))).subquery(pool.value)))
    return sa.union_all(*looks)


_DUE_DELIVERIES = _of_each_pool(tables.outbox, due=True)
_NEXT_DELIVERIES = _of_each_pool(_outbox.id, _outbox.due_at, due=False)
_KEEP = (
    sa.update(tables.outbox)
    .where(
        _outbox.id == sa.bindparam(sql.GUARD_ID),
        _outbox.state == _OPEN,
        _outbox.attempts == sa.bindparam("claimed"),
        _outbox.due_at == sa.bindparam("held_until"),
    )
    .values(due_at=sa.bindparam("until"))
)
_CLAIMED_BY = sa.select(_outbox.state, _outbox.attempts).where(
    _outbox.id == sa.bindparam(sql.GUARD_ID)
)
_DUE_TICKETS = (
    sql.TICKETS.where(tables.ticket.c.next_due_at <= sa.bindparam("now"))
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
        self._overlooked = Overlooked(writer, reader, seals)

    async def hurry_overlooked(self, now: datetime) -> int:
        """Make due what a clock that ran ahead postponed; see ``ports.Claims``."""
        return await self._overlooked.hurry(now)

    async def deliveries(
        self,
        now: datetime,
        *,
        lease: timedelta,
        places: Mapping[Pool, int],
        without: Collection[DeliveryId] = (),
    ) -> tuple[Delivery, ...]:
        """Claim outbox rows that are due; see ``ports.Claims``.

        The rows are returned as claimed: attempts and version raised by one, due after the lease.
        """

        def claim(connection: sa.Connection) -> tuple[Delivery, ...]:
            rows = _with_a_place(connection, now, places, without)
            opened, damaged = open_rows(connection, self._seals, rows, BOUND, read_delivery)
            look_again(connection, _outbox.due_at, damaged, now)
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
            _guarded(connection, sql.UPDATE[tables.outbox], updates)
            return tuple(claimed)

        return await self._writer.run(claim)

    async def keep(self, row: Delivery, *, until: datetime) -> bool:
        """Extend the lease of a claimed row; see ``ports.Claims``.

        Only the column ``due_at`` changes: the worker has the row as it was claimed.
        """

        def keep(connection: sa.Connection) -> bool:
            held = {
                sql.GUARD_ID: row.id,
                "claimed": row.attempts,
                "held_until": to_micros(row.due_at),
                "until": to_micros(until),
            }
            if connection.execute(_KEEP, held).rowcount:
                return True
            found = connection.execute(_CLAIMED_BY, {sql.GUARD_ID: row.id}).first()
            if found is None or found.state != DeliveryState.OPEN:
                # Finished by the caller itself, which is still extending the lease.
                return True
            return bool(found.attempts == row.attempts)

        return await self._writer.run(keep)

    async def next_delivery(
        self, pools: Collection[Pool], *, without: Collection[DeliveryId] = ()
    ) -> datetime | None:
        """Return when the next outbox row of some pools is due; see ``ports.Claims``."""
        wanted = _mosts(dict.fromkeys(pools, 1), without)

        def look(connection: sa.Connection) -> datetime | None:
            rows = connection.execute(_NEXT_DELIVERIES, wanted)
            found = [row.due_at for row in rows if row.id not in without]
            return opt_instant(min(found, default=None))

        return await self._reader.read(look)

    async def tickets(self, now: datetime, *, lease: timedelta, limit: int) -> tuple[Ticket, ...]:
        """Claim tickets with a reminder or deadline that is due.

        Only the column ``next_due_at`` changes; the ticket, its version and its dues stay.
        """

        def claim(connection: sa.Connection) -> tuple[Ticket, ...]:
            due = {"now": to_micros(now), "count": limit}
            rows = connection.execute(_DUE_TICKETS, due).all()
            opened, damaged = open_tickets(connection, self._seals, rows)
            look_again(connection, tables.ticket.c.next_due_at, damaged, now)
            until = to_micros(now + lease)
            _guarded(
                connection,
                _LEASE_TICKET,
                [
                    {sql.GUARD_ID: row.id, sql.GUARD_VERSION: row.version, "until": until}
                    for row, *_ in opened
                ],
            )
            return tuple(ticket for *_, ticket in opened)

        return await self._writer.run(claim)

    async def next_ticket(self) -> datetime | None:
        """Return when the next ticket is due; see ``ports.Claims``."""
        return await self._reader.read(
            lambda connection: opt_instant(connection.scalar(_NEXT_TICKET))
        )


def _with_a_place(
    connection: sa.Connection,
    now: datetime,
    places: Mapping[Pool, int],
    without: Collection[DeliveryId],
) -> list[sa.Row[Any]]:
    """Return due rows within the limits of ``places``, the longest due of each pool first."""
    due = connection.execute(_DUE_DELIVERIES, {"now": to_micros(now), **_mosts(places, without)})
    found: list[sa.Row[Any]] = []
    left = dict(places)
    for row in due:
        pool = pool_of(Channel(row.channel), row.action, row.ref)
        if left[pool] > 0 and row.id not in without:
            left[pool] -= 1
            found.append(row)
    return found


def _mosts(places: Mapping[Pool, int], without: Collection[DeliveryId]) -> dict[str, int]:
    """Return how many rows of each pool are read: enough to make up for those left out."""
    return {
        _most_of(pool): places[pool] + len(without) if places.get(pool, 0) > 0 else 0
        for pool in Pool
    }


def _guarded(
    connection: sa.Connection, statement: sa.Update, rows: list[dict[str, object]]
) -> None:
    if rows and connection.execute(statement, rows).rowcount != len(rows):
        raise GuardBrokenError("rows changed although they were locked for a claim")
