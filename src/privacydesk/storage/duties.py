"""Agents' availability in the database, so that it outlives a process that dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.duty import LONGEST_VISIT, Board, Duty, DutyState
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.instants import CLOCK_TOLERANCE
from privacydesk.ports import Deserted
from privacydesk.storage import queries, tables
from privacydesk.storage.codec import to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.duty import duty_row, read_duty
from privacydesk.storage.statements import padded
from privacydesk.storage.writer import BatchWriter

_duty = tables.agent_duty.c
_conversation = tables.conversation.c
_agent = tables.agent.c
_alarm = tables.staff_alarm.c
# A literal, not bound: only then is the partial index used.
_HELD: Final = _conversation.owner_kind == sa.literal_column(f"'{OwnerKind.AGENT.value}'")

_ALL: Final = sa.select(tables.agent_duty)
_LOADS: Final = (
    sa.select(_conversation.owner_agent, sa.func.count().label("amount"))
    .where(_HELD)
    .group_by(_conversation.owner_agent)
)
_UNSEEN: Final = (
    sa.select(_alarm.agent, sa.func.count().label("amount"))
    .where(_alarm.seen_at.is_(None))
    .group_by(_alarm.agent)
)
_LOCK: Final = (
    sa.select(tables.agent_duty)
    .where(_duty.agent.in_(sa.bindparam("agents", expanding=True)))
    .order_by(_duty.agent)
    .with_for_update()
)
_CHANGE: Final = sa.update(tables.agent_duty).where(_duty.agent == sa.bindparam("at_agent"))
_DESERTED: Final = (
    sa.select(_conversation.id, _conversation.owner_agent, _duty.state, _agent.active)
    .select_from(tables.conversation)
    .outerjoin(tables.agent_duty, _duty.agent == _conversation.owner_agent)
    .outerjoin(tables.agent, _agent.name == _conversation.owner_agent)
    .where(
        _HELD,
        sa.or_(
            _duty.there_until.is_(None),
            ~_duty.there_until.between(sa.bindparam("now") + 1, sa.bindparam("latest")),
            sa.not_(_agent.active),
        ),
    )
    .order_by(_conversation.id)
)


class SqlDuties:
    """Implements ``ports.Duties``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader) -> None:
        self._writer = writer
        self._reader = reader

    async def board(self) -> Board:
        """Return the availability and workload of all agents."""

        def look(connection: sa.Connection) -> Board:
            return Board(
                duties={row.agent: read_duty(row) for row in connection.execute(_ALL)},
                held={row.owner_agent: row.amount for row in connection.execute(_LOADS)},
                unanswered=Counter(
                    row.owner_agent for row in connection.execute(queries.UNANSWERED)
                ),
                waiting=int(connection.scalar(queries.QUEUE_LENGTH) or 0),
                unseen={row.agent: row.amount for row in connection.execute(_UNSEEN)},
            )

        return await self._reader.read(look)

    async def change(self, agents: Collection[str], decide: Callable[[Duty], Duty]) -> None:
        """Change availability in one transaction; see ``ports.Duties``."""
        names = sorted(set(agents))
        if not names:
            return

        def write(connection: sa.Connection) -> None:
            rows = connection.execute(_LOCK, {"agents": padded(names)})
            known = {row.agent: read_duty(row) for row in rows}
            new, changed = [], []
            for name in names:
                before = known.get(name)
                after = decide(before or Duty(name))
                if before is None:
                    if after == Duty(name):
                        continue
                    new.append(duty_row(after))
                elif after != before:
                    row = duty_row(after)
                    changed.append({"at_agent": row.pop("agent"), **row})
            if new:
                connection.execute(sa.insert(tables.agent_duty), new)
            if changed:
                connection.execute(_CHANGE, changed)

        await self._writer.run(write)

    async def deserted(self, now: datetime) -> tuple[Deserted, ...]:
        """Return the conversations whose agent is gone."""
        latest = now + LONGEST_VISIT + CLOCK_TOLERANCE
        wanted = {"now": to_micros(now), "latest": to_micros(latest)}

        def look(connection: sa.Connection) -> tuple[Deserted, ...]:
            return tuple(
                Deserted(
                    ConversationId(row.id),
                    row.owner_agent,
                    left=row.state == DutyState.OFF.value or not row.active,
                )
                for row in connection.execute(_DESERTED, wanted)
            )

        return await self._reader.read(look)
