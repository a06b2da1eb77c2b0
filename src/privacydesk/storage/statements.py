"""The writer's statements: plain reads by id, inserts, and updates guarded by version.

No RETURNING and no upsert: drivers differ in how they do these for many rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa

from privacydesk.storage import tables
from privacydesk.storage.faults import as_core

T = TypeVar("T")
Parameters = dict[str, sa.BindParameter[Any]]
_Shared = tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]]]
"""A statement for many rows, and the getter of one row's values from its dict, in order."""

GUARD_ID = "at_id"
GUARD_VERSION = "at_version"
_MOST_TOGETHER = 64
"""How many rows share a statement at most."""


def padded(values: Iterable[T]) -> list[T]:
    """Return the values, the last one repeated up to a power of two.

    So IN lists have few different lengths, and statements and their plans are reused.
    """
    items = list(values)
    return items + items[-1:] * ((1 << (len(items) - 1).bit_length()) - len(items))


def written_out(value: str) -> sa.ColumnElement[str]:
    """Return a value as a literal, for conditions of partial indexes.

    Only with a literal can a query use such an index. And where a bound value would have to be
    compared with an index's condition, SQLite plans the statement anew each time it is run.
    """
    return sa.literal_column(f"'{value}'")


def _any_of(column: sa.Column[bytes] | sa.Column[str]) -> sa.ColumnElement[bool]:
    return column.in_(sa.bindparam("ids", expanding=True))


def _locking(table: sa.Table, rows: sa.Select[Any] | None = None) -> sa.Select[Any]:
    # Always by id, so that two processes never wait for each other. SQLite has no row locks and
    # leaves the clause out: its transaction holds the whole file.
    whole = sa.select(table) if rows is None else rows
    select = whole.where(_any_of(table.c.id)).order_by(table.c.id)
    return select.with_for_update(skip_locked=True)


def _guarded(table: sa.Table) -> sa.Update:
    return sa.update(table).where(
        table.c.id == sa.bindparam(GUARD_ID), table.c.version == sa.bindparam(GUARD_VERSION)
    )


CONVERSATIONS = sa.select(
    tables.conversation,
    sa.select(sa.func.max(tables.event.c.offset))
    .where(tables.event.c.conversation_id == tables.conversation.c.id)
    .correlate(tables.conversation)
    .scalar_subquery()
    .label("last_offset"),
)
"""Conversations, each with what ``rows.conversation.open_conversation`` compares it with."""
_named = tables.ticket_number.alias("named")
TICKETS = sa.select(
    tables.ticket,
    sa.select(_named.c.mac)
    .where(_named.c.number == tables.ticket.c.number)
    .correlate(tables.ticket)
    .scalar_subquery()
    .label("named_mac"),
)
"""Tickets, each with what ``rows.ticket.open_ticket`` compares it with."""

READ_CONVERSATIONS = CONVERSATIONS.where(_any_of(tables.conversation.c.id))
LOCK_TICKETS = _locking(tables.ticket, TICKETS)
LOCK_CHALLENGES = _locking(tables.challenge)
LOCK_DELIVERIES = _locking(tables.outbox)

EXISTING = {
    table: sa.select(table.c.id).where(_any_of(table.c.id))
    for table in (tables.conversation, tables.ticket, tables.challenge, tables.outbox)
}
"""Which ids exist at all: tells a row that is locked elsewhere from one that isn't there."""

KNOWN_LOG = sa.select(
    tables.ticket_log.c.ticket_id, tables.ticket_log.c.once_id, tables.ticket_log.c.offset
).where(_any_of(tables.ticket_log.c.once_id))
LOG_LENGTHS = (
    sa.select(tables.ticket_log.c.ticket_id, sa.func.max(tables.ticket_log.c.seq).label("seq"))
    .where(_any_of(tables.ticket_log.c.ticket_id))
    .group_by(tables.ticket_log.c.ticket_id)
)
TAKEN_KEYS = sa.select(tables.conversation_key.c.hash).where(
    _any_of(tables.conversation_key.c.hash)
)

