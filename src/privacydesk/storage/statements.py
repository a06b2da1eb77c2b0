"""The writer's statements: selects by id, inserts, and updates guarded by version.

They use neither RETURNING nor upserts, which drivers handle differently for many rows at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa

from privacydesk.storage import tables
from privacydesk.storage.database_errors import as_sqlalchemy_error
from privacydesk.storage.hash_forms import KeyedHash, hash_params, matches

T = TypeVar("T")
Parameters = dict[str, sa.BindParameter[Any]]
_MultiRowStatement = tuple[str, Callable[[dict[str, Any]], tuple[Any, ...]]]
"""A statement for several rows, and a function that gets a row's values in order."""

GUARD_ID = "at_id"
"""The bound parameter for the id of the row that an update has to match."""
GUARD_VERSION = "at_version"
"""The bound parameter for the version that an update has to match."""
_MAX_ROWS_PER_STATEMENT = 64


def padded(values: Iterable[T]) -> list[T]:
    """Return the values, with the last one repeated until their number is a power of two.

    IN lists then have few different lengths, so that statements and their plans can be reused.
    """
    items = list(values)
    return items + items[-1:] * ((1 << (len(items) - 1).bit_length()) - len(items))


def sql_literal(value: str) -> sa.ColumnElement[str]:
    """Return a value as an SQL literal, for the conditions of partial indexes.

    A query can use such an index only with a literal. With a bound parameter, SQLite would also
    plan the statement again at each execution, to compare the value with the index's condition.
    """
    return sa.literal_column(f"'{value}'")


def _id_in(column: sa.Column[bytes] | sa.Column[str]) -> sa.ColumnElement[bool]:
    return column.in_(sa.bindparam("ids", expanding=True))


def _select_for_update(table: sa.Table, rows: sa.Select[Any] | None = None) -> sa.Select[Any]:
    # Ordered by id, so that processes lock rows in the same order and can't deadlock. On SQLite
    # the FOR UPDATE clause is omitted: a transaction locks the whole file.
    query = sa.select(table) if rows is None else rows
    ordered = query.where(_id_in(table.c.id)).order_by(table.c.id)
    return ordered.with_for_update(skip_locked=True)


def _guarded_update(table: sa.Table) -> sa.Update:
    has_id = (
        matches(table.c.id, GUARD_ID)
        if has_hashed_ids(table)
        else table.c.id == sa.bindparam(GUARD_ID)
    )
    return sa.update(table).where(has_id, table.c.version == sa.bindparam(GUARD_VERSION))


def has_hashed_ids(table: sa.Table) -> bool:
    """Return whether the ids of a table's rows are keyed hashes."""
    return isinstance(table.c.id.type, KeyedHash)


def guard_params(table: sa.Table, row_id: bytes) -> dict[str, bytes]:
    """Return the parameters for the id of the row that an update has to match."""
    return hash_params(GUARD_ID, row_id) if has_hashed_ids(table) else {GUARD_ID: row_id}


CONVERSATIONS = sa.select(
    tables.conversation,
    sa.select(sa.func.max(tables.event.c.offset))
    .where(tables.event.c.conversation_id == tables.conversation.c.id)
    .correlate(tables.conversation)
    .scalar_subquery()
    .label("last_offset"),
)
"""Conversations, with the last offset that ``rows.conversation.open_conversation`` compares."""
_number = tables.ticket_number.alias("named")
TICKETS = sa.select(
    tables.ticket,
    sa.select(_number.c.mac)
    .where(_number.c.number == tables.ticket.c.number)
    .correlate(tables.ticket)
    .scalar_subquery()
    .label("named_mac"),
)
"""Tickets, with the digest of their number's row, which ``rows.ticket.open_ticket`` checks."""

READ_CONVERSATIONS = CONVERSATIONS.where(_id_in(tables.conversation.c.id))
LOCK_TICKETS = _select_for_update(tables.ticket, TICKETS)
LOCK_CHALLENGES = _select_for_update(tables.challenge)
LOCK_DELIVERIES = _select_for_update(tables.outbox)

EXISTING = {
    table: sa.select(table.c.id).where(_id_in(table.c.id))
    for table in (tables.conversation, tables.ticket, tables.challenge, tables.outbox)
}
"""Selects existing ids, to tell rows that are locked by another process from missing ones."""

