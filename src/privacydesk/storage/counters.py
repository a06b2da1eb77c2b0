"""Daily counters, incremented in the transaction of the counted change.

Each process has rows of its own, named by a random ``source``, so that none waits for another's
commit; readers add them up. A row is inserted at its first count and updated from then on. A
process remembers in memory which of its rows exist. If it doesn't know whether a commit succeeded,
or remembers too many rows, it starts new rows under another source. Days may come out of order,
because a machine's clock may run ahead and be set back.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Final

import sqlalchemy as sa

from privacydesk.domain.counters import CounterIncrement, CounterKind, CounterSum
from privacydesk.storage import tables
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.statements import PreparedStatement

_MAX_ROWS: Final = 4_096
"""Rows of one source; enough for some days."""

_counter = tables.counter.c
_INCREMENT = PreparedStatement(
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
    """The counter rows of this process; for one caller at a time, like ``Committer``.

    Args:
        max_rows: the number of rows after which a new source is started.
    """

    def __init__(self, max_rows: int = _MAX_ROWS) -> None:
        self._max_rows = max_rows
        self.start_new_rows()

    def start_new_rows(self) -> None:
        """Start new rows under another source, as it is not known which ones were committed."""
        self._source = os.urandom(8)
        self._existing: set[CounterIncrement] = set()
        self._inserted: set[CounterIncrement] = set()

    def add(self, connection: sa.Connection, counted: Iterable[CounterIncrement]) -> None:
        """Add to the counters, within a transaction that the caller commits."""
        amounts = Counter(counted)
        self._inserted = {item for item in amounts if item not in self._existing}
        updated = [item for item in amounts if item in self._existing]
        if updated:
            _INCREMENT.run(
                connection,
                [
                    {
                        "at_source": self._source,
                        # As text, which both drivers accept: prepared statements convert nothing.
                        "at_day": item.day.isoformat(),
                        "at_what": item.what.value,
                        "at_detail": item.detail,
                        "more": amounts[item],
                    }
                    for item in updated
                ],
            )
        if self._inserted:
            connection.execute(
                sa.insert(tables.counter),
                [
                    {
                        "source": self._source,
                        "day": item.day,
                        "what": item.what.value,
                        "detail": item.detail,
                        "number": amounts[item],
                    }
                    for item in self._inserted
                ],
            )

    def mark_committed(self) -> None:
        """Record that the last ``add`` has been committed."""
        self._existing |= self._inserted
        self._inserted = set()
        if len(self._existing) > self._max_rows:
            # Not only forget rows: a forgotten one would be inserted a second time.
            self.start_new_rows()


class SqlCounters:
    """Implements ``ports.Counters``: adds up the rows of all processes."""

    def __init__(self, reader: SqlReader) -> None:
        self._reader = reader

    async def sums(self, first: date, last: date) -> tuple[CounterSum, ...]:
        """Return the totals over the days from ``first`` to ``last``, both included."""

        def fetch(connection: sa.Connection) -> tuple[CounterSum, ...]:
            rows = connection.execute(_SUMS, {"first": first, "last": last})
            return tuple(
                CounterSum(CounterKind(row.what), row.detail, int(row.number)) for row in rows
            )

        return await self._reader.read(fetch)
