"""A cheap periodic check of whether the database can be used.

Normal use shows whether it accepts writes; only after a while without any does the probe write, one
row of its own.
"""

from __future__ import annotations

import time
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from privacydesk import migrations
from privacydesk.errors import DeskError, UnavailableError
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.faults import DAMAGE
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.writer import BatchWriter

_NAME: Final = "probe"
_LATELY: Final = 2.5
"""Seconds; a commit this recent is as good as the probe's own."""
_SHARE: Final = 10
"""Checks of a damaged file take at most one second in this many."""

_chore = tables.chore.c
_TOUCH = (
    sa.update(tables.chore)
    .where(_chore.name == sa.bindparam("at_name"))
    .values(due_at=sa.bindparam("now"))
)
_VERSION = sa.select(sa.table("alembic_version", sa.column("version_num", sa.String)))


class SqlProbe:
    """Checks that the database accepts a commit, and has the schema of this version."""

    def __init__(self, writer: BatchWriter, reader: SqlReader) -> None:
        self._writer = writer
        self._reader = reader
        self._check_at = 0.0

    async def look(self, now: datetime) -> tuple[str, ...]:
        """Return what is wrong: ``database``, ``migrations``, or nothing.

        Args:
            now: the present, which is stored.
        """
        try:
            await self._write(now)
            await self._check()
            found = await self._version()
        except DeskError:
            return ("database",)
        if found != migrations.HEAD:
            return ("migrations",)
        return ("database",) if self._writer.outage.is_on else ()

    async def _version(self) -> str | None:
        """Return the schema's number; None where the database has none that can be read."""
        try:
            return await self._reader.read(lambda connection: connection.scalar(_VERSION))
        except UnavailableError:
            raise
        except DeskError:
            return None

    async def _write(self, now: datetime) -> None:
        outage = self._writer.outage
        if not outage.is_on and time.monotonic() - self._writer.written_at < _LATELY:
            return
        row = {"at_name": _NAME, "now": to_micros(now)}

        def touch(connection: sa.Connection) -> None:
            if not connection.execute(_TOUCH, row).rowcount:
                first = {"name": _NAME, "due_at": row["now"]}
                connection.execute(sa.insert(tables.chore), first)

        await self._writer.probe(touch)

    async def _check(self) -> None:
        """Check whether a file that was found damaged is intact again."""
        began = time.monotonic()
        if DAMAGE not in self._writer.outage.failing or began < self._check_at:
            return
        verdict = await self._reader.read(
            lambda connection: connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
        )
        self._check_at = time.monotonic() + _SHARE * (time.monotonic() - began)
        if verdict == "ok":
            self._writer.outage.end(DAMAGE)
