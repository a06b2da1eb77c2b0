"""Daily counters: rows private to this process, incremented in the transaction they count.

Processes never touch one another's rows, so none waits for another's commit; readers sum them up.
A row is inserted at its first count and updated from then on. Which rows exist is known from the
commits alone: when a commit's fate is unknown, or too many rows are known, the process starts new
rows under another name. Days may come out of order: a machine's clock may run ahead and come back.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final

import sqlalchemy as sa

from privacydesk.domain.counters import Count, Countable, Counted
from privacydesk.storage import tables
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.statements import Prepared

_MOST_ROWS: Final = 4_096
"""Rows of one name; some days' worth."""

_counter = tables.counter.c
_ADD = Prepared(
    sa.update(tables.counter)
    .where(
        _counter.source == sa.bindparam("at_source"),
        _counter.day == sa.bindparam("at_day"),
        _counter.what == sa.bindparam("at_what"),
        _counter.detail == sa.bindparam("at_detail"),
    )
    .values(number=_counter.number + sa.bindparam("more")),
    ["number"],
)
_SUMS = (
    sa.select(_counter.what, _counter.detail, sa.func.sum(_counter.number).label("number"))
    .where(_counter.day.between(sa.bindparam("first"), sa.bindparam("last")))
    .group_by(_counter.what, _counter.detail)
    .order_by(_counter.what, _counter.detail)
)


class CounterRows:
    """The rows of one process; used by one caller at a time, as ``Committer`` is.

    Args:
        most: how many rows one name has before the next one is begun.
    """

    def __init__(self, most: int = _MOST_ROWS) -> None:
        self._most = most
        self.begin_anew()

    def begin_anew(self) -> None:
        """Continue in rows of another name, as it is not known which ones were committed."""
        self._source = os.urandom(8)
        self._there: set[Counted] = set()
        self._fresh: set[Counted] = set()

    def add(self, connection: sa.Connection, counted: Iterable[Counted]) -> None:
        """Count, within a transaction that the caller commits."""
        more = Counter(counted)
        self._fresh = {one for one in more if one not in self._there}
        # Two processes never share a row, so the order matters only to readers of a log.
        old = [one for one in more if one in self._there]
        if old:
            _ADD.run(
                connection,
                [
                    {
                        "at_source": self._source,
                        # The form every driver takes: nothing is converted on this path.
                        "at_day": one.day.isoformat(),
                        "at_what": one.what.value,
                        "at_detail": one.detail,
                        "more": more[one],
                    }
                    for one in old
                ],
            )
        if self._fresh:
            connection.execute(
                sa.insert(tables.counter),
                [
                    {
                        "source": self._source,
                        "day": one.day,
                        "what": one.what.value,
                        "detail": one.detail,
                        "number": more[one],
                    }
                    for one in self._fresh
                ],
            )

    def committed(self) -> None:
        """Note that what was added last has been committed."""
        self._there |= self._fresh
        self._fresh = set()
        if len(self._there) > self._most:
            # A row that was forgotten and is counted again must not be inserted twice.
            self.begin_anew()


class SqlCounters:
    """Reads the counters of all processes."""

    def __init__(self, reader: SqlReader) -> None:
        self._reader = reader

    async def sums(self, first: date, last: date) -> tuple[Count, ...]:
        """Return how often each thing happened from one day to another, both included."""

        def look(connection: sa.Connection) -> tuple[Count, ...]:
            rows = connection.execute(_SUMS, {"first": first, "last": last})
            return tuple(Count(Countable(row.what), row.detail, int(row.number)) for row in rows)

        return await self._reader.read(look)
