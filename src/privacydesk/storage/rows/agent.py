"""Agents as rows."""

from __future__ import annotations

from typing import Any

from privacydesk.domain.agents import Agent, Role
from privacydesk.storage.codec import from_micros, to_micros


def agent_row(agent: Agent) -> dict[str, Any]:
    """Return an agent's row."""
    return {
        "name": agent.name,
        "display_name": agent.display_name,
        "role": agent.role.value,
        "created_at": to_micros(agent.created_at),
        "active": agent.active,
        "locale": agent.locale,
    }


def read_agent(row: Any) -> Agent:
    """Return the agent of a row."""
    return Agent(
        name=row.name,
        display_name=row.display_name,
        role=Role(row.role),
        created_at=from_micros(row.created_at),
        active=row.active,
        locale=row.locale,
    )
