"""Classifies database errors: whether a batch is retried, split or refused."""

from __future__ import annotations

import sqlite3
import traceback
from enum import Enum
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from privacydesk.storage.file_watch import FileGoneError


class ErrorClass(Enum):
    """How to react to an error."""

    CONTENDED = "contended"
    """A deadlock, or another process was in the way: retry."""
    LOST = "lost"
    """The connection is lost, perhaps after the commit: retry on a new one.

    Job ids keep the retry from running a committed job again.
    """
    UNAVAILABLE = "unavailable"
    """The database can't be used now: it is full, read-only or unreadable, or its file is gone."""
    JOB_AT_FAULT = "guilty"
    """One of the batch's jobs is at fault: halve the batch until that job is alone."""


class LockedRowChangedError(Exception):
    """Rows changed although they were locked: a bug in the writer, or a manual change."""


_SQLITE_FAULTS = {
    sqlite3.SQLITE_BUSY: ErrorClass.CONTENDED,
    sqlite3.SQLITE_LOCKED: ErrorClass.CONTENDED,
    sqlite3.SQLITE_PROTOCOL: ErrorClass.CONTENDED,
    sqlite3.SQLITE_FULL: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_READONLY: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_IOERR: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_CANTOPEN: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_PERM: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_NOMEM: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_CORRUPT: ErrorClass.UNAVAILABLE,
    sqlite3.SQLITE_NOTADB: ErrorClass.UNAVAILABLE,
}

_DAMAGE_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
DAMAGE = "damage"
"""The file is damaged: the outage ends only after a check of the whole file."""
READING, WRITING = "reading", "writing"

_SQLSTATE_FAULTS = {
    "40P01": ErrorClass.CONTENDED,  # deadlock
    "40001": ErrorClass.CONTENDED,  # serialisation
    "55P03": ErrorClass.CONTENDED,  # lock not available
    "57014": ErrorClass.CONTENDED,  # cancelled by a time-out
    "25006": ErrorClass.UNAVAILABLE,  # read-only, as after a failover
    "42501": ErrorClass.UNAVAILABLE,  # no right to a file, as on a read-only disk, or to a table
    "XX001": ErrorClass.UNAVAILABLE,  # damaged rows
    "XX002": ErrorClass.UNAVAILABLE,  # a damaged index
    "57P01": ErrorClass.LOST,
    "57P02": ErrorClass.LOST,
    "57P03": ErrorClass.LOST,
}
_SQLSTATE_CLASS_FAULTS = {
    "08": ErrorClass.LOST,  # connection
    "53": ErrorClass.UNAVAILABLE,  # disk, memory, connections
    "58": ErrorClass.UNAVAILABLE,  # the system under the database
}


def classify(error: Exception) -> ErrorClass:
    """Return how to react to an error that was raised while a batch was run."""
    if isinstance(error, FileGoneError):
        return ErrorClass.UNAVAILABLE
    if not isinstance(error, sa.exc.DBAPIError):
        return ErrorClass.JOB_AT_FAULT
    if error.connection_invalidated:
        return ErrorClass.LOST
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE_FAULTS.get(code & 0xFF, ErrorClass.JOB_AT_FAULT)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return _SQLSTATE_FAULTS.get(state) or _SQLSTATE_CLASS_FAULTS.get(
            state[:2], ErrorClass.JOB_AT_FAULT
        )
    # If the driver could not reach the server, there is no error code.
    return (
        ErrorClass.LOST if isinstance(error, sa.exc.OperationalError) else ErrorClass.JOB_AT_FAULT
    )


def failed_part(error: Exception, activity: str = WRITING) -> str:
    """Return which part of the database failed.

    Args:
        error: raised by SQLAlchemy.
        activity: ``READING`` or ``WRITING``, returned unless the error shows ``DAMAGE``.
    """
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlite_errorcode", None)
    return DAMAGE if code is not None and code & 0xFF in _DAMAGE_CODES else activity


def error_name(error: Exception) -> str:
    """Return an error's class and code for logs, without its message, which may quote values."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(error).__name__} {name}" if name else type(error).__name__


def as_sqlalchemy_error(error: Any, statement: str, connection: sa.Connection) -> BaseException:
    """Return a driver's error as SQLAlchemy would have raised it.

    For statements that are executed directly on the driver.

    Args:
        error: the exception raised by the driver.
        statement: the SQL text.
        connection: the connection it was executed on.
    """
    dialect = connection.dialect
    wrapped: BaseException = sa.exc.DBAPIError.instance(
        statement,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=dialect.is_disconnect(error, connection.connection, None),
        dialect=dialect,
    )
    return wrapped


def stack_locations(error: BaseException) -> list[str]:
    """Return the last stack frames of an error, innermost last, without its message or values."""
    return [
        f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ][-8:]
