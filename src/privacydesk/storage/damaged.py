"""Opening rows one by one, skipping those that can't be opened.

One row that is damaged, or was changed without the keys, must not make its whole list unreadable.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import Ticket
from privacydesk.storage.codec import to_micros
from privacydesk.storage.keys import load_seals
from privacydesk.storage.refused import RefusedRows
from privacydesk.storage.rows.binding import ROWS_KEY, Binding
from privacydesk.storage.rows.ticket import BOUND as TICKET_BOUND
from privacydesk.storage.rows.ticket import open_ticket
from privacydesk.storage.sealing import Seal, SealError, Seals

T = TypeVar("T")

LOOK_AGAIN: Final = timedelta(hours=1)
"""When a due row that can't be read is retried: the ring key may be available by then."""

Row = sa.Row[Any]
Opened = tuple[Row, Seal, T]
"""A row, its seal, and its value."""


def open_rows(
    connection: sa.Connection,
    seals: Seals,
    rows: Sequence[Row],
    bound: Binding,
    read: Callable[[Row, Seal], T],
    *,
    home: str = "conversation_id",
) -> tuple[list[Opened[T]], list[Row]]:
    """Return rows of conversations with their values, and those that can't be read.

    Args:
        connection: for keys that are not cached.
        seals: the conversations' keys; refused rows are noted there.
        rows: of one table.
        bound: names the rows.
        read: turns a row into its value; raises ``SealError``.
        home: the column that names the row's conversation.
    """
    found = seals_of(connection, seals, {getattr(row, home) for row in rows})

    def opened(row: Row) -> Opened[T]:
        seal = found.get(getattr(row, home))
        if seal is None:
            raise bound.refusal(row, "has no data key")
        return row, seal, read(row, seal)

    return _sorted(rows, bound, opened, seals.refused)


def open_own_rows(
    connection: sa.Connection,
    seals: Seals,
    rows: Iterable[Row],
    bound: Binding,
    read: Callable[[Row, Seal], T],
    *,
    identity: ConversationId,
) -> tuple[list[T], list[Row]]:
    """Return the values of rows outside any conversation, and the rows that can't be read.

    Args:
        connection: for the key, if it is not cached.
        seals: the keys; refused rows are noted there.
        rows: of one table.
        bound: names the rows.
        read: turns a row into its value; raises ``SealError``.
        identity: their key's id, in place of a conversation's.
    """
    there = list(rows)
    if not there:
        return [], []
    seal = seals_of(connection, seals, (identity,)).get(identity)

    def opened(row: Row) -> T:
        if seal is None:
            raise bound.refusal(row, "has no data key")
        return read(row, seal)

    return _sorted(there, bound, opened, seals.refused)


def open_signed_rows(
    connection: sa.Connection,
    seals: Seals,
    rows: Iterable[Row],
    bound: Binding,
    read: Callable[[Row, Seal], T],
) -> list[T]:
    """Return the values of rows with a digest, without those whose digest is wrong."""
    return open_own_rows(connection, seals, rows, bound, read, identity=ROWS_KEY)[0]


def open_tickets(
    connection: sa.Connection, seals: Seals, rows: Sequence[Row]
) -> tuple[list[Opened[Ticket]], list[Row]]:
    """Return tickets, and the rows that can't be read.

    Args:
        connection: for keys that are not cached.
        seals: the conversations' keys; refused rows are noted there.
        rows: as ``statements.TICKETS`` gives them.
    """
    key = seals_of(connection, seals, (ROWS_KEY,)).get(ROWS_KEY) if rows else None

    def read(row: Row, seal: Seal) -> Ticket:
        if key is None:
            raise TICKET_BOUND.refusal(row, "has no digest's key")
        return open_ticket(row, seal, key)

    return open_rows(connection, seals, rows, TICKET_BOUND, read)


def read_tickets(
    connection: sa.Connection, seals: Seals, rows: Sequence[Row]
) -> tuple[Ticket, ...]:
    """Return tickets without those that can't be read; see ``open_tickets``."""
    opened, _ = open_tickets(connection, seals, rows)
    return tuple(ticket for *_, ticket in opened)


def look_again(
    connection: sa.Connection, due: sa.Column[Any], rows: Sequence[Row], now: datetime
) -> None:
    """Postpone rows that can't be read, so that other due rows need not wait for them.

    Args:
        connection: in the transaction that claims.
        due: the column that says when a row is due.
        rows: of its table.
        now: the present.
    """
    if rows:
        later = sa.update(due.table).where(due.table.c.id == sa.bindparam("at_id"))
        until = to_micros(now + LOOK_AGAIN)
        connection.execute(later.values({due: until}), [{"at_id": row.id} for row in rows])


def whole_page(
    page: Callable[[Row | None, int], Sequence[Row]],
    read: Callable[[Sequence[Row]], Iterable[T]],
    limit: int,
) -> tuple[T, ...]:
    """Return rows' values until a page is full: to callers a shorter page is the last one.

    Args:
        page: returns a number of rows that follow a row, or the first ones after None.
        read: turns rows into values, leaving out those that can't be read.
        limit: how many make a page.
    """
    found: list[T] = []
    seen: Row | None = None
    while len(found) < limit:
        wanted = limit - len(found)
        rows = page(seen, wanted)
        found += read(rows)
        if len(rows) < wanted:
            break
        seen = rows[-1]
    return tuple(found)


def seals_of(
    connection: sa.Connection, seals: Seals, conversations: Collection[ConversationId]
) -> Mapping[ConversationId, Seal]:
    """Return the seals whose keys can be unwrapped."""
    try:
        return load_seals(connection, seals, conversations)
    except SealError:
        found: dict[ConversationId, Seal] = {}
        for one in conversations:
            with contextlib.suppress(SealError):
                found |= load_seals(connection, seals, (one,))
        return found


def _sorted(
    rows: Sequence[Row], bound: Binding, read: Callable[[Row], T], refused: RefusedRows
) -> tuple[list[T], list[Row]]:
    opened: list[T] = []
    damaged: list[Row] = []
    for row in rows:
        try:
            opened.append(read(row))
        except SealError as error:
            refused.note(error, number=getattr(row, "number", ""))
            damaged.append(row)
        else:
            refused.opened(bound, row)
    return opened, damaged
