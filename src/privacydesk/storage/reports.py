"""What reports read of tickets: columns in the clear, all of them in one index."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from privacydesk.domain.grounds import Ground
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.reports import Case
from privacydesk.domain.ticket import Satisfaction
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, opt_instant, to_micros
from privacydesk.storage.reader import SqlReader

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


class SqlCases:
    """Reads requests as reports see them."""

    def __init__(self, reader: SqlReader) -> None:
        self._reader = reader

    async def between(self, since: datetime, until: datetime) -> tuple[Case, ...]:
        """Return requests made before ``until`` of which anything happened after ``since``."""
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
