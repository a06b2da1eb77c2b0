"""The writer's transactions on SQLite, begun and ended directly on the driver.

Core's own take as long as a row does: negligible in a large batch, but not to a lone user.
Elsewhere they are Core's.
"""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from privacydesk.storage.faults import as_core


def transaction(connection: sa.Connection) -> AbstractContextManager[object]:
    """Return a transaction that commits when it is left, and rolls back on an exception.

    Args:
        connection: of an engine that begins nothing by itself (``committing_engine``).
    """
    if connection.dialect.name == "sqlite":
        return _Immediate(connection)
    return connection.begin()


def wait_for_others(connection: sa.Connection, millis: int) -> None:
    """Set how long the beginning of a transaction waits for another process's to end.

    Args:
        connection: to a SQLite file.
        millis: 0 for not at all.
    """
    _driver(connection).execute(f"PRAGMA busy_timeout = {millis}")


class _Immediate:
    """A transaction that holds the file's write lock from its beginning."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._driver = _driver(connection)

    def __enter__(self) -> None:
        self._run("BEGIN IMMEDIATE")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._run("COMMIT")
        finally:
            # A full disk may have ended it already.
            if self._driver.in_transaction:
                self._run("ROLLBACK")

    def _run(self, statement: str) -> None:
        try:
            self._driver.execute(statement)
        except sqlite3.Error as error:
            raise as_core(error, statement, self._connection) from error


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    driver: Any = connection.connection.dbapi_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
