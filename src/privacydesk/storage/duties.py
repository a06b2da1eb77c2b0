"""Repository of agents' availability, which is stored so that it survives a process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.duty import MAX_PRESENCE, Duty, DutyState, StaffBoard
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.instants import CLOCK_TOLERANCE
from privacydesk.ports import AbandonedConversation
from privacydesk.storage import queries, tables
from privacydesk.storage.codec import opt_instant, to_micros
from privacydesk.storage.reader import SqlReader
from privacydesk.storage.rows.alarm import NO_CONVERSATION
from privacydesk.storage.rows.duty import duty_row, read_duty
from privacydesk.storage.statements import padded
from privacydesk.storage.writer import BatchWriter

_duty = tables.agent_duty.c
_conversation = tables.conversation.c
_agent = tables.agent.c
_alarm = tables.staff_alarm.c
# A literal, not a bound parameter: only then is the partial index used.
_WITH_AGENT: Final = _conversation.owner_kind == sa.literal_column(f"'{OwnerKind.AGENT.value}'")

_ALL_DUTIES: Final = sa.select(tables.agent_duty)
_COUNT_CONVERSATIONS: Final = (
    sa.select(_conversation.owner_agent, sa.func.count().label("amount"))
    .where(_WITH_AGENT)
    .group_by(_conversation.owner_agent)
)
# One for each row of the list of alarms: what they are about, or the alarm itself.
_ALARM_SUBJECT: Final = sa.func.coalesce(
    _alarm.ticket_id, sa.func.nullif(_alarm.conversation_id, NO_CONVERSATION), _alarm.id
)
_COUNT_UNSEEN_ALARMS: Final = (
    sa.select(_alarm.agent, sa.func.count(_ALARM_SUBJECT.distinct()).label("amount"))
    .where(_alarm.seen_at.is_(None))
    .group_by(_alarm.agent)
)
_LOCK_DUTIES: Final = (
    sa.select(tables.agent_duty)
    .where(_duty.agent.in_(sa.bindparam("agents", expanding=True)))
    .order_by(_duty.agent)
    .with_for_update()
)
_UPDATE_DUTY: Final = sa.update(tables.agent_duty).where(_duty.agent == sa.bindparam("at_agent"))
_ABANDONED_CONVERSATIONS: Final = (
    sa.select(_conversation.id, _conversation.owner_agent, _duty.state, _agent.active)
    .select_from(tables.conversation)
    .outerjoin(tables.agent_duty, _duty.agent == _conversation.owner_agent)
    .outerjoin(tables.agent, _agent.name == _conversation.owner_agent)
    .where(
        _WITH_AGENT,
        sa.or_(
            _duty.there_until.is_(None),
            ~_duty.there_until.between(sa.bindparam("now") + 1, sa.bindparam("latest")),
            sa.not_(_agent.active),
        ),
    )
    .order_by(_conversation.id)
)


class SqlDutyStore:
    """Implements ``ports.DutyStore``."""

    def __init__(self, writer: BatchWriter, reader: SqlReader) -> None:
        self._writer = writer
        self._reader = reader

    async def board(self) -> StaffBoard:
        """Return the availability and workload of all agents."""

        def fetch(connection: sa.Connection) -> StaffBoard:
            return StaffBoard(
                duties={row.agent: read_duty(row) for row in connection.execute(_ALL_DUTIES)},
                conversations={
                    row.owner_agent: row.amount for row in connection.execute(_COUNT_CONVERSATIONS)
                },
                unanswered=Counter(
                    row.owner_agent for row in connection.execute(queries.UNANSWERED)
                ),
                queue_length=int(connection.scalar(queries.QUEUE_LENGTH) or 0),
                unseen_alarms={
                    row.agent: row.amount for row in connection.execute(_COUNT_UNSEEN_ALARMS)
                },
                newest_wait=opt_instant(connection.scalar(queries.NEWEST_WAIT)),
                requests={
                    row.holder: row.amount for row in connection.execute(queries.HELD_TICKETS)
                },
            )

        return await self._reader.read(fetch)

    async def change(self, agents: Collection[str], decide: Callable[[Duty], Duty]) -> None:
        """Change the availability of agents in one transaction; see ``ports.DutyStore``."""
        names = sorted(set(agents))
        if not names:
            return

        def write(connection: sa.Connection) -> None:
            rows = connection.execute(_LOCK_DUTIES, {"agents": padded(names)})
            stored = {row.agent: read_duty(row) for row in rows}
            new, changed = [], []
            for name in names:
                before = stored.get(name)
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
                connection.execute(_UPDATE_DUTY, changed)

        await self._writer.run(write)

    async def abandoned_conversations(self, now: datetime) -> tuple[AbandonedConversation, ...]:
        """Return the conversations whose agent is absent or off duty; see ``ports.DutyStore``."""
        latest = now + MAX_PRESENCE + CLOCK_TOLERANCE
        params = {"now": to_micros(now), "latest": to_micros(latest)}

        def fetch(connection: sa.Connection) -> tuple[AbandonedConversation, ...]:
            return tuple(
                AbandonedConversation(
                    ConversationId(row.id),
                    row.owner_agent,
                    left=row.state == DutyState.OFF.value or not row.active,
                )
                for row in connection.execute(_ABANDONED_CONVERSATIONS, params)
            )

        return await self._reader.read(fetch)