INSERT = {table: sa.insert(table) for table in tables.metadata.sorted_tables}
UPDATE = {
    table: _guarded(table)
    for table in (tables.conversation, tables.ticket, tables.challenge, tables.outbox)
}
RAISE_NUMBER = (
    sa.update(tables.ticket_number)
    .where(tables.ticket_number.c.number == sa.bindparam("at_number"))
    .values(version=sa.bindparam("to_version"), mac=sa.bindparam("to_mac"))
)
DELETE_PERSON = sa.delete(tables.ticket_person).where(
    tables.ticket_person.c.hash == sa.bindparam("at_hash"),
    tables.ticket_person.c.ticket_id == sa.bindparam("at_ticket"),
)
# Locked only where they are changed: of two tabs that submit the same file, the first wins.
READ_EVIDENCE = (
    sa.select(*(column for column in tables.evidence.c if column.name != "body"))
    .where(_any_of(tables.evidence.c.id))
    .order_by(tables.evidence.c.id)
    .with_for_update()
)
EVIDENCE_THERE = sa.select(tables.evidence.c.id).where(
    _any_of(tables.evidence.c.ticket_id), tables.evidence.c.removed_at.is_(None)
)
MOVE_EVIDENCE = (
    sa.update(tables.evidence)
    .where(tables.evidence.c.id == sa.bindparam(GUARD_ID))
    .values(
        ticket_id=sa.bindparam("to_ticket"),
        handed_in_at=sa.bindparam("to_handed_in"),
        name=sa.bindparam("to_name"),
    )
)
REMOVE_EVIDENCE = (
    sa.update(tables.evidence)
    .where(tables.evidence.c.id == sa.bindparam(GUARD_ID))
    .values(
        body=sa.literal(b""), removed_at=sa.bindparam("to_removed_at"), name=sa.bindparam("to_name")
    )
)