KNOWN_LOG = sa.select(
    tables.ticket_log.c.ticket_id, tables.ticket_log.c.once_id, tables.ticket_log.c.offset
).where(_id_in(tables.ticket_log.c.once_id))
LOG_LENGTHS = (
    sa.select(tables.ticket_log.c.ticket_id, sa.func.max(tables.ticket_log.c.seq).label("seq"))
    .where(_id_in(tables.ticket_log.c.ticket_id))
    .group_by(tables.ticket_log.c.ticket_id)
)
TAKEN_KEYS = sa.select(tables.conversation_key.c.hash).where(_id_in(tables.conversation_key.c.hash))

INSERT = {table: sa.insert(table) for table in tables.metadata.sorted_tables}
UPDATE = {
    table: _guarded_update(table)
    for table in (tables.conversation, tables.ticket, tables.challenge, tables.outbox)
}
UPDATE_NUMBER_VERSION = (
    sa.update(tables.ticket_number)
    .where(tables.ticket_number.c.number == sa.bindparam("at_number"))
    .values(version=sa.bindparam("to_version"), mac=sa.bindparam("to_mac"))
)
DELETE_PERSON = sa.delete(tables.ticket_person).where(
    matches(tables.ticket_person.c.hash, "at_hash"),
    tables.ticket_person.c.ticket_id == sa.bindparam("at_ticket"),
)
DELETE_TASKS = sa.delete(tables.ticket_task).where(
    tables.ticket_task.c.ticket_id == sa.bindparam("at_ticket")
)
# Locked only when changed: if two browser tabs submit the same file, the first one succeeds.
READ_EVIDENCE = (
    sa.select(*(column for column in tables.evidence.c if column.name != "body"))
    .where(_id_in(tables.evidence.c.id))
    .order_by(tables.evidence.c.id)
    .with_for_update()
)
STORED_EVIDENCE = sa.select(tables.evidence.c.id).where(
    _id_in(tables.evidence.c.ticket_id), tables.evidence.c.removed_at.is_(None)
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


class PreparedStatement:
    """An insert or update on the hot path, compiled once and executed directly on the driver.

    SQLAlchemy's processing of parameters takes longer than sealing the values. It is not needed
    for numbers, text and bytes, the only types allowed here.

    SQLite's driver releases the GIL for each row of ``executemany``, and the other thread takes
    it. So on SQLite one statement can write many rows.

    Args:
        statement: the statement for one row.
        columns: the keys of every row.
        build_multi_row: returns a statement for several rows, given their bound parameters. If
            None, a statement is executed for each row.
    """

    def __init__(
        self,
        statement: sa.Insert | sa.Update,
        columns: Sequence[str],
        build_multi_row: Callable[[Sequence[Parameters]], sa.Insert | sa.Update] | None = None,
    ) -> None:
        self._statement = statement
        self._build_multi_row = build_multi_row
        self._columns = list(columns)
        self._text = ""
        self._get_values: Any = None
        self._multi_row: dict[int, _MultiRowStatement] = {}
        self._dialect: sa.Dialect | None = None

    def run(self, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> int:
        """Execute the statement for each row; return the number of affected rows of the table."""
        if self._dialect is not connection.dialect:
            self._compile(connection.dialect)
        cursor = connection.connection.cursor()
        try:
            if self._build_multi_row is not None and connection.dialect.name == "sqlite":
                return self._run_multi_row(cursor, rows)
            # Dicts for drivers with named parameters, tuples for others.
            get = self._get_values
            parameters: Any = [get(row) for row in rows] if get else list(rows)
            cursor.executemany(self._text, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            raise as_sqlalchemy_error(error, self._text, connection) from error
        else:
            return cursor.rowcount
        finally:
            cursor.close()

    def _run_multi_row(self, cursor: Any, rows: Sequence[dict[str, Any]]) -> int:
        affected, start = 0, 0
        while start < len(rows):
            # The largest power of two that fits, so that few different statements are needed.
            size = min(1 << ((len(rows) - start).bit_length() - 1), _MAX_ROWS_PER_STATEMENT)
            text, get_values = self._multi_row.get(size) or self._compile_multi_row(size)
            values: list[Any] = []
            for row in rows[start : start + size]:
                values += get_values(row)
            cursor.execute(text, values)
            affected += cursor.rowcount
            start += size
        return affected

    def _compile(self, dialect: sa.Dialect) -> None:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        self._text = str(compiled)
        names: list[str] | None = getattr(compiled, "positiontup", None)
        self._get_values = itemgetter(*names) if names else None
        self._multi_row = {}
        self._dialect = dialect

    def _compile_multi_row(self, size: int) -> _MultiRowStatement:
        rows: list[Parameters] = [
            {name: sa.bindparam(f"{name}_{index}") for name in self._columns}
            for index in range(size)
        ]
        assert self._build_multi_row is not None
        compiled = self._build_multi_row(rows).compile(dialect=self._dialect)
        names: list[str] = getattr(compiled, "positiontup", None) or []
        columns = [name.rpartition("_")[0] for name in names[: len(self._columns)]]
        if names != [f"{name}_{index}" for index in range(size) for name in columns]:
            raise RuntimeError("the driver takes the values of rows in another order")
        statement = self._multi_row[size] = (str(compiled), itemgetter(*columns))
        return statement


class PreparedSelect:
    """A select on the hot path by lists of ids, compiled once for each length of the lists.

    As with ``PreparedStatement``, parameters and results can only be numbers, text and bytes.

    Args:
        statement: the select without the conditions on ids.
        columns: the columns that are compared with ids.
    """

    def __init__(self, statement: sa.Select[Any], *columns: sa.Column[Any]) -> None:
        self._statement = statement
        self._columns = columns
        self._texts: dict[tuple[int, ...], str] = {}
        self._names: dict[tuple[int, ...], list[str]] = {}
        self._dialect: sa.Dialect | None = None

    def run(self, connection: sa.Connection, *ids: Iterable[Any]) -> Sequence[tuple[Any, ...]]:
        """Return the rows whose columns are among the ids, as returned by the driver.

        Args:
            connection: of the database.
            ids: a list for each column; columns without one are not compared.
        """
        lists = [padded(some) for some in ids]
        lengths = tuple(map(len, lists))
        values = [value for some in lists for value in some]
        if self._dialect is not connection.dialect:
            self._texts, self._names = {}, {}
            self._dialect = connection.dialect
        text = self._texts.get(lengths) or self._compile(connection.dialect, lengths)
        names = self._names.get(lengths)
        parameters: Any = dict(zip(names, values, strict=True)) if names else tuple(values)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(text, parameters)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
        except connection.dialect.loaded_dbapi.Error as error:
            raise as_sqlalchemy_error(error, text, connection) from error
        else:
            return rows
        finally:
            cursor.close()

    def _compile(self, dialect: sa.Dialect, lengths: tuple[int, ...]) -> str:
        names, statement = [], self._statement
        for place, (column, count) in enumerate(zip(self._columns, lengths, strict=False)):
            some = [f"id_{place}_{index}" for index in range(count)]
            statement = statement.where(
                column.in_([sa.bindparam(name, type_=column.type) for name in some])
            )
            names += some
        compiled = statement.compile(dialect=dialect)
        # Drivers with positional parameters get the values in the order of the lists.
        if getattr(compiled, "positiontup", None) is None:
            self._names[lengths] = names
        text = self._texts[lengths] = str(compiled)
        return text


LOCK_CONVERSATIONS = PreparedSelect(
    sa.select(tables.conversation.c.id, tables.conversation.c.version, tables.conversation.c.epoch)
    .order_by(tables.conversation.c.id)
    .with_for_update(skip_locked=True),
    tables.conversation.c.id,
)
KNOWN_EVENTS = PreparedSelect(
    sa.select(tables.event.c.conversation_id, tables.event.c.job_id, tables.event.c.offset),
    tables.event.c.job_id,
    tables.event.c.conversation_id,
)
INSERT_EVENTS = PreparedStatement(
    INSERT[tables.event], [c.name for c in tables.event.c], sa.insert(tables.event).values
)
_STATE_COLUMNS = [c.name for c in tables.conversation.c if c.name not in {"id", "created_at"}]


def _update_conversations(rows: Sequence[Parameters]) -> sa.Update:
    # Not VALUES: on SQLite it would need a WITH clause to name its columns, and with a WITH clause
    # the driver reports no row count.
    selects = [sa.select(*(value.label(name) for name, value in row.items())) for row in rows]
    new = sa.union_all(*selects).subquery("given")
    return (
        sa.update(tables.conversation)
        .values({name: new.c[name] for name in _STATE_COLUMNS})
        .where(
            tables.conversation.c.id == new.c[GUARD_ID],
            tables.conversation.c.version == new.c[GUARD_VERSION],
        )
    )


UPDATE_CONVERSATIONS = PreparedStatement(
    UPDATE[tables.conversation], [*_STATE_COLUMNS, GUARD_ID, GUARD_VERSION], _update_conversations
)
