"""Ticket queries for supervision and reports.

Reports read columns in the clear, all of them in one index; exported lists open bodies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.reports import Case
from privacydesk.domain.ticket import Satisfaction, Ticket
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, opt_instant, to_micros
from privacydesk.storage.damaged import read_tickets, whole_page
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.sealing import Seals
from privacydesk.storage.statements import TICKETS, padded

_ticket = tables.ticket.c
_SINCE = sa.bindparam("since", type_=sa.BigInteger)
_CASES = sa.select(
    _ticket.kind,
    _ticket.received_at,
    _ticket.counted_from,
    _ticket.promised_at,
    _ticket.answered_at,
    _ticket.closed_at,
    _ticket.grounds,
    _ticket.satisfaction,
).where(
    _ticket.received_at < sa.bindparam("until", type_=sa.BigInteger),
    sa.or_(
        _ticket.closed_at.is_(None),
        _ticket.closed_at >= _SINCE,
        _ticket.answered_at >= _SINCE,
        _ticket.promised_at >= _SINCE,
    ),
)

_NUMBERS = sa.select(_ticket.id, _ticket.number).where(
    _ticket.id.in_(sa.bindparam("ids", expanding=True))
)
_RECEIVED = (
    TICKETS.where(
        sa.tuple_(_ticket.received_at, _ticket.id)
        > sa.tuple_(
            sa.bindparam("at", type_=sa.BigInteger), sa.bindparam("id", type_=_ticket.id.type)
        ),
        _ticket.received_at < sa.bindparam("until", type_=sa.BigInteger),
    )
    .order_by(_ticket.received_at, _ticket.id)
    .limit(sa.bindparam("count"))
)


class SqlCases:
    """Implements ``ports.Cases``."""

    def __init__(self, reader: SqlReader, seals: Seals) -> None:
        self._reader = reader
        self._seals = seals

    async def between(self, since: datetime, until: datetime) -> tuple[Case, ...]:
        """Return requests made before ``until`` that were open or changed since ``since``."""
        wanted = {"since": to_micros(since), "until": to_micros(until)}

        def look(connection: sa.Connection) -> tuple[Case, ...]:
            return tuple(
                Case(
                    RequestKind(row.kind),
                    from_micros(row.received_at),
                    opt_instant(row.counted_from),
                    opt_instant(row.promised_at),
                    opt_instant(row.answered_at),
                    opt_instant(row.closed_at),
                    tuple(Ground(one) for one in row.grounds.split()),
                    None if row.satisfaction is None else Satisfaction(row.satisfaction),
                )
                for row in connection.execute(_CASES, wanted)
            )

        return await self._reader.read(look)

    async def numbers(self, tickets: Collection[TicketId]) -> Mapping[TicketId, str]:
        """Return the numbers of tickets."""
        if not tickets:
            return {}

        def look(connection: sa.Connection) -> Mapping[TicketId, str]:
            rows = connection.execute(_NUMBERS, {"ids": padded(tickets)})
            return {TicketId(row.id): row.number for row in rows}

        return await self._reader.read(look)

    async def received(
        self, since: datetime, until: datetime, *, after: Ticket | None = None, limit: int = 100
    ) -> tuple[Ticket, ...]:
        """Return tickets by when their requests were made; see ``ports.Cases``."""
        at, place = (since, b"") if after is None else (after.received_at, after.id)
        first = {"at": to_micros(at), "id": place}

        def look(connection: sa.Connection) -> tuple[Ticket, ...]:
            def page(seen: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                here = first if seen is None else {"at": seen.received_at, "id": seen.id}
                wanted = {**here, "until": to_micros(until), "count": count}
                return connection.execute(_RECEIVED, wanted).all()

            return whole_page(page, lambda rows: read_tickets(connection, self._seals, rows), limit)

        return await self._reader.read(look)
