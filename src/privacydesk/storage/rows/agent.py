"""Row mapper of agents."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.agents import Agent, Role
from privacydesk.storage.codec import from_micros, to_micros
from privacydesk.storage.rows.binding import Binding
from privacydesk.storage.sealing import Seal

BINDING = Binding(
    "agent.mac",
    "name",
    "version",
    "display_name",
    "role",
    "created_at",
    "active",
    "locale",
    added="teams",
)


def agent_row(agent: Agent, key: Seal, *, version: int = 1) -> dict[str, Any]:
    """Return the signed row of an agent.

    Args:
        agent: the agent.
        key: the key of the digests.
        version: the version of the row it replaces, plus one.
    """
    row = {
        "name": agent.name,
        "display_name": agent.display_name,
        "role": agent.role.value,
        "created_at": to_micros(agent.created_at),
        "active": agent.active,
        "locale": agent.locale,
        "teams": " ".join(agent.teams),
        "version": version,
    }
    return BINDING.sign(row, key)


def read_agent(row: Any, key: Seal) -> Agent:
    """Return the agent of a row.

    Raises:
        SealError: the row was not signed with this key, or was changed since.
    """
    BINDING.check(row, key)
    return Agent(
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        created_at=from_micros(row.created_at),
        active=row.active,
        locale=row.locale,
        teams=tuple((row.teams or "").split()),
    )
