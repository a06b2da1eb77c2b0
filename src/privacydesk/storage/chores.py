"""Chores: tasks that one process does for all, claimed by postponing them like any due row."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.writer import BatchWriter

_chore = tables.chore.c
_FIND = (
    sa.select(_chore.due_at)
    .where(_chore.name == sa.bindparam("at_name"))
    .with_for_update(skip_locked=True)
)
_THERE = sa.select(_chore.name).where(_chore.name == sa.bindparam("at_name"))
_MOVE = (
    sa.update(tables.chore)
    .where(_chore.name == sa.bindparam("at_name"), _chore.due_at == sa.bindparam("from_due_at"))
    .values(due_at=sa.bindparam("to_due_at"))
)


class SqlChores:
    """Claims through the writer."""

    def __init__(self, writer: BatchWriter) -> None:
        self._writer = writer

    async def claim(self, name: str, now: datetime, *, until: datetime, latest: datetime) -> bool:
        """Claim a chore; see ``ports.Chores``."""
        at = {"at_name": name}
        moved = to_micros(until)

        def claim(connection: sa.Connection) -> bool:
            due = connection.scalar(_FIND, at)
            if due is not None and not to_micros(now) < due <= to_micros(latest):
                connection.execute(_MOVE, {**at, "from_due_at": due, "to_due_at": moved})
                return True
            if due is not None or connection.scalar(_THERE, at) is not None:
                return False  # not due, or another process is claiming it
            connection.execute(sa.insert(tables.chore), {"name": name, "due_at": moved})
            return True

        return await self._writer.run(claim)

    async def move(self, name: str, held: datetime, until: datetime) -> bool:
        """Reschedule a claimed chore; return whether the claim was still the caller's."""
        moved = {
            "at_name": name,
            "from_due_at": to_micros(held),
            "to_due_at": to_micros(until),
        }
        return await self._writer.run(
            lambda connection: connection.execute(_MOVE, moved).rowcount == 1
        )
