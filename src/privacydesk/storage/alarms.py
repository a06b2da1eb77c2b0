"""Repository of staff alarms; a batch writes those that its own jobs raise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from privacydesk.clock import Clock
from privacydesk.domain.alarms import StaffAlarm
from privacydesk.domain.audit import audit_entries_for_alarms
from privacydesk.domain.staff_channels import StaffChannel
from privacydesk.storage import tables
from privacydesk.storage.audit_entries import write_audit_entries
from privacydesk.storage.codec import to_micros
from privacydesk.storage.id_generator import SecureIdGenerator
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.alarm import alarm_row, read_alarm
from privacydesk.storage.sealing import Seals
from privacydesk.storage.staff_messages import STAFF_MESSAGES_KEY, StaffMessages
from privacydesk.storage.statements import padded
from privacydesk.storage.writer import BatchWriter

_alarm = tables.staff_alarm.c
_ALARMS_OF_AGENT: Final = (
    sa.select(tables.staff_alarm)
    .where(_alarm.agent == sa.bindparam("agent"))
    .order_by(_alarm.at.desc(), _alarm.id)
    .limit(sa.bindparam("count"))
)
_EXISTING_IDS: Final = sa.select(_alarm.id).where(
    _alarm.id.in_(sa.bindparam("ids", expanding=True))
)
_MARK_SEEN: Final = (
    sa.update(tables.staff_alarm)
    .where(_alarm.agent == sa.bindparam("at_agent"), _alarm.seen_at.is_(None))
    .values(seen_at=sa.bindparam("to_seen_at"))
)

_UNSEEN: Final = (
    sa.select(tables.staff_alarm)
    .where(_alarm.seen_at.is_(None), _alarm.id > sa.bindparam("after"))
    .order_by(_alarm.id)
    .limit(sa.bindparam("count"))
)
_MARK_OVER: Final = (
    sa.update(tables.staff_alarm)
    .where(_alarm.id.in_(sa.bindparam("ids", expanding=True)), _alarm.seen_at.is_(None))
    .values(seen_at=sa.bindparam("to_seen_at"))
)
_DELETE_OLD: Final = (
    sa.delete(tables.staff_alarm).where(_alarm.at < sa.bindparam("before")),
    sa.delete(tables.outbox).where(
        tables.outbox.c.conversation_id == STAFF_MESSAGES_KEY,
        tables.outbox.c.created_at < sa.bindparam("before"),
    ),
)


class SqlAlarmStore:
    """Implements ``ports.AlarmStore``."""

    def __init__(
        self,
        writer: BatchWriter,
        reader: SqlReader,
        seals: Seals,
        clock: Clock,
        *,
        staff_channels: Sequence[StaffChannel] = (),
    ) -> None:
        self._writer = writer
        self._reader = reader
        self._seals = seals
        self._clock = clock
        self._staff_channels = staff_channels
        self._id_generator = SecureIdGenerator()

    async def alarms_of(self, agent: str, *, limit: int) -> tuple[StaffAlarm, ...]:
        """Return an agent's alarms, newest first."""
        params = {"agent": agent, "count": limit}
        return await self._reader.read(
            lambda connection: tuple(
                read_alarm(row) for row in connection.execute(_ALARMS_OF_AGENT, params)
            )
        )

    async def add_new(self, alarms: Sequence[StaffAlarm]) -> int:
        """Store alarms that are not stored yet; return how many were new."""
        if not alarms:
            return 0
        ids = padded([alarm.id for alarm in alarms])

        def write(connection: sa.Connection) -> int:
            existing = {bytes(row.id) for row in connection.execute(_EXISTING_IDS, {"ids": ids})}
            new = [alarm for alarm in alarms if alarm.id not in existing]
            if new:
                connection.execute(sa.insert(tables.staff_alarm), list(map(alarm_row, new)))
                write_audit_entries(connection, self._seals, audit_entries_for_alarms(new))
                self._tell_channels(connection, alarms, existing)
            return len(new)

        return await self._writer.run(write)

    def _tell_channels(
        self, connection: sa.Connection, alarms: Sequence[StaffAlarm], existing: set[bytes]
    ) -> None:
        """Tell the group chats of staff of causes of which nobody was alerted yet."""
        messages = StaffMessages(self._staff_channels, self._id_generator, self._clock.now())
        told = {(one.kind, one.conversation_id, one.at) for one in alarms if one.id in existing}
        messages.add_alarms(
            one for one in alarms if (one.kind, one.conversation_id, one.at) not in told
        )
        if rows := messages.rows(connection, self._seals):
            connection.execute(sa.insert(tables.outbox), rows)

    async def mark_seen(self, agent: str, about: Sequence[bytes] | None, now: datetime) -> int:
        """Mark an agent's unseen alarms as seen; return how many."""
        update = _MARK_SEEN
        if about is not None:
            subject = sa.func.coalesce(_alarm.ticket_id, _alarm.conversation_id)
            update = update.where(subject.in_(about))
        params = {"at_agent": agent, "to_seen_at": to_micros(now)}
        return await self._writer.run(lambda c: int(c.execute(update, params).rowcount))

    async def unseen(self, *, after: bytes, limit: int) -> tuple[StaffAlarm, ...]:
        """Return alarms that their agents have not seen; see ``ports.AlarmStore``."""
        params = {"after": after, "count": limit}
        return await self._reader.read(
            lambda connection: tuple(map(read_alarm, connection.execute(_UNSEEN, params)))
        )

    async def mark_over(self, alarms: Sequence[bytes], now: datetime) -> int:
        """Mark alarms as seen, whoever they are for; return how many were not."""
        if not alarms:
            return 0
        params = {"ids": padded(list(alarms)), "to_seen_at": to_micros(now)}
        return await self._writer.run(lambda c: int(c.execute(_MARK_OVER, params).rowcount))

    async def sweep(self, before: datetime) -> None:
        """Delete alarms raised before an instant, and the messages that told them."""
        params = {"before": to_micros(before)}

        def delete(connection: sa.Connection) -> None:
            for statement in _DELETE_OLD:
                connection.execute(statement, params)

        await self._writer.run(delete)
