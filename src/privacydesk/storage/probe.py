"""A cheap health check of the database, called periodically.

Recent commits show that the database accepts writes. If there were none, the probe writes a row of
its own.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from privacydesk.errors import DeskError, UnavailableError
from privacydesk.storage import schema, tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.database_errors import DAMAGE
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.writer import BatchWriter

_NAME: Final = "probe"
_RECENT: Final = 2.5
"""Seconds; no write is needed if the last commit is more recent than this."""
_CHECK_INTERVAL_FACTOR: Final = 10
"""The pause between checks of a damaged file, as a multiple of how long the last one took."""

_chore = tables.chore.c
_UPDATE_PROBE = (
    sa.update(tables.chore)
    .where(_chore.name == sa.bindparam("at_name"))
    .values(due_at=sa.bindparam("now"))
)


class SqlProbe:
    """Checks that the database can be read and written, and has a schema that can be used."""

    def __init__(self, writer: BatchWriter, reader: SqlReader) -> None:
        self._writer = writer
        self._reader = reader
        self._next_check_at = 0.0

    async def check(self, now: datetime) -> tuple[str, ...]:
        """Return the names of failed checks, ``database`` or ``migrations``; empty if healthy.

        Args:
            now: the current time, which the probe stores if it writes its row.
        """
        try:
            await self._write(now)
            await self._recheck_damage()
            is_usable = await self._has_usable_schema()
        except DeskError:
            return ("database",)
        if not is_usable:
            return ("migrations",)
        return ("database",) if self._writer.outage.is_active else ()

    async def _has_usable_schema(self) -> bool:
        """Return whether this version works on the schema; not if its version can't be read."""

        def read(connection: sa.Connection) -> bool:
            row = connection.execute(schema.SUPPORT).one_or_none()
            return row is not None and schema.is_supported(*row)

        try:
            return await self._reader.read(read)
        except UnavailableError:
            raise
        except DeskError:
            return False

    async def _write(self, now: datetime) -> None:
        outage = self._writer.outage
        if not outage.is_active and time.monotonic() - self._writer.written_at < _RECENT:
            return
        row = {"at_name": _NAME, "now": to_micros(now)}

        def touch(connection: sa.Connection) -> None:
            if not connection.execute(_UPDATE_PROBE, row).rowcount:
                new_row = {"name": _NAME, "due_at": row["now"]}
                connection.execute(sa.insert(tables.chore), new_row)

        await self._writer.probe(touch)

    async def _recheck_damage(self) -> None:
        """End the outage of a damaged file if the file is intact again."""
        started = time.monotonic()
        if DAMAGE not in self._writer.outage.failing or started < self._next_check_at:
            return
        verdict = await self._reader.read(
            lambda connection: connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        )
        self._next_check_at = time.monotonic() + _CHECK_INTERVAL_FACTOR * (
            time.monotonic() - started
        )
        if verdict == "ok":
            self._writer.outage.end(DAMAGE)
