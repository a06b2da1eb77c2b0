"""Engines: one connection that writes, a few that read.

Parameters never appear in errors or logs, since they hold what people said.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from privacydesk.errors import SettingsError
from privacydesk.storage.faults import as_core
from privacydesk.system_errors import naming

BUSY_MILLIS = 5000
"""How long a connection to SQLite waits for another process's transaction."""

_JOURNAL_LIMIT = 64 * 1024 * 1024
_CHECKPOINT_BESIDE = 100_000
"""WAL pages after which a commit of a process beside ``serve`` checkpoints them.

SQLite's default, which ``serve`` uses, is a thousand. Two connections must not checkpoint at once:
before 3.51.3, 3.50.7 and 3.44.6, one that begins when the other has just ended, while a commit
restarts the WAL, may take committed pages for copied ones, and they are lost. So high that a
command reaches it only if nobody else checkpoints, while a long one's WAL stays bounded.
"""
_POSTGRESQL_DRIVER = "psycopg"
FILE_SETTING = "PRIVACYDESK_DATA_DIR, or PRIVACYDESK_DATABASE_URL where it is set"
"""The settings that say where a database file is."""


def parse_url(text: str) -> sa.URL:
    """Return the address of the database in the form its engine needs.

    Raises:
        SettingsError: it can't be read, or names another kind of database.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise _wrong("can't be read") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername=f"postgresql+{_POSTGRESQL_DRIVER}")
    if backend != "sqlite":
        raise _wrong(f"names {backend}; only sqlite and postgresql work")
    if sqlite_file(url) is None:
        raise _wrong("must name a file: processes and threads share it")
    return url


def _wrong(why: str) -> SettingsError:
    return SettingsError(
        f"PRIVACYDESK_DATABASE_URL {why}; write sqlite:////folder/desk.db or"
        " postgresql://user:password@host/database",
        key="database_url",
    )


def sqlite_file(url: sa.URL) -> Path | None:
    """Return the file of a SQLite database; None for PostgreSQL and for databases in memory."""
    if url.get_backend_name() != "sqlite" or url.database in {None, "", ":memory:"}:
        return None
    assert url.database is not None
    return Path(url.database)


def prepare_file(path: Path) -> None:
    """Create a database file and its folder, readable only by their owner."""
    with naming(FILE_SETTING, path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The journal and its index inherit the mode of the file.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def writing_engine(url: sa.URL) -> sa.Engine:
    """Return an engine whose transactions may write; each connection is its caller's own."""
    engine = committing_engine(url)
    if engine.dialect.name == "sqlite":
        _begin_with(engine, "BEGIN IMMEDIATE")
    return engine


def committing_engine(url: sa.URL, *, beside_serve: bool = False) -> sa.Engine:
    """Return an engine like ``writing_engine``'s, whose transactions ``transactions`` begins.

    Args:
        url: as ``parse_url`` gives it.
        beside_serve: whether another process may be serving the database: then that one
            checkpoints SQLite's journal.
    """
    engine = _engine(url, poolclass=NullPool, connect_args=_connect_args(url))
    if engine.dialect.name == "sqlite":
        _set_up(
            engine,
            "PRAGMA journal_mode = WAL",
            # Power loss must not undo what was answered.
            "PRAGMA synchronous = FULL",
            f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}",
            # What is deleted or overwritten is not left in the file.
            "PRAGMA secure_delete = ON",
            # The rollback data of a statement that fails half-way: in a file of its own it takes
            # as many writes as the journal does.
            "PRAGMA temp_store = MEMORY",
        )
        if beside_serve:
            _set_up(engine, f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_BESIDE}")
    return engine


def reading_engine(url: sa.URL, connections: int) -> sa.Engine:
    """Return an engine with a pool of connections that can't write."""
    engine = _engine(
        url,
        pool_size=connections,
        max_overflow=0,
        connect_args=_connect_args(url, read_only=True),
    )
    if engine.dialect.name == "sqlite":
        _begin_with(engine, "BEGIN")
        _set_up(engine, "PRAGMA query_only = ON")
    return engine


def _engine(url: sa.URL, **how: Any) -> sa.Engine:
    try:
        return sa.create_engine(url, hide_parameters=True, **how)
    except ImportError:
        raise SettingsError(
            "PRIVACYDESK_DATABASE_URL names PostgreSQL, and its driver is not installed: run"
            " `sh scripts/environment cluster` in the clone, or `pip install"
            " 'privacydesk[cluster]'`",
            key="database_url",
        ) from None


def _connect_args(url: sa.URL, *, read_only: bool = False) -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {}
    # Plans frozen over tables that were empty at the start are four times slower later.
    options = "-c plan_cache_mode=force_custom_plan -c idle_in_transaction_session_timeout=60s"
    if read_only:
        options += " -c default_transaction_read_only=on"
    return {"options": options, "connect_timeout": 5}


def _set_up(engine: sa.Engine, *pragmas: str) -> None:
    def connected(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not begin transactions by itself: ours are begun explicitly.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLIS}")
        for pragma in pragmas:
            connection.execute(pragma)

    sa.event.listen(engine, "connect", connected)


def _begin_with(engine: sa.Engine, statement: str) -> None:
    def began(connection: sa.Connection) -> None:
        # Bypasses Core, which would take as long for it as for a real statement.
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            driver.execute(statement)
        except sqlite3.Error as error:
            raise as_core(error, statement, connection) from error

    sa.event.listen(engine, "begin", began)
