"""Periodic tasks, each run by the first process that claims it when it is due."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.writer import BatchWriter

_chore = tables.chore.c
_LOCK_DUE_TIME = (
    sa.select(_chore.due_at)
    .where(_chore.name == sa.bindparam("at_name"))
    .with_for_update(skip_locked=True)
)
_TASK_NAME = sa.select(_chore.name).where(_chore.name == sa.bindparam("at_name"))
_RESCHEDULE = (
    sa.update(tables.chore)
    .where(_chore.name == sa.bindparam("at_name"), _chore.due_at == sa.bindparam("from_due_at"))
    .values(due_at=sa.bindparam("to_due_at"))
)


class SqlPeriodicTasks:
    """Implements ``ports.PeriodicTasks``: a claim postpones the task's due time."""

    def __init__(self, writer: BatchWriter) -> None:
        self._writer = writer

    async def claim(self, name: str, now: datetime, *, until: datetime, latest: datetime) -> bool:
        """Claim a task that is due; see ``ports.PeriodicTasks``."""
        by_name = {"at_name": name}
        next_due = to_micros(until)

        def claim(connection: sa.Connection) -> bool:
            due = connection.scalar(_LOCK_DUE_TIME, by_name)
            if due is not None and not to_micros(now) < due <= to_micros(latest):
                connection.execute(
                    _RESCHEDULE, {**by_name, "from_due_at": due, "to_due_at": next_due}
                )
                return True
            if due is not None or connection.scalar(_TASK_NAME, by_name) is not None:
                return False  # not due, or another process is claiming it
            connection.execute(sa.insert(tables.chore), {"name": name, "due_at": next_due})
            return True

        return await self._writer.run(claim)

    async def reschedule(self, name: str, held: datetime, until: datetime) -> bool:
        """Reschedule a claimed task; return whether the caller still held the claim."""
        update = {
            "at_name": name,
            "from_due_at": to_micros(held),
            "to_due_at": to_micros(until),
        }
        return await self._writer.run(
            lambda connection: connection.execute(_RESCHEDULE, update).rowcount == 1
        )
