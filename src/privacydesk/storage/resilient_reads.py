"""Opens rows one by one, skipping those that can't be opened.

A row that is damaged, or was changed without the keys, must not make a whole list unreadable.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from privacydesk.domain.ids import ConversationId
from privacydesk.domain.ticket import Ticket
from privacydesk.storage.codec import to_micros
from privacydesk.storage.data_keys import load_own_seal, load_seals, lock_seals
from privacydesk.storage.refused_rows import RefusedRows
from privacydesk.storage.rows.binding import ROWS_KEY, Binding
from privacydesk.storage.rows.ticket import BINDING as TICKET_BINDING
from privacydesk.storage.rows.ticket import open_ticket
from privacydesk.storage.sealing import Opener, Seal, SealError, Seals

T = TypeVar("T")
S = TypeVar("S", bound=Opener)

RETRY_UNREADABLE_AFTER: Final = timedelta(hours=1)
"""How long a due row that can't be read is postponed: its ring key may be available then."""

Row = sa.Row[Any]
Opened = tuple[Row, S, T]
"""A row, what opens its conversation's values, and the value read from it."""


def open_rows(
    connection: sa.Connection,
    seals: Seals,
    rows: Sequence[Row],
    binding: Binding,
    read: Callable[[Row, Opener], T],
    *,
    conversation_column: str = "conversation_id",
) -> tuple[list[Opened[Opener, T]], list[Row]]:
    """Open rows that belong to conversations; return those opened, and the unreadable rows.

    Args:
        connection: one of ``SqlReader``, used to load keys that are not cached.
        seals: the conversations' keys; unreadable rows are recorded in ``seals.refused``.
        rows: rows of one table.
        binding: the table's binding, which identifies rows in errors.
        read: returns the value of a row; raises ``SealError`` if it can't be opened.
        conversation_column: the column with the id of the row's conversation.
    """
    conversations = {getattr(row, conversation_column) for row in rows}
    loaded = load_readable_seals(connection, seals, conversations)
    open_row = _row_opener(loaded, binding, read, conversation_column)
    return _open_each(rows, binding, open_row, seals.refused)


def open_rows_to_write(
    connection: sa.Connection,
    seals: Seals,
    rows: Sequence[Row],
    binding: Binding,
    read: Callable[[Row, Opener], T],
    *,
    conversation_column: str = "conversation_id",
) -> tuple[list[Opened[Seal, T]], list[Row]]:
    """Open rows as ``open_rows`` does, and lock their conversations' keys.

    Args:
        connection: in a transaction that may write, and has locked the rows.
        seals: as in ``open_rows``, like the other arguments.
        rows: of one table.
        binding: of the table.
        read: reads a row.
        conversation_column: has the id of the row's conversation.
    """
    conversations = {getattr(row, conversation_column) for row in rows}
    loaded = _readable(partial(lock_seals, connection, seals), conversations)
    open_row = _row_opener(loaded, binding, read, conversation_column)
    return _open_each(rows, binding, open_row, seals.refused)


def _row_opener(
    loaded: Mapping[ConversationId, S],
    binding: Binding,
    read: Callable[[Row, Opener], T],
    conversation_column: str,
) -> Callable[[Row], Opened[S, T]]:
    def open_row(row: Row) -> Opened[S, T]:
        seal = loaded.get(getattr(row, conversation_column))
        if seal is None:
            raise binding.error(row, "has no data key")
        return row, seal, read(row, seal)

    return open_row


def open_rows_with_key(
    connection: sa.Connection,
    seals: Seals,
    rows: Iterable[Row],
    binding: Binding,
    read: Callable[[Row, Seal], T],
    *,
    key_id: ConversationId,
) -> tuple[list[T], list[Row]]:
    """Open rows outside any conversation; return their values, and the unreadable rows.

    Args:
        connection: used to load the key if it is not cached.
        seals: the cached keys; unreadable rows are recorded in ``seals.refused``.
        rows: rows of one table.
        binding: the table's binding, which identifies rows in errors.
        read: returns the value of a row; raises ``SealError`` if it can't be opened.
        key_id: the id of the key that all of these rows share.
    """
    all_rows = list(rows)
    if not all_rows:
        return [], []
    seal = load_readable_own_seal(connection, seals, key_id)

    def open_row(row: Row) -> T:
        if seal is None:
            raise binding.error(row, "has no data key")
        return read(row, seal)

    return _open_each(all_rows, binding, open_row, seals.refused)


def open_signed_rows(
    connection: sa.Connection,
    seals: Seals,
    rows: Iterable[Row],
    binding: Binding,
    read: Callable[[Row, Seal], T],
) -> list[T]:
    """Return the values of rows that have a digest, leaving out those whose digest is wrong."""
    return open_rows_with_key(connection, seals, rows, binding, read, key_id=ROWS_KEY)[0]


