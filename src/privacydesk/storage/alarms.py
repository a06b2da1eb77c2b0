"""Staff alarms. Those of tickets are written by the batch that raises them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from privacydesk.domain.alarms import StaffAlarm
from privacydesk.storage import tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.alarm import alarm_row, read_alarm
from privacydesk.storage.statements import padded
from privacydesk.storage.writer import BatchWriter

_alarm = tables.staff_alarm.c
_OF: Final = (
    sa.select(tables.staff_alarm)
    .where(_alarm.agent == sa.bindparam("agent"))
    .order_by(_alarm.at.desc(), _alarm.id)
    .limit(sa.bindparam("count"))
)
_KNOWN: Final = sa.select(_alarm.id).where(_alarm.id.in_(sa.bindparam("ids", expanding=True)))
_SEE: Final = (
    sa.update(tables.staff_alarm)
    .where(_alarm.agent == sa.bindparam("at_agent"), _alarm.seen_at.is_(None))
    .values(seen_at=sa.bindparam("to_seen_at"))
)


class SqlAlarmBook:
    """Implements ``ports.AlarmBook``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader) -> None:
        self._writer = writer
        self._reader = reader

    async def of(self, agent: str, *, limit: int) -> tuple[StaffAlarm, ...]:
        """Return an agent's alarms, the newest first."""
        wanted = {"agent": agent, "count": limit}
        return await self._reader.read(
            lambda connection: tuple(read_alarm(row) for row in connection.execute(_OF, wanted))
        )

    async def ring(self, alarms: Sequence[StaffAlarm]) -> int:
        """Store alarms that were not raised before; return how many."""
        if not alarms:
            return 0
        ids = padded([one.id for one in alarms])

        def write(connection: sa.Connection) -> int:
            known = {bytes(row.id) for row in connection.execute(_KNOWN, {"ids": ids})}
            rows = [alarm_row(one) for one in alarms if one.id not in known]
            if rows:
                connection.execute(sa.insert(tables.staff_alarm), rows)
            return len(rows)

        return await self._writer.run(write)

    async def see(self, agent: str, about: Sequence[bytes] | None, now: datetime) -> int:
        """Mark an agent's alarms as seen; return how many."""
        seen = _SEE
        if about is not None:
            seen = seen.where(sa.func.coalesce(_alarm.ticket_id, _alarm.conversation_id).in_(about))
        noted = {"at_agent": agent, "to_seen_at": to_micros(now)}
        return await self._writer.run(lambda c: int(c.execute(seen, noted).rowcount))

    async def sweep(self, before: datetime) -> None:
        """Remove alarms from before an instant."""
        old = sa.delete(tables.staff_alarm).where(_alarm.at < to_micros(before))
        await self._writer.run(lambda connection: connection.execute(old).rowcount)
