"""Adding agents, through the writer like every other change."""

from __future__ import annotations

import sqlalchemy as sa

from privacydesk.domain.agents import Agent
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.storage import tables
from privacydesk.storage.keys import writing_key
from privacydesk.storage.rows.agent import agent_row
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_TAKEN = sa.select(tables.agent.c.name).where(tables.agent.c.name == sa.bindparam("name"))


class SqlAgentBook:
    """Agents in the database."""

    def __init__(self, writer: BatchWriter, seals: Seals) -> None:
        self._writer = writer
        self._seals = seals

    async def add(self, agent: Agent) -> None:
        """Add an agent.

        Raises:
            DeskError: with code CONFLICT when the name is taken.
        """

        def insert(connection: sa.Connection) -> None:
            if connection.execute(_TAKEN, {"name": agent.name}).first() is not None:
                raise DeskError("an agent of this name exists", code=ErrorCode.CONFLICT)
            row = agent_row(agent, writing_key(connection, self._seals))
            connection.execute(sa.insert(tables.agent), row)

        await self._writer.run(insert)
