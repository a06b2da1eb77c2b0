"""Figures of the present state, for monitoring: counts and ages, no personal data."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.deliveries import DeliveryState
from privacydesk.domain.present_figures import Backlog, Figures
from privacydesk.domain.ticket import TicketState
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.statements import sql_literal

_conversation = tables.conversation.c
_ticket = tables.ticket.c
_outbox = tables.outbox.c
_OPEN = _ticket.state != sql_literal(TicketState.CLOSED.value)
_QUEUE = sa.select(
    sa.func.count().label("length"), sa.func.min(_conversation.queued_at).label("since")
).where(_conversation.owner_kind == sql_literal(OwnerKind.QUEUE.value))
_OPEN_TICKETS = (
    sa.select(_ticket.kind, sa.func.count().label("amount")).where(_OPEN).group_by(_ticket.kind)
)
_OVERDUE_TICKETS = _OPEN_TICKETS.where(_ticket.urgent_at <= sa.bindparam("now"))
_OUTBOX = (
    sa.select(
        _outbox.channel,
        sa.func.count().label("amount"),
        sa.func.sum(sa.case((_outbox.attempts > 1, 1), else_=0)).label("retried"),
        sa.func.min(_outbox.created_at).label("since"),
    )
    .where(_outbox.state == sql_literal(DeliveryState.OPEN.value))
    .group_by(_outbox.channel)
)


class SqlFigures:
    """Implements ``ports.PresentFigures``; each query uses an index of open rows alone."""

    def __init__(self, reader: SqlReader) -> None:
        self._reader = reader

    async def read(self, now: datetime) -> Figures:
        """Return the figures.

        Raises:
            UnavailableError: the database can't be read now.
        """

        def fetch(connection: sa.Connection) -> Figures:
            queue = connection.execute(_QUEUE).one()
            overdue = connection.execute(_OVERDUE_TICKETS, {"now": to_micros(now)})
            return Figures(
                queue_length=queue.length,
                waiting_since=None if queue.since is None else from_micros(queue.since),
                open_tickets={row.kind: row.amount for row in connection.execute(_OPEN_TICKETS)},
                overdue_tickets={row.kind: row.amount for row in overdue},
                backlogs={
                    row.channel: Backlog(row.amount, int(row.retried), from_micros(row.since))
                    for row in connection.execute(_OUTBOX)
                },
            )

        return await self._reader.read(fetch)
