"""Separation of duties: whether one person may act under the names of two agents.

Someone who adds an agent, or resets their access, knows a password of theirs for a while. The
agreement of two agents means nothing while one person may have signed in as both.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from privacydesk.domain.signin import BY_COMMAND, AccessEntry, AccessKind

_CONTROL: Final = frozenset(
    {AccessKind.AGENT_ADDED, AccessKind.ACCESS_RESET, AccessKind.AGENT_ENABLED}
)
"""Changes after which their author can sign in as the agent."""

CHANGES: Final = _CONTROL | {AccessKind.AGENT_CHANGED}
"""The changes of access that decide on separation."""


def are_separate(one: str, other: str, changes: Collection[AccessEntry]) -> bool:
    """Whether two agents are two people, as far as recent changes of access show.

    They are not where somebody, one of them or a third, could have signed in as both, directly or
    through agents under their control; nor where one gave the other a role. Changes made by
    commands in nobody's name count for nobody: an operator may act as any agent anyhow.

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
    """Return everyone who could have signed in as an agent, the agent included."""
    found, waiting = {agent}, [agent]
    while waiting:
        controlled = waiting.pop()
        for entry in changes:
            if entry.kind in _CONTROL and entry.agent == controlled and entry.by not in found:
                found.add(entry.by)
                waiting.append(entry.by)
    return frozenset(found)
