"""Database errors in words for the operator: which setting, and what to do.

The driver's message is not passed on: it can quote what people wrote.
"""

from __future__ import annotations

import sqlite3
from typing import Final

import sqlalchemy as sa

from privacydesk.storage.engines import FILE_SETTING, sqlite_file

_SQLITE: Final = {
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
_REFUSED: Final = "the server does not let this user in with this password, or not into it at all"
_NO_DATABASE: Final = "the server has no database of that name; make it with createdb"
_SQLSTATES: Final = {
    "28P01": _REFUSED,
    "28000": _REFUSED,
    "3D000": _NO_DATABASE,
    "42501": "its user may not do that; have the user own the database",
    "53100": "the server's disk is full; make room",
    "53300": "the server has no connection left; raise its max_connections",
    "57P03": "the server is starting or stopping; try again",
    "25006": "the server takes no changes: it is a replica",
}
_PHRASES: Final = (
    ("password", _REFUSED),
    ("no pg_hba.conf entry", _REFUSED),
    ("pg_hba.conf rejects", _REFUSED),
    ("role ", _REFUSED),
    ("database ", _NO_DATABASE),
    ("resolve host", "its host is not known; see that the name is right"),
    ("invalid connection option", "one of its options is unknown"),
)
"""Until a connection is made, the driver has only the server's message and no error code."""


def refused_by_database(error: BaseException) -> str | None:
    """Return what the database refused; None for anything else."""
    if not isinstance(error, sa.exc.DBAPIError):
        return None
    return f"the database refuses it: {in_words(error)}"


def in_words(error: sa.exc.DBAPIError, url: sa.URL | None = None) -> str:
    """Return what was refused, the setting concerned, and what to do about it.

    Args:
        error: as Core raised it.
        url: the database's address; a server's is never shown.
    """
    cause = error.orig
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        file = sqlite_file(url) if url is not None else None
        told = _SQLITE.get(code & 0xFF) or getattr(cause, "sqlite_errorname", "it is refused")
        return f"{file or 'the file'} ({FILE_SETTING}): {told}"
    return f"PRIVACYDESK_DATABASE_URL: {_of_server(error)}"


def _of_server(error: sa.exc.DBAPIError) -> str:
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _SQLSTATES.get(state, f"the server refuses it ({state})")
    if not isinstance(error, sa.exc.OperationalError | sa.exc.ProgrammingError):
        return f"the driver refuses it ({type(error.orig).__name__})"
    said = str(error.orig).partition("FATAL:")[2] or str(error.orig)
    known = next((told for phrase, told in _PHRASES if phrase in said), None)
    return known or "the server can't be reached; see that it runs and that host and port are right"
