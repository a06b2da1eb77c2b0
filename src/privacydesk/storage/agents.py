"""Repository for adding agents."""

from __future__ import annotations

import sqlalchemy as sa

from privacydesk.domain.agents import Agent
from privacydesk.errors import DeskError, ErrorCode
from privacydesk.storage import tables
from privacydesk.storage.data_keys import get_or_create_digest_key
from privacydesk.storage.rows.agent import agent_row
from privacydesk.storage.sealing import Seals
from privacydesk.storage.writer import BatchWriter

_AGENT_BY_NAME = sa.select(tables.agent.c.name).where(tables.agent.c.name == sa.bindparam("name"))


class SqlAgentStore:
    """Implements ``ports.AgentStore``."""

    def __init__(self, writer: BatchWriter, seals: Seals) -> None:
        self._writer = writer
        self._seals = seals

    async def add(self, agent: Agent) -> None:
        """Add an agent.

        Raises:
            DeskError: with code CONFLICT when the name is taken.
        """

        def insert(connection: sa.Connection) -> None:
            if connection.execute(_AGENT_BY_NAME, {"name": agent.name}).first() is not None:
                raise DeskError("an agent of this name exists", code=ErrorCode.CONFLICT)
            row = agent_row(agent, get_or_create_digest_key(connection, self._seals))
            connection.execute(sa.insert(tables.agent), row)

        await self._writer.run(insert)
