"""The writer's transactions: on SQLite begun and ended directly on the driver.

SQLAlchemy's transaction handling takes as long as writing a row, which matters in small batches.
On PostgreSQL it is used as usual.
"""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from privacydesk.storage.database_errors import as_sqlalchemy_error


def transaction(connection: sa.Connection) -> AbstractContextManager[object]:
    """Return a transaction that commits when its context is left, and rolls back on an exception.

    Args:
        connection: of an engine that does not begin transactions itself (``committing_engine``).
    """
    if connection.dialect.name == "sqlite":
        return _ImmediateTransaction(connection)
    return connection.begin()


def set_busy_timeout(connection: sa.Connection, millis: int) -> None:
    """Set how long the start of a transaction waits for another process's transaction.

    Args:
        connection: to a SQLite file.
        millis: the time in milliseconds; 0 fails at once.
    """
    _driver_connection(connection).execute(f"PRAGMA busy_timeout = {millis}")


class _ImmediateTransaction:
    """A SQLite transaction that takes the file's write lock when it begins."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._driver = _driver_connection(connection)

    def __enter__(self) -> None:
        self._execute("BEGIN IMMEDIATE")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._execute("COMMIT")
        finally:
            # SQLite may have rolled back already, for example if the disk is full.
            if self._driver.in_transaction:
                self._execute("ROLLBACK")

    def _execute(self, statement: str) -> None:
        try:
            self._driver.execute(statement)
        except sqlite3.Error as error:
            raise as_sqlalchemy_error(error, statement, self._connection) from error


def _driver_connection(connection: sa.Connection) -> sqlite3.Connection:
    driver: Any = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
