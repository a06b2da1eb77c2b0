"""Ticket queries for reports and exported lists.

Reports read only unsealed columns, all of which are in one index; exported lists open the bodies.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from privacydesk.domain.grounds import Ground
from privacydesk.domain.ids import TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.reports import Case, Closing
from privacydesk.domain.task_figures import TaskRecord
from privacydesk.domain.tasks import TaskState
from privacydesk.domain.ticket import Outcome, Satisfaction, Ticket, TicketState
from privacydesk.storage import tables
from privacydesk.storage.codec import from_micros, opt_instant, to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.resilient_reads import read_full_page, read_tickets
from privacydesk.storage.sealing import Seals
from privacydesk.storage.statements import TICKETS, padded, sql_literal

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

_CLOSINGS = sa.select(_ticket.answered_at, _ticket.closed_at).where(
    _ticket.kind == sql_literal(RequestKind.DEREGISTRATION.value),
    _ticket.answered_at < sa.bindparam("until", type_=sa.BigInteger),
    sa.or_(
        _ticket.state == sql_literal(TicketState.FULFILLING.value),
        sa.and_(
            _ticket.closed_at >= _SINCE,
            _ticket.outcome.in_(
                [sql_literal(one.value) for one in (Outcome.FULFILLED, Outcome.PARTLY_FULFILLED)]
            ),
        ),
    ),
)
_task = tables.ticket_task.c
_TASKS = sa.select(_task.team, _task.state, _task.created_at, _task.due_at, _task.ended_at).where(
    _task.created_at < sa.bindparam("until", type_=sa.BigInteger),
    sa.or_(_task.ended_at.is_(None), _task.ended_at >= _SINCE),
)
_NUMBERS = sa.select(_ticket.id, _ticket.number).where(
    _ticket.id.in_(sa.bindparam("ids", expanding=True))
)
_TICKETS_BY_RECEIPT = (
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
        """Return cases received before ``until`` that were open or changed since ``since``."""
        params = {"since": to_micros(since), "until": to_micros(until)}

        def fetch(connection: sa.Connection) -> tuple[Case, ...]:
            return tuple(
                Case(
                    RequestKind(row.kind),
                    from_micros(row.received_at),
                    opt_instant(row.counted_from),
                    opt_instant(row.promised_at),
                    opt_instant(row.answered_at),
                    opt_instant(row.closed_at),
                    tuple(Ground(ground) for ground in row.grounds.split()),
                    None if row.satisfaction is None else Satisfaction(row.satisfaction),
                )
                for row in connection.execute(_CASES, params)
            )

        return await self._reader.read(fetch)

    async def closings(self, since: datetime, until: datetime) -> tuple[Closing, ...]:
        """Return the closings of a period; see ``ports.Cases``."""
        params = {"since": to_micros(since), "until": to_micros(until)}

        def fetch(connection: sa.Connection) -> tuple[Closing, ...]:
            return tuple(
                Closing(from_micros(row.answered_at), opt_instant(row.closed_at))
                for row in connection.execute(_CLOSINGS, params)
            )

        return await self._reader.read(fetch)

    async def tasks(self, since: datetime, until: datetime) -> tuple[TaskRecord, ...]:
        """Return the tasks of a period; see ``ports.Cases``."""
        params = {"since": to_micros(since), "until": to_micros(until)}

        def fetch(connection: sa.Connection) -> tuple[TaskRecord, ...]:
            return tuple(
                TaskRecord(
                    row.team,
                    TaskState(row.state),
                    from_micros(row.created_at),
                    from_micros(row.due_at),
                    opt_instant(row.ended_at),
                )
                for row in connection.execute(_TASKS, params)
            )

        return await self._reader.read(fetch)

    async def numbers(self, tickets: Collection[TicketId]) -> Mapping[TicketId, str]:
        """Return the ticket numbers by id."""
        if not tickets:
            return {}

        def fetch(connection: sa.Connection) -> Mapping[TicketId, str]:
            rows = connection.execute(_NUMBERS, {"ids": padded(tickets)})
            return {TicketId(row.id): row.number for row in rows}

        return await self._reader.read(fetch)

    async def received(
        self, since: datetime, until: datetime, *, after: Ticket | None = None, limit: int = 100
    ) -> tuple[Ticket, ...]:
        """Return tickets in order of receipt; see ``ports.Cases``."""
        after_time, after_id = (since, b"") if after is None else (after.received_at, after.id)
        first_cursor = {"at": to_micros(after_time), "id": after_id}

        def fetch(connection: sa.Connection) -> tuple[Ticket, ...]:
            def select_page(last: sa.Row[Any] | None, count: int) -> Sequence[sa.Row[Any]]:
                cursor = first_cursor if last is None else {"at": last.received_at, "id": last.id}
                params = {**cursor, "until": to_micros(until), "count": count}
                return connection.execute(_TICKETS_BY_RECEIPT, params).all()

            def read(rows: Sequence[sa.Row[Any]]) -> tuple[Ticket, ...]:
                return read_tickets(connection, self._seals, rows)

            return read_full_page(select_page, read, limit)

        return await self._reader.read(fetch)
