"""Rows postponed too far because the clock ran ahead when they were claimed or put off.

A row is claimed, or postponed, for a limited time. One that is due further ahead was moved by a
clock that has been set back since, and would wait until the clock gets there again.
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
from privacydesk.domain.webhooks import LONGEST_PAUSE
from privacydesk.storage import statements as sql
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.damaged import LOOK_AGAIN, open_tickets
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_PAGE: Final = 500
_DAY: Final = timedelta(days=1)
_LONGEST: Final[Mapping[Channel, timedelta]] = {
    **dict.fromkeys(Channel, timedelta(hours=1)),
    Channel.NOTICE: _DAY,
}
"""How long an outbox row waits at most: the longest pause between tries, or quiet hours."""
_ticket = tables.ticket.c
_outbox = tables.outbox.c
_OPEN_OUTBOX: Final = _outbox.state == sql.written_out(DeliveryState.OPEN.value)


def _of(channel: Channel) -> sa.ColumnElement[bool]:
    return _outbox.channel == sql.written_out(channel.value)


def _hurry(table: sa.Table, *conditions: sa.ColumnElement[bool]) -> sa.Update:
    """Return the update that makes rows due that are postponed too far."""
    late = table.c.due_at > sa.bindparam("latest")
    return sa.update(table).where(*conditions, late).values(due_at=sa.bindparam("present"))


_HURRIED: Final = (
    *(
        (_hurry(tables.outbox, _OPEN_OUTBOX, _of(one)), longest)
        for one, longest in _LONGEST.items()
    ),
    (
        _hurry(
            tables.webhook_posting,
            sa.literal_column("webhook_posting.open"),
            tables.webhook_posting.c.endpoint_id.in_(sa.select(tables.webhook_endpoint.c.id)),
        ),
        LONGEST_PAUSE,
    ),
    (
        _hurry(
            tables.ticketing_link,
            sa.literal_column("ticketing_link.open"),
            tables.ticketing_link.c.system.in_(sa.select(tables.ticketing_system.c.name)),
        ),
        _DAY,
    ),
)
_FAR_TICKETS: Final = (
    sql.TICKETS.where(
        # Not as one row comparison: no partial index is used for that.
        _ticket.next_due_at >= sa.bindparam("after"),
        sa.or_(
            _ticket.next_due_at > sa.bindparam("after"),
            _ticket.id > sa.bindparam("id", type_=_ticket.id.type),
        ),
    )
    .order_by(_ticket.next_due_at, _ticket.id)
    .limit(_PAGE)
)
_BRING_BACK: Final = (
    sa.update(tables.ticket)
    .where(_ticket.id == sa.bindparam("at_id"), _ticket.next_due_at == sa.bindparam("seen"))
    .values(next_due_at=sa.bindparam("own"))
)


class Overlooked:
    """Finds overlooked rows and makes them due."""

    def __init__(self, writer: BatchWriter, reader: SqlReader, seals: Seals) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals

    async def hurry(self, now: datetime) -> int:
        """Make overlooked rows due; return how many."""
        tickets = await self._tickets(now)

        def write(connection: sa.Connection) -> int:
            made_due = 0
            for statement, longest in _HURRIED:
                latest = to_micros(now + longest + CLOCK_TOLERANCE)
                wanted = {"latest": latest, "present": to_micros(now)}
                made_due += connection.execute(statement, wanted).rowcount
            if tickets:
                made_due += connection.execute(_BRING_BACK, tickets).rowcount
            return made_due

        return await self._writer.run(write)

    async def _tickets(self, now: datetime) -> list[dict[str, Any]]:
        """Return updates that reset tickets to their own dues, which no clock moves."""
        latest, after = to_micros(now + LOOK_AGAIN + CLOCK_TOLERANCE), TicketId(b"")
        at, found = latest, list[dict[str, Any]]()
        while True:
            wanted = {"after": at, "id": after}
            rows, moved = await self._reader.read(partial(self._page, wanted=wanted))
            found += moved
            if len(rows) < _PAGE:
                return found
            at, after = rows[-1].next_due_at, rows[-1].id

    def _page(
        self, connection: sa.Connection, *, wanted: Mapping[str, Any]
    ) -> tuple[Sequence[sa.Row[Any]], list[dict[str, Any]]]:
        rows = connection.execute(_FAR_TICKETS, wanted).all()
        opened, _ = open_tickets(connection, self._seals, rows)
        moved = [
            {"at_id": row.id, "seen": row.next_due_at, "own": to_micros(ticket.next_due_at)}
            for row, _, ticket in opened
            if ticket.next_due_at is not None and to_micros(ticket.next_due_at) < row.next_due_at
        ]
        return rows, moved
