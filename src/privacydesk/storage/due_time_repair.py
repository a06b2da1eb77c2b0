"""Repairs due times that were written while the clock ran ahead.

A row is claimed or postponed for a limited time. If it is due later than that, its due time was
written while the clock was wrong, and the row would wait until the clock reaches that time again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from privacydesk.domain.deliveries import Channel, DeliveryState
from privacydesk.domain.ids import TicketId
from privacydesk.domain.instants import CLOCK_TOLERANCE
from privacydesk.domain.webhooks import MAX_RETRY_DELAY
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import RETRY_UNREADABLE_AFTER, open_tickets
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_PAGE_SIZE: Final = 500
_DAY: Final = timedelta(days=1)
_MAX_DELAY: Final[Mapping[Channel, timedelta]] = {
    **dict.fromkeys(Channel, timedelta(hours=1)),
    Channel.NOTICE: _DAY,
}
"""The longest time for which an outbox row is postponed: between tries, or by quiet hours."""
_ticket = tables.ticket.c
_outbox = tables.outbox.c
_OPEN_OUTBOX: Final = _outbox.state == sql.sql_literal(DeliveryState.OPEN.value)


def _channel_is(channel: Channel) -> sa.ColumnElement[bool]:
    return _outbox.channel == sql.sql_literal(channel.value)


def _make_due(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.Update:
    """Return the update that makes rows due now if they are postponed too far."""
    too_late = table.c.due_at > sa.bindparam("latest")
    return sa.update(table).where(*conditions, too_late).values(due_at=sa.bindparam("present"))


_MAKE_DUE: Final = (
    *(
        (_make_due(tables.outbox, _OPEN_OUTBOX, _channel_is(channel)), max_delay)
        for channel, max_delay in _MAX_DELAY.items()
    ),
    (
        _make_due(
            tables.webhook_posting,
            sa.literal_column("webhook_posting.open"),
            tables.webhook_posting.c.endpoint_id.in_(sa.select(tables.webhook_endpoint.c.id)),
        ),
        MAX_RETRY_DELAY,
    ),
    (
        _make_due(
            tables.ticketing_link,
            sa.literal_column("ticketing_link.open"),
            tables.ticketing_link.c.system.in_(sa.select(tables.ticketing_system.c.name)),
        ),
        _DAY,
    ),
)
_LATE_TICKETS: Final = (
    sql.TICKETS.where(
        sa.literal_column("ticket.leased"),
        # Not as a comparison of row values, for which no partial index is used.
        _ticket.next_due_at >= sa.bindparam("after"),
        sa.or_(
            _ticket.next_due_at > sa.bindparam("after"),
            _ticket.id > sa.bindparam("id", type_=_ticket.id.type),
        ),
    )
    .order_by(_ticket.next_due_at, _ticket.id)
    .limit(_PAGE_SIZE)
)
_RESTORE_DUE_TIME: Final = (
    sa.update(tables.ticket)
    .where(_ticket.id == sa.bindparam("at_id"), _ticket.next_due_at == sa.bindparam("seen"))
    .values(next_due_at=sa.bindparam("own"))
)


class DueTimeRepair:
    """Finds rows that are postponed too far, and corrects their due times."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def repair(self, now: datetime) -> int:
        """Correct the due times of rows that are postponed too far; return how many."""
        ticket_updates = await self._ticket_updates(now)

        def write(connection: sa.Connection) -> int:
            repaired = 0
            for statement, max_delay in _MAKE_DUE:
                latest = to_micros(now + max_delay + CLOCK_TOLERANCE)
                params = {"latest": latest, "present": to_micros(now)}
                repaired += connection.execute(statement, params).rowcount
            if ticket_updates:
                repaired += connection.execute(_RESTORE_DUE_TIME, ticket_updates).rowcount
            return repaired

        return await self._writer.run(write)

    async def _ticket_updates(self, now: datetime) -> list[dict[str, Any]]:
        """Return the updates that reset tickets to the due times in their sealed bodies."""
        latest = to_micros(now + RETRY_UNREADABLE_AFTER + CLOCK_TOLERANCE)
        after_time, after_id = latest, TicketId(b"")
        updates: list[dict[str, Any]] = []
        while True:
            params = {"after": after_time, "id": after_id}
            rows, page_updates = await self._reader.read(partial(self._check_page, params=params))
            updates += page_updates
            if len(rows) < _PAGE_SIZE:
                return updates
            after_time, after_id = rows[-1].next_due_at, rows[-1].id

    def _check_page(
        self, connection: sa.Connection, *, params: Mapping[str, Any]
    ) -> tuple[Sequence[sa.Row[Any]], list[dict[str, Any]]]:
        rows = connection.execute(_LATE_TICKETS, params).all()
        opened, _ = open_tickets(connection, self._seals, rows)
        updates = [
            {"at_id": row.id, "seen": row.next_due_at, "own": to_micros(ticket.next_due_at)}
            for row, _, ticket in opened
            if ticket.next_due_at is not None and to_micros(ticket.next_due_at) < row.next_due_at
        ]
        return rows, updates