def open_tickets(
    connection: sa.Connection, seals: Seals, rows: Sequence[Row]
) -> tuple[list[Opened[Opener, Ticket]], list[Row]]:
    """Open tickets; return those opened, and the unreadable rows.

    Args:
        connection: one of ``SqlReader``, used to load keys that are not cached.
        seals: the conversations' keys; unreadable rows are recorded in ``seals.refused``.
        rows: as selected by ``statements.TICKETS``.
    """
    read = _ticket_reader(connection, seals, rows)
    return open_rows(connection, seals, rows, TICKET_BINDING, read)


def open_tickets_to_write(
    connection: sa.Connection, seals: Seals, rows: Sequence[Row]
) -> tuple[list[Opened[Seal, Ticket]], list[Row]]:
    """Open tickets as ``open_tickets`` does, and lock their conversations' keys."""
    read = _ticket_reader(connection, seals, rows)
    return open_rows_to_write(connection, seals, rows, TICKET_BINDING, read)


def _ticket_reader(
    connection: sa.Connection, seals: Seals, rows: Sequence[Row]
) -> Callable[[Row, Opener], Ticket]:
    digest_key = load_readable_own_seal(connection, seals, ROWS_KEY) if rows else None

    def read(row: Row, seal: Opener) -> Ticket:
        if digest_key is None:
            raise TICKET_BINDING.error(row, "has no digest's key")
        return open_ticket(row, seal, digest_key)

    return read


def read_tickets(
    connection: sa.Connection, seals: Seals, rows: Sequence[Row]
) -> tuple[Ticket, ...]:
    """Return the tickets that can be read; see ``open_tickets``."""
    opened, _ = open_tickets(connection, seals, rows)
    return tuple(ticket for *_, ticket in opened)


def postpone_unreadable(
    connection: sa.Connection, due: sa.Column[Any], rows: Sequence[Row], now: datetime
) -> None:
    """Postpone unreadable rows, so that they don't delay other due rows.

    Args:
        connection: in the transaction that claims due rows.
        due: the column with the time at which a row is due.
        rows: rows of that column's table.
        now: the current time.
    """
    if rows:
        update = sa.update(due.table).where(due.table.c.id == sa.bindparam("at_id"))
        until = to_micros(now + RETRY_UNREADABLE_AFTER)
        connection.execute(update.values({due: until}), [{"at_id": row.id} for row in rows])


def read_full_page(
    select_page: Callable[[Row | None, int], Sequence[Row]],
    read: Callable[[Sequence[Row]], Iterable[T]],
    limit: int,
) -> tuple[T, ...]:
    """Return a page of values, replacing unreadable rows by later ones until the page is full.

    Callers take a page with fewer than ``limit`` values for the last one.

    Args:
        select_page: returns up to a number of rows after a given row, or from the start for None.
        read: returns the values of rows, leaving out those that can't be read.
        limit: the number of values on a full page.
    """
    values: list[T] = []
    last: Row | None = None
    while len(values) < limit:
        missing = limit - len(values)
        rows = select_page(last, missing)
        values += read(rows)
        if len(rows) < missing:
            break
        last = rows[-1]
    return tuple(values)


def load_readable_seals(
    connection: sa.Connection, seals: Seals, conversations: Collection[ConversationId]
) -> Mapping[ConversationId, Opener]:
    """Return what opens the values of conversations, without keys that can't be unwrapped."""
    return _readable(partial(load_seals, connection, seals), conversations)


def _readable(
    load: Callable[[Collection[ConversationId]], dict[ConversationId, S]],
    conversations: Collection[ConversationId],
) -> dict[ConversationId, S]:
    try:
        return load(conversations)
    except SealError:
        loaded: dict[ConversationId, S] = {}
        for conversation in conversations:
            with contextlib.suppress(SealError):
                loaded |= load((conversation,))
        return loaded


def load_readable_own_seal(
    connection: sa.Connection, seals: Seals, key_id: ConversationId
) -> Seal | None:
    """Return a seal for values outside any conversation; None if its key can't be unwrapped."""
    try:
        return load_own_seal(connection, seals, key_id)
    except SealError:
        return None


def _open_each(
    rows: Sequence[Row], binding: Binding, open_row: Callable[[Row], T], refused: RefusedRows
) -> tuple[list[T], list[Row]]:
    opened: list[T] = []
    unreadable: list[Row] = []
    for row in rows:
        try:
            opened.append(open_row(row))
        except SealError as error:
            refused.record(error, number=getattr(row, "number", ""))
            unreadable.append(row)
        else:
            refused.discard(binding, row)
    return opened, unreadable
