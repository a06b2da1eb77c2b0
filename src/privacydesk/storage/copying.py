"""Copies a SQLite database to an empty PostgreSQL one: all rows, in one transaction, compared.

Rows are copied as they are. Ids come from the program, seals are bound to the values of their rows,
and both databases hold the same values, so nothing has to be opened, sealed or numbered anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Final

import msgspec
import sqlalchemy as sa

from privacydesk.errors import DeskError, ErrorCode, SettingsError
from privacydesk.storage import schema, tables
from privacydesk.storage.engines import parse_url, reading_engine, sqlite_file, writing_engine
from privacydesk.storage.error_messages import describe_error

_PAGE_SIZE: Final = 1000
_SETTING: Final = "PRIVACYDESK_DATABASE_URL"

OnProgress = Callable[[str, int], None]
"""Called with the name of a table, and the number of its rows copied since the last call."""


def count_rows(source: str) -> Mapping[str, int]:
    """Return the number of rows of each table of a SQLite database, in the order of copying.

    Raises:
        SettingsError: the database is not SQLite's, can't be read, or has another schema.
    """
    with _source(source) as connection:
        return {table.name: _count(connection, table) for table in tables.metadata.sorted_tables}


def check_target(target: str) -> None:
    """Check that a database can be copied to: PostgreSQL, reachable, and without rows.

    Raises:
        SettingsError: it can't.
    """
    with _errors_of_target():
        _check_empty(target)


@contextmanager
def _errors_of_target() -> Iterator[None]:
    """Replace the setting in messages by "the target": the address comes from elsewhere."""
    try:
        yield
    except SettingsError as error:
        message = error.message.replace(f"{_SETTING}: ", "").replace(_SETTING, "the target")
        raise SettingsError(message) from None


def _check_empty(target: str) -> None:
    if sqlite_file(parse_url(target)) is not None:
        raise SettingsError("the target is not PostgreSQL; `db backup` copies to a file")
    with _target(target) as connection:
        there = set(sa.inspect(connection).get_table_names())
        known = (table for table in tables.metadata.sorted_tables if table.name in there)
        filled = [table.name for table in known if _count(connection, table)]
        may_create = sa.func.has_schema_privilege(sa.func.current_schema(), "CREATE")
        if not there and not connection.scalar(sa.select(may_create)):
            raise SettingsError(
                "the target's user may not create tables there: have the user own the database"
            )
    if filled:
        raise SettingsError(
            f"the target has rows already ({', '.join(filled)}): name an empty database"
        )


def copy_database(source: str, target: str, on_progress: OnProgress) -> Mapping[str, int]:
    """Copy all rows, compare them, and commit; return the number of rows of each table.

    The target gets its schema before. If anything fails, it stays without rows.

    Args:
        source: URL of a SQLite database that nothing writes to meanwhile.
        target: URL of a PostgreSQL database without rows.
        on_progress: told of each page of rows.

    Raises:
        SettingsError: as in ``count_rows`` and ``check_target``.
        DeskError: the rows in the target are not those of the source.
    """
    check_target(target)
    with _errors_of_target():
        schema.upgrade(target)
    with _source(source) as old, _target(target) as new:
        copied = {
            table.name: _copy_table(table, old, new, on_progress)
            for table in tables.metadata.sorted_tables
        }
        new.commit()
    return copied


def _copy_table(
    table: sa.Table, old: sa.Connection, new: sa.Connection, on_progress: OnProgress
) -> int:
    count, arrived, digest = 0, 0, 0
    for page in _pages(old, table):
        new.execute(sa.insert(table), [dict(row) for row in page])
        count, digest = count + len(page), digest ^ _digest(page)
        on_progress(table.name, len(page))
    for page in _pages(new, table):
        arrived, digest = arrived + len(page), digest ^ _digest(page)
    if arrived != count or digest:
        raise DeskError(
            f"the rows of the table {table.name} arrived changed; nothing was copied",
            code=ErrorCode.FAILED,
        )
    return count


def _pages(connection: sa.Connection, table: sa.Table) -> Iterator[Sequence[sa.RowMapping]]:
    rows = connection.execute(sa.select(table).execution_options(yield_per=_PAGE_SIZE))
    yield from rows.mappings().partitions()


def _digest(rows: Sequence[sa.RowMapping]) -> int:
    """Return a digest of rows that is the same in whatever order they come.

    Rows of a table differ, so no two of them cancel each other out.
    """
    digest = 0
    for row in rows:
        encoded = msgspec.msgpack.encode(tuple(row.values()))
        digest ^= int.from_bytes(blake2b(encoded, digest_size=32).digest())
    return digest


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@contextmanager
def _source(url: str) -> Iterator[sa.Connection]:
    address = parse_url(url)
    if sqlite_file(address) is None:
        raise SettingsError("this database is PostgreSQL's: copy it by its own ways, as pg_dump")
    engine = reading_engine(address, 1)
    try:
        schema.check(engine)
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _target(url: str) -> Iterator[sa.Connection]:
    address = parse_url(url)
    engine = writing_engine(address)
    try:
        with engine.connect() as connection:
            yield connection
    except sa.exc.DBAPIError as error:
        raise SettingsError(
            f"the target can't be written: {describe_error(error, address)}"
        ) from None
    finally:
        engine.dispose()