class Prepared:
    """A statement of the hot path, compiled once and run for many rows of plain values.

    Core's own handling of parameters costs more than sealing the values; where all of them are
    numbers, text and bytes there is nothing for it to convert.

    SQLite's driver releases the GIL at every row of ``executemany``, and the other thread takes
    it. So on SQLite many rows share a statement.

    Args:
        statement: for one row.
        columns: what every row has.
        together: makes the statement for a number of rows from their values; without it each row
            has its own.
    """

    def __init__(
        self,
        statement: sa.Insert | sa.Update,
        columns: Sequence[str],
        together: Callable[[Sequence[Parameters]], sa.Insert | sa.Update] | None = None,
    ) -> None:
        self._statement = statement
        self._together = together
        self._columns = list(columns)
        self._text = ""
        self._pick: Any = None
        self._shared: dict[int, _Shared] = {}
        self._dialect: sa.Dialect | None = None

    def run(self, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> int:
        """Run it for each row and return how many rows of the table it touched."""
        if self._dialect is not connection.dialect:
            self._compile(connection.dialect)
        cursor = connection.connection.cursor()
        try:
            if self._together is not None and connection.dialect.name == "sqlite":
                return self._run_together(cursor, rows)
            # As dicts where the driver names its parameters.
            many: Any = [self._pick(row) for row in rows] if self._pick else list(rows)
            cursor.executemany(self._text, many)
        except connection.dialect.loaded_dbapi.Error as error:
            raise as_core(error, self._text, connection) from error
        else:
            return cursor.rowcount
        finally:
            cursor.close()

    def _run_together(self, cursor: Any, rows: Sequence[dict[str, Any]]) -> int:
        touched, at = 0, 0
        while at < len(rows):
            # The largest power of two that fits, so that few statements serve any number of rows.
            size = min(1 << ((len(rows) - at).bit_length() - 1), _MOST_TOGETHER)
            text, pick = self._shared.get(size) or self._share(size)
            values: list[Any] = []
            for row in rows[at : at + size]:
                values += pick(row)
            cursor.execute(text, values)
            touched += cursor.rowcount
            at += size
        return touched

    def _compile(self, dialect: sa.Dialect) -> None:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        self._text = str(compiled)
        places: list[str] | None = getattr(compiled, "positiontup", None)
        self._pick = itemgetter(*places) if places else None
        self._shared = {}
        self._dialect = dialect

    def _share(self, size: int) -> _Shared:
        rows: list[Parameters] = [
            {name: sa.bindparam(f"{name}_{place}") for name in self._columns}
            for place in range(size)
        ]
        assert self._together is not None
        compiled = self._together(rows).compile(dialect=self._dialect)
        places: list[str] = getattr(compiled, "positiontup", None) or []
        first = [name.rpartition("_")[0] for name in places[: len(self._columns)]]
        if places != [f"{name}_{place}" for place in range(size) for name in first]:
            raise RuntimeError("the driver takes the values of rows in another order")
        shared = self._shared[size] = (str(compiled), itemgetter(*first))
        return shared


class PreparedRead:
    """A select of the hot path by a list of ids, compiled once for each length of the list.

    As in ``Prepared``, and for results too: only columns of numbers, text and bytes.

    Args:
        statement: without its condition.
        column: the one compared with the ids.
    """

    def __init__(self, statement: sa.Select[Any], column: sa.Column[Any]) -> None:
        self._statement = statement
        self._column = column
        self._texts: dict[int, str] = {}
        self._names: dict[int, list[str]] = {}
        self._dialect: sa.Dialect | None = None

    def run(self, connection: sa.Connection, ids: Iterable[Any]) -> Sequence[tuple[Any, ...]]:
        """Return the rows whose column is one of ``ids``, as the driver gives them."""
        values = padded(ids)
        if self._dialect is not connection.dialect:
            self._texts, self._names = {}, {}
            self._dialect = connection.dialect
        text = self._texts.get(len(values)) or self._compile(connection.dialect, len(values))
        names = self._names.get(len(values))
        given: Any = dict(zip(names, values, strict=True)) if names else tuple(values)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text, given)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise as_core(error, text, connection) from error
        else:
            return rows
        finally:
            cursor.close()

    def _compile(self, dialect: sa.Dialect, count: int) -> str:
        names = [f"id_{place}" for place in range(count)]
        wanted = self._column.in_([sa.bindparam(name, type_=self._column.type) for name in names])
        compiled = self._statement.where(wanted).compile(dialect=dialect)
        # Drivers that take values by place get them in the order of the list.
        if getattr(compiled, "positiontup", None) is None:
            self._names[count] = names
        text = self._texts[count] = str(compiled)
        return text


LOCK_CONVERSATIONS = PreparedRead(
    sa.select(tables.conversation.c.id, tables.conversation.c.version)
    .order_by(tables.conversation.c.id)
    .with_for_update(skip_locked=True),
    tables.conversation.c.id,
)
KNOWN_EVENTS = PreparedRead(
    sa.select(tables.event.c.conversation_id, tables.event.c.job_id, tables.event.c.offset),
    tables.event.c.job_id,
)
INSERT_EVENTS = Prepared(
    INSERT[tables.event], [c.name for c in tables.event.c], sa.insert(tables.event).values
)
_STATE_COLUMNS = [c.name for c in tables.conversation.c if c.name not in {"id", "created_at"}]


def _update_conversations(rows: Sequence[Parameters]) -> sa.Update:
    # Not VALUES: SQLite names its columns only in a WITH, with which the driver counts no rows.
    given = [sa.select(*(value.label(name) for name, value in row.items())) for row in rows]
    new = sa.union_all(*given).subquery("given")
    return (
        sa.update(tables.conversation)
        .values({name: new.c[name] for name in _STATE_COLUMNS})
        .where(
            tables.conversation.c.id == new.c[GUARD_ID],
            tables.conversation.c.version == new.c[GUARD_VERSION],
        )
    )


UPDATE_CONVERSATIONS = Prepared(
    UPDATE[tables.conversation], [*_STATE_COLUMNS, GUARD_ID, GUARD_VERSION], _update_conversations
)
