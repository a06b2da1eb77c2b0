"""Separation of duties: whether one person may act under the names of two agents.

Whoever adds an agent, or resets their access, knows a password of theirs for a while. What two
agents have to agree on is no agreement while one person may have signed in as both.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from privacydesk.domain.signin import BY_COMMAND, AccessEntry, AccessKind

_CONTROL: Final = frozenset(
    {AccessKind.AGENT_ADDED, AccessKind.ACCESS_RESET, AccessKind.AGENT_ENABLED}
)
"""Changes after which whoever made them can sign in as the agent."""

CHANGES: Final = _CONTROL | {AccessKind.AGENT_CHANGED}
"""Changes of access that separation is judged by."""


def are_separate(one: str, other: str, changes: Collection[AccessEntry]) -> bool:
    """Tell whether two agents are two people, as far as recent changes of access tell.

    They are not where somebody, one of them or a third, could have signed in as both, directly or
    through agents under their control; nor where one gave the other a role. What commands do in
    nobody's name is nobody's: whoever runs them may act as any agent anyhow.

    Args:
        one: an agent's name.
        other: another's.
        changes: entries of the kinds of ``CHANGES``, recent ones alone.
    """
    named = [entry for entry in changes if entry.by not in ("", BY_COMMAND)]
    first, second = _controllers(one, named), _controllers(other, named)
    if first & second:
        return False
    return not any(
        (entry.agent == one and entry.by in second) or (entry.agent == other and entry.by in first)
        for entry in named
    )


def _controllers(agent: str, changes: Collection[AccessEntry]) -> frozenset[str]:
    """Return whoever could have signed in as an agent, the agent among them."""
    found, waiting = {agent}, [agent]
    while waiting:
        controlled = waiting.pop()
        for entry in changes:
            if entry.kind in _CONTROL and entry.agent == controlled and entry.by not in found:
                found.add(entry.by)
                waiting.append(entry.by)
    return frozenset(found)
