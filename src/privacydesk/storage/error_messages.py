"""Messages about database errors for the operator: the setting concerned, and what to do.

They never contain the driver's message, which can quote what people wrote.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import sqlalchemy as sa

from privacydesk.storage.engines import FILE_SETTING, sqlite_file

_SQLITE_MESSAGES: Final = {
    sqlite3.SQLITE_CANTOPEN: "it can't be opened; its user must own the file and its folder",
    sqlite3.SQLITE_READONLY: "it can't be written; its user must own the file and its folder",
    sqlite3.SQLITE_PERM: "it can't be opened; its user must own the file and its folder",
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_IOERR: "the disk can't be read or written; look into the system's log",
    sqlite3.SQLITE_CORRUPT: "it is damaged; run `privacydesk db check`, and put a backup back",
    sqlite3.SQLITE_NOTADB: "it is no database; name another one, or put a backup back",
    sqlite3.SQLITE_BUSY: "another process holds it; try again",
    sqlite3.SQLITE_LOCKED: "another process holds it; try again",
}
_LOGIN_REFUSED: Final = (
    "the server does not let this user in with this password, or not into it at all"
)
_NO_DATABASE: Final = "the server has no database of that name; make it with createdb"
_NOT_READY: Final = "the server is starting or stopping; try again"
_SQLSTATE_MESSAGES: Final = {
    "28P01": _LOGIN_REFUSED,
    "28000": _LOGIN_REFUSED,
    "3D000": _NO_DATABASE,
    "42501": "its user may not do that; have the user own the database",
    "53100": "the server's disk is full; make room",
    "53300": "the server has no connection left; raise its max_connections",
    "57P03": _NOT_READY,
    "25006": "the server takes no changes: it is a replica",
}
_CONNECTION_MESSAGES: Final = (
    ("password", _LOGIN_REFUSED),
    ("no pg_hba.conf entry", _LOGIN_REFUSED),
    ("pg_hba.conf rejects", _LOGIN_REFUSED),
    ("certificate", "its certificate can't be verified; look at sslmode and sslrootcert"),
    ("SSL", "it can't be reached with this sslmode; look at the server's TLS"),
    ("role ", _LOGIN_REFUSED),
    ("the database system is ", _NOT_READY),
    ("database ", _NO_DATABASE),
    ("resolve host", "its host is not known; see that the name is right"),
    ("invalid connection option", "one of its options is unknown"),
)
"""By a phrase of the server's message: before a connection is made, there is no error code."""


def describe_database_error(error: BaseException) -> str | None:
    """Return a message for an error of the database; None for any other error."""
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    return f"the database refuses it: {describe_error(error)}"


def describe_error(error: sa.exc.DBAPIError, url: sa.URL | None = None) -> str:
    """Return a message that names the setting concerned and says what to do.

    Args:
        error: as raised by SQLAlchemy.
        url: the database's address; only the path of a SQLite file is shown.
    """
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        file = sqlite_file(url) if url is not None else None
        message = _SQLITE_MESSAGES.get(code & 0xFF) or getattr(
            cause, "sqlite_errorname", "it is refused"
        )
        return f"{file or 'the file'} ({FILE_SETTING}): {message}"
    return f"PRIVACYDESK_DATABASE_URL: {_describe_server_error(error)}"


def _describe_server_error(error: sa.exc.DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _SQLSTATE_MESSAGES.get(state, f"the server refuses it ({state})")
    if not isinstance(error, sa.exc.OperationalError | sa.exc.ProgrammingError):
        return f"the driver refuses it ({type(error.orig).__name__})"
    text = str(error.orig).partition("FATAL:")[2] or str(error.orig)
    known = next((message for phrase, message in _CONNECTION_MESSAGES if phrase in text), None)
    return known or "the server can't be reached; see that it runs and that host and port are right"
