"""Quick reads on the event loop, where they take a third of what a thread makes of them.

Handing a read to a thread and its rows back wakes two threads up, which then take turns at the
interpreter's lock at each of the driver's calls. With a server the loop would wait for its answers,
so this is for SQLite alone.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

import sqlalchemy as sa

T = TypeVar("T")

_LONG: Final = 0.005
"""Seconds after which a statement is broken off, so that nobody waits behind a search."""
_STEPS: Final = 1000
"""Steps of SQLite's virtual machine between two looks at the time; they take a tenth of a
millisecond."""
_MAX_ROWS: Final = "privacydesk_max_rows"
"""The execution option of a connection that opens no more rows than these."""
_FEW: Final = 32
"""How many rows are opened on the event loop, which takes about two milliseconds."""
_SLOW: Final = 0.05
"""Seconds; a read that took as long has waited for the disk, not for the interpreter's lock."""
_PAUSE: Final = 1.0
"""Seconds for which threads read after a read that was slow, or that the database refused."""


class NotReadError(Exception):
    """Nothing was read on the event loop; a thread is to try."""


def all_rows(
    connection: sa.Connection, query: sa.Select[Any], params: Mapping[str, Any]
) -> Sequence[sa.Row[Any]]:
    """Return all rows of a query that may find many, each of which is opened afterwards.

    Raises:
        NotReadError: this is the event loop, and there are too many.
    """
    result = connection.execute(query, params)
    most = connection.get_execution_options().get(_MAX_ROWS)
    if most is None:
        return result.all()
    rows = result.fetchmany(most + 1)
    if len(rows) > most:
        raise NotReadError
    return rows


class LoopReads:
    """Reads with a connection of the event loop's own, one after the other.

    Args:
        engine: of a SQLite file, whose connections wait for no lock.
        monotonic: source of the time that reads take.
    """

    def __init__(
        self, engine: sa.Engine, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = engine.execution_options(**{_MAX_ROWS: _FEW})
        self._monotonic = monotonic
        self._break_off_at = math.inf
        self._paused_until = -math.inf
        self._is_open = True
        sa.event.listen(engine, "connect", self._watch)

    async def read(self, fetch: Callable[[sa.Connection], T]) -> T:
        """Run ``fetch`` in a transaction.

        Raises:
            NotReadError: a statement took long or found many rows, the disk was slow a moment ago,
                ``close`` was called, or ``fetch`` failed. A thread meets its error again and
                handles it.
        """
        # Others have their turn first, so that a task with a thousand reads holds nobody up.
        await asyncio.sleep(0)
        began = self._monotonic()
        if began < self._paused_until or not self._is_open:
            raise NotReadError
        self._break_off_at = began + _LONG
        try:
            with self._engine.connect() as connection:
                return fetch(connection)
        except Exception as error:
            if isinstance(error, sa.exc.DBAPIError) and not _is_broken_off(error):
                self._pause()
            raise NotReadError from error
        finally:
            if self._monotonic() - began > _SLOW:
                self._pause()

    def close(self) -> None:
        """Close the connection; nothing is read any more."""
        self._is_open = False
        self._engine.dispose()

    def _watch(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.set_progress_handler(self._is_long, _STEPS)

    def _is_long(self) -> bool:
        return self._monotonic() > self._break_off_at

    def _pause(self) -> None:
        self._paused_until = self._monotonic() + _PAUSE


def _is_broken_off(error: sa.exc.DBAPIError) -> bool:
    return getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
