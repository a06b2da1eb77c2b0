"""Separation of duties: whether one person could act under the names of two agents.

Someone who adds an agent, or resets an agent's access, knows the agent's temporary password;
someone who links an account at the identity provider may have linked their own. The agreement of
two agents is worthless if one person could have signed in as both.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from privacydesk.domain.sign_on import BY_PROVIDER
from privacydesk.domain.signin import BY_COMMAND, AccessEntry, AccessKind

_CONTROL: Final = frozenset(
    {
        AccessKind.AGENT_ADDED,
        AccessKind.ACCESS_RESET,
        AccessKind.AGENT_ENABLED,
        AccessKind.IDENTITY_LINKED,
    }
)
"""The changes whose author can sign in as the changed agent."""

CHANGES: Final = _CONTROL | {AccessKind.AGENT_CHANGED}
"""The changes of access that separation depends on."""


def are_separate(one: str, other: str, changes: Collection[AccessEntry]) -> bool:
    """Return whether two agents must be two people, judging by recent changes of access.

    They may be one person if anybody could have signed in as both, directly or through other
    agents; or if one of them changed the other's role. Changes by commands without an agent's name
    and by the identity provider are ignored, since the operator can act as any agent anyway.

    Args:
        one: name of an agent.
        other: name of another agent.
        changes: recent access log entries of the kinds in ``CHANGES``.
    """
    by_agents = [entry for entry in changes if entry.by not in ("", BY_COMMAND, BY_PROVIDER)]
    first, second = _controllers(one, by_agents), _controllers(other, by_agents)
    if first & second:
        return False
    return not any(
        (entry.agent == one and entry.by in second) or (entry.agent == other and entry.by in first)
        for entry in by_agents
    )


def _controllers(agent: str, changes: Collection[AccessEntry]) -> frozenset[str]:
    """Return the names of all agents who could have signed in as ``agent``, including itself."""
    controllers, to_visit = {agent}, [agent]
    while to_visit:
        controlled = to_visit.pop()
        for entry in changes:
            is_control = entry.kind in _CONTROL and entry.agent == controlled
            if is_control and entry.by not in controllers:
                controllers.add(entry.by)
                to_visit.append(entry.by)
    return frozenset(controllers)
