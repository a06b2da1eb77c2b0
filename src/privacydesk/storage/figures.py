"""Figures of the present state, for monitoring: counts and ages, no personal data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct, field

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.deliveries import DeliveryState
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


class Backlog(Struct, frozen=True):
    """The open outbox rows of a channel.

    Attributes:
        amount: how many there are.
        retried: how many of them have failed before.
        since: when the oldest was made.
    """

    amount: int
    retried: int
    since: datetime


class Figures(Struct, frozen=True):
    """The present state of the database.

    Attributes:
        queue_length: conversations that wait for a person.
        waiting_since: since when the first of them waits; None if none does.
        open_tickets: open requests by kind.
        overdue_tickets: those of them that are overdue, by kind.
        backlogs: open outbox rows by channel.
    """

    queue_length: int = 0
    waiting_since: datetime | None = None
    open_tickets: Mapping[str, int] = field(default_factory=dict)
    overdue_tickets: Mapping[str, int] = field(default_factory=dict)
    backlogs: Mapping[str, Backlog] = field(default_factory=dict)


class SqlFigures:
    """Reads the figures; each query uses an index of open rows alone."""

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
