"""What a database error means for the batch that met it."""

from __future__ import annotations

import sqlite3
import traceback
from enum import Enum
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from privacydesk.storage.file_watch import FileGoneError


class Fault(Enum):
    """What to do about an error."""

    CONTENDED = "contended"
    """A deadlock, or another process was in the way: retry."""
    LOST = "lost"
    """The connection is lost and the commit unknown: retry on a new one; job ids decide."""
    UNAVAILABLE = "unavailable"
    """The database can't be used now: full, read-only, unreadable, its file gone."""
    GUILTY = "guilty"
    """Some job of the batch is at fault: halve the batch until it stands alone."""


class GuardBrokenError(Exception):
    """Rows changed although they were locked: a bug in the writer, or a manual change."""


_SQLITE = {
    sqlite3.SQLITE_BUSY: Fault.CONTENDED,
    sqlite3.SQLITE_LOCKED: Fault.CONTENDED,
    sqlite3.SQLITE_PROTOCOL: Fault.CONTENDED,
    sqlite3.SQLITE_FULL: Fault.UNAVAILABLE,
    sqlite3.SQLITE_READONLY: Fault.UNAVAILABLE,
    sqlite3.SQLITE_IOERR: Fault.UNAVAILABLE,
    sqlite3.SQLITE_CANTOPEN: Fault.UNAVAILABLE,
    sqlite3.SQLITE_PERM: Fault.UNAVAILABLE,
    sqlite3.SQLITE_NOMEM: Fault.UNAVAILABLE,
    sqlite3.SQLITE_CORRUPT: Fault.UNAVAILABLE,
    sqlite3.SQLITE_NOTADB: Fault.UNAVAILABLE,
}

_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
DAMAGE = "damage"
"""The file is damaged: uses that still work prove nothing, only a check of the whole does."""
READING, WRITING = "reading", "writing"

_SQLSTATES = {
    "40P01": Fault.CONTENDED,  # deadlock
    "40001": Fault.CONTENDED,  # serialisation
    "55P03": Fault.CONTENDED,  # lock not available
    "57014": Fault.CONTENDED,  # cancelled by a time-out
    "25006": Fault.UNAVAILABLE,  # read-only, as after a failover
    "57P01": Fault.LOST,
    "57P02": Fault.LOST,
    "57P03": Fault.LOST,
}
_SQLSTATE_CLASSES = {
    "08": Fault.LOST,  # connection
    "53": Fault.UNAVAILABLE,  # disk, memory, connections
    "58": Fault.UNAVAILABLE,  # the system under the database
}


def classify(error: Exception) -> Fault:
    """Return what to do about an error met while a batch was read, decided or written."""
    if isinstance(error, FileGoneError):
        return Fault.UNAVAILABLE
    if not isinstance(error, sa.exc.DBAPIError):
        return Fault.GUILTY
    if error.connection_invalidated:
        return Fault.LOST
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF, Fault.GUILTY)
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return _SQLSTATES.get(state) or _SQLSTATE_CLASSES.get(state[:2], Fault.GUILTY)
    # A driver that could not even reach the server has no code to show.
    return Fault.LOST if isinstance(error, sa.exc.OperationalError) else Fault.GUILTY


def part_of(error: Exception, doing: str = WRITING) -> str:
    """Return what an error shows to have failed: reading, writing, or the file itself."""
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlite_errorcode", None)
    return DAMAGE if code is not None and code & 0xFF in _DAMAGED else doing


def code_of(error: Exception) -> str:
    """Return the class of an error, for logs: no message, which may quote values."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    name = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return f"{type(error).__name__} {name}" if name else type(error).__name__


def as_core(error: Any, text: str, connection: sa.Connection) -> BaseException:
    """Return a driver's error as Core would have raised it, for statements that bypass Core.

    Args:
        error: what the driver raised.
        text: the statement.
        connection: on which it was run.
    """
    dialect = connection.dialect
    wrapped: BaseException = sa.exc.DBAPIError.instance(
        text,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=dialect.is_disconnect(error, connection.connection, None),
        dialect=dialect,
    )
    return wrapped


def trace(error: BaseException) -> list[str]:
    """Return where an error was raised, innermost last, without its message or any value."""
    return [
        f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ][-8:]
