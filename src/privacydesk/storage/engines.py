"""SQLAlchemy engines: one connection that writes, a few that read.

Statement parameters never appear in errors or logs, because they contain what people wrote.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from privacydesk.errors import SettingsError
from privacydesk.storage.database_errors import as_sqlalchemy_error
from privacydesk.system_errors import translate_os_errors

BUSY_MILLIS = 5000
"""Milliseconds that a connection to SQLite waits for another process's transaction."""

_JOURNAL_LIMIT = 64 * 1024 * 1024
_CHECKPOINT_BESIDE_SERVE = 100_000
"""WAL pages after which a commit checkpoints, in processes other than ``serve``.

SQLite's default, which ``serve`` uses, is a thousand. Two connections must not checkpoint at the
same time: before 3.51.3, 3.50.7 and 3.44.6, a checkpoint that begins just after another one has
ended, while a commit restarts the WAL, may skip committed pages, which are then lost. The number is
so high that a command reaches it only if no other process checkpoints, and still bounds the WAL of
a long command.
"""
_POSTGRESQL_DRIVER = "psycopg"
_APPLICATION = "privacydesk"
_APPLICATIONS = sa.text(
    "SELECT application_name FROM pg_stat_activity"
    " WHERE datname = current_database() AND starts_with(application_name, :prefix)"
    " AND pid <> pg_backend_pid()"
)
FILE_SETTING = "PRIVACYDESK_DATA_DIR, or PRIVACYDESK_DATABASE_URL where it is set"
"""The settings that give the path of a database file, for error messages."""


def parse_url(text: str) -> sa.URL:
    """Return a database URL in the form that its engine needs.

    Raises:
        SettingsError: it can't be parsed, or names an unsupported kind of database.
    """
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise _url_error("can't be read") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername=f"postgresql+{_POSTGRESQL_DRIVER}")
    if backend != "sqlite":
        raise _url_error(f"names {backend}; only sqlite and postgresql work")
    if sqlite_file(url) is None:
        raise _url_error("must name a file: processes and threads share it")
    return url


def _url_error(why: str) -> SettingsError:
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
    """Create a database file and its folder, accessible only to their owner."""
    with translate_os_errors(FILE_SETTING, path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The WAL file and its index inherit the mode of the database file.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def writing_engine(url: sa.URL) -> sa.Engine:
    """Return an engine whose transactions may write; connections are not pooled."""
    engine = committing_engine(url)
    if engine.dialect.name == "sqlite":
        _begin_transactions_with(engine, "BEGIN IMMEDIATE")
    return engine


def committing_engine(url: sa.URL, *, beside_serve: bool = False, tags: str = "") -> sa.Engine:
    """Return an engine for the writer, which begins transactions by ``transactions.transaction``.

    Args:
        url: as returned by ``parse_url``.
        beside_serve: whether another process may be serving the database. If so, checkpointing
            SQLite's WAL is left to that process.
        tags: words that other processes find by ``application_tags``; for PostgreSQL.
    """
    engine = _create_engine(url, poolclass=NullPool, connect_args=_connect_args(url, tags=tags))
    if engine.dialect.name == "sqlite":
        _run_on_connect(
            engine,
            "PRAGMA journal_mode = WAL",
            # A power loss must not undo a commit that was acknowledged.
            "PRAGMA synchronous = FULL",
            f"PRAGMA journal_size_limit = {_JOURNAL_LIMIT}",
            # Deleted and overwritten content must not stay in the file.
            "PRAGMA secure_delete = ON",
            # Keep the rollback data of statements in memory: a temporary file would take as many
            # writes as the journal.
            "PRAGMA temp_store = MEMORY",
        )
        if beside_serve:
            _run_on_connect(engine, f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_BESIDE_SERVE}")
    return engine


def reading_engine(url: sa.URL, connections: int, *, busy_millis: int = BUSY_MILLIS) -> sa.Engine:
    """Return an engine with a pool of connections that can't write.

    On PostgreSQL, each statement is a transaction of its own: in a longer one, it would see a state
    of its own, too (READ COMMITTED), and its start and end would be messages of their own. A thread
    that waits for an answer may wait longer still for the interpreter's lock.

    Args:
        url: as returned by ``parse_url``.
        connections: how many there are at most.
        busy_millis: milliseconds that one waits for another process's transaction, on SQLite.
    """
    options: dict[str, Any] = {"pool_size": connections, "max_overflow": 0}
    if sqlite_file(url) is None:
        options["isolation_level"] = "AUTOCOMMIT"
    engine = _create_engine(url, connect_args=_connect_args(url, read_only=True), **options)
    if engine.dialect.name == "sqlite":
        _begin_transactions_with(engine, "BEGIN")
        _run_on_connect(engine, "PRAGMA query_only = ON", busy_millis=busy_millis)
    return engine


def _create_engine(url: sa.URL, **options: Any) -> sa.Engine:
    try:
        engine = sa.create_engine(url, hide_parameters=True, **options)
    except ImportError:
        raise SettingsError(
            "PRIVACYDESK_DATABASE_URL names PostgreSQL, and its driver is not installed: run"
            " `sh scripts/environment cluster` in the clone, or `pip install"
            " 'privacydesk[cluster]'`",
            key="database_url",
        ) from None
    if engine.dialect.name != "sqlite":
        # Before SQLAlchemy's own first look, which an encoding that is none makes stumble.
        sa.event.listen(engine, "connect", _check_encoding, insert=True)
    return engine


def _check_encoding(connection: Any, _record: object) -> None:
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise SettingsError(
            f"PRIVACYDESK_DATABASE_URL: the database has the encoding {encoding}, which can't hold"
            " all languages: make one with `createdb --encoding UTF8 --template template0`",
            key="database_url",
        )


def application_tags(connection: sa.Connection) -> tuple[str, ...]:
    """Return the tags of the processes that are connected to a PostgreSQL database to write."""
    names = connection.execute(_APPLICATIONS, {"prefix": f"{_APPLICATION} "}).scalars()
    return tuple(name.removeprefix(_APPLICATION) for name in names)


def _connect_args(url: sa.URL, *, read_only: bool = False, tags: str = "") -> dict[str, Any]:
    if url.get_backend_name() == "sqlite":
        return {}
    # Generic plans made while the tables were still empty are four times slower later on.
    options = "-c plan_cache_mode=force_custom_plan -c idle_in_transaction_session_timeout=60s"
    if read_only:
        options += " -c default_transaction_read_only=on"
    named = {"application_name": f"{_APPLICATION} {tags}"} if tags else {}
    return {"options": options, "connect_timeout": 5, **named}


def _run_on_connect(engine: sa.Engine, *pragmas: str, busy_millis: int = BUSY_MILLIS) -> None:
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        # The driver must not begin transactions itself: ours are begun explicitly.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {busy_millis}")
        for pragma in pragmas:
            connection.execute(pragma)

    sa.event.listen(engine, "connect", set_up)


def _begin_transactions_with(engine: sa.Engine, statement: str) -> None:
    def begin(connection: sa.Connection) -> None:
        # Directly on the driver: SQLAlchemy's overhead is as large as for a real statement.
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        try:
            driver.execute(statement)
        except sqlite3.Error as error:
            raise as_sqlalchemy_error(error, statement, connection) from error

    sa.event.listen(engine, "begin", begin)
