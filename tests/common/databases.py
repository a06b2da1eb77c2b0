"""The databases of tests: which one a test runs on, making them, and looking at them by hand."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from zlib import crc32

import psycopg
import pytest
from tests.common.postgresql import Server
from tests.common.turns import turn

from privacydesk.storage.engines import parse_url, prepare_file, sqlite_file
from privacydesk.storage.schema import upgrade

ADDRESS = "PRIVACYDESK_DATABASE_URL"


_HALVES: Final = (
    *("account_calls", "agent_hears", "app_token_commands", "app_tokens", "attachments"),
    *("audit_kill", "beside_serve", "claiming", "claims_by_document", "clocks", "merging"),
    *("packages", "retention", "saved_profile", "secrecy"),
)
"""The modules of which one of two functional tests runs on PostgreSQL at a commit: what the
databases do differently matters most there. See ``docs/decisions/076-both-databases.md``."""
_EIGHTH: Final = 8
"""Of the other modules' tests, one of so many runs on PostgreSQL at a commit."""


def mode_of(item: pytest.Item) -> str:
    """Return which database the desks of a functional test live in."""
    mode: str = item.config.getoption("--database")
    about_sqlite = item.get_closest_marker("sqlite")
    if about_sqlite is not None:
        if mode == "postgresql":
            pytest.skip(f"about SQLite itself: {about_sqlite.args[0]}")
        return "sqlite"
    if mode == "alternating":
        among = 2 if item.path.stem.removeprefix("test_") in _HALVES else _EIGHTH
        is_chosen = (crc32(item.nodeid.encode()) + turn()) % among == 0
        return "postgresql" if is_chosen else "sqlite"
    return mode


def explain_modes(config: pytest.Config) -> str:
    """Return a line for the head of a test report."""
    mode: str = config.getoption("--database")
    if mode == "alternating":
        return (
            f"database: SQLite; on PostgreSQL, by turns (this is commit {turn()}): one of"
            f" {_EIGHTH} functional tests, and one of two of {', '.join(_HALVES)}"
        )
    return f"database: {mode}"


def make_database(url: str) -> None:
    """Make a desk's database where there is none yet, as ``db upgrade`` does."""
    file = sqlite_file(parse_url(url))
    if file is not None and not file.exists():
        prepare_file(file)
        file.write_bytes(_fresh())
        return
    upgrade(url)


@cache
def _fresh() -> bytes:
    """Return the file of a database that nothing happened in."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "desk.db"
        upgrade(f"sqlite:///{file}")
        return file.read_bytes()


def address_in(folder: Path) -> str:
    """Return the address of the database of a desk whose data folder this is."""
    told = os.environ.get(ADDRESS)
    if _desks and told == _desks[0].first:
        return _desks[0].address_in(folder)
    return told or f"sqlite:///{folder / 'privacydesk.db'}"


class _Desks:
    """The databases of a test on PostgreSQL.

    Attributes:
        first: the address of the one that processes and commands are told of.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.first = server.database()
        self._found: dict[Path, str] = {}

    def address_in(self, folder: Path) -> str:
        """Return the address of a folder's database: a folder is a desk, as on SQLite."""
        key = folder.resolve()
        if key not in self._found:
            self._found[key] = self._server.database() if self._found else self.first
        return self._found[key]

    def give_back(self) -> None:
        """Leave the databases to other tests."""
        for url in {self.first, *self._found.values()}:
            self._server.give_back(url)


_desks: list[_Desks] = []
"""Of the test that runs, if it does on PostgreSQL."""


@contextmanager
def desks_on(server: Server) -> Iterator[str]:
    """Have desks that are opened live on a server; yield the address of the first one."""
    desks = _Desks(server)
    _desks[:] = [desks]
    try:
        yield desks.first
    finally:
        _desks.clear()
        desks.give_back()


class ByHand:
    """A connection past the desk, for statements with ``?`` where a value belongs."""

    def __init__(self, connection: sqlite3.Connection | psycopg.Connection[Any]) -> None:
        self._connection = connection

    def execute(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Execute a statement; return its cursor."""
        if isinstance(self._connection, sqlite3.Connection):
            return self._connection.execute(statement, values)
        return self._connection.execute(statement.replace("?", "%s").encode(), values or None)


@contextmanager
def by_hand(place: str | Path) -> Iterator[ByHand]:
    """Open a desk's database past the desk; what was changed is committed at the end.

    Args:
        place: the database's address, or the desk's data folder.
    """
    url = address_in(place) if isinstance(place, Path) else place
    file = sqlite_file(parse_url(url))
    if file is None:
        with psycopg.connect(url) as connection:
            yield ByHand(connection)
        return
    with closing(sqlite3.connect(file)) as opened, opened:
        yield ByHand(opened)
