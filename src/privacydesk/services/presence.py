"""Typing, read marks and viewers: kept in this process's memory only, and no part of the log.

An agent may write in one process and have the page open in another, and a client that polls never
leaves: so nothing here relies on an end being reported. Only the latest entries of each kind are
kept.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from privacydesk.clock import Clock
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.instants import happened_within

_TYPES_FOR = timedelta(seconds=6)
_MOST: Final = 100_000
"""More conversations than a process shows at once."""

_V = TypeVar("_V")
_Latest = OrderedDict[ConversationId, _V]


class Presence:
    """Who is writing and who has read what.

    Args:
        most: how many conversations are kept for each kind.
    """

    def __init__(self, clock: Clock, most: int = _MOST) -> None:
        self._clock = clock
        self._most = most
        self._user_typed: _Latest[datetime] = OrderedDict()
        self._agent_typed: _Latest[datetime] = OrderedDict()
        self._user_read: _Latest[int] = OrderedDict()
        self._agent_read: _Latest[int] = OrderedDict()
        self._drafted: _Latest[dict[str, datetime]] = OrderedDict()
        self._watched: dict[ConversationId, Counter[str]] = {}

    def user_types(self, conversation: ConversationId) -> None:
        """Note that the user is writing."""
        self._keep(self._user_typed, conversation, self._clock.now())

    def agent_writes(self, conversation: ConversationId) -> None:
        """Note that the agent who speaks is writing to the user."""
        self._keep(self._agent_typed, conversation, self._clock.now())

    def user_sends(self, conversation: ConversationId) -> None:
        """Note that what the user wrote is being sent."""
        self._user_typed.pop(conversation, None)

    def agent_sends(self, conversation: ConversationId) -> None:
        """Note that what the agent wrote is being sent."""
        self._agent_typed.pop(conversation, None)

    def agent_types(self, conversation: ConversationId) -> bool:
        """Tell whether an agent is writing just now."""
        at = self._agent_typed.get(conversation)
        return happened_within(at, self._clock.now(), _TYPES_FOR)

    def agent_drafts(self, conversation: ConversationId, agent: str) -> None:
        """Note that an agent is writing anything on the page of a case: a note, a decision."""
        drafted = self._drafted.get(conversation, {})
        drafted[agent] = self._clock.now()
        self._keep(self._drafted, conversation, drafted)

    def agents_drafting(self, conversation: ConversationId) -> tuple[str, ...]:
        """Return the agents who are writing on the page of a case just now."""
        drafted, now = self._drafted.get(conversation, {}), self._clock.now()
        return tuple(
            sorted(name for name, at in drafted.items() if happened_within(at, now, _TYPES_FOR))
        )

    def user_typed(self, conversation: ConversationId) -> bool:
        """Tell whether the user is writing just now."""
        at = self._user_typed.get(conversation)
        return happened_within(at, self._clock.now(), _TYPES_FOR)

    def user_reads(self, conversation: ConversationId, offset: int) -> None:
        """Note that the user has seen everything up to ``offset``."""
        if offset > self._user_read.get(conversation, 0):
            self._keep(self._user_read, conversation, offset)

    def user_has_read(self, conversation: ConversationId) -> int:
        """Return the last offset the user has seen; 0 when it is not known."""
        return self._user_read.get(conversation, 0)

    def agent_reads(self, conversation: ConversationId, offset: int) -> None:
        """Note that an agent has seen everything up to ``offset``."""
        read = max(offset, self._agent_read.get(conversation, 0))
        self._keep(self._agent_read, conversation, read)

    def agent_read(self, conversation: ConversationId) -> int:
        """Return the last offset an agent has seen."""
        return self._agent_read.get(conversation, 0)

    def agent_looks(self, conversation: ConversationId, agent: str) -> Callable[[], None]:
        """Note that an agent has a conversation open; call what is returned when it is closed."""
        watched = self._watched.setdefault(conversation, Counter())
        watched[agent] += 1

        def close() -> None:
            watched[agent] -= 1
            if watched[agent] <= 0:
                del watched[agent]
                self._drafted.get(conversation, {}).pop(agent, None)
            if not watched:
                self._watched.pop(conversation, None)
                self._drafted.pop(conversation, None)
                self._agent_typed.pop(conversation, None)

        return close

    def agents_looking(self, conversation: ConversationId) -> tuple[str, ...]:
        """Return the agents who have the conversation open in this process."""
        return tuple(sorted(self._watched.get(conversation, ())))

    def user_left(self, conversation: ConversationId) -> None:
        """Forget a user whose last connection is gone."""
        self._user_typed.pop(conversation, None)
        self._user_read.pop(conversation, None)

    def _keep(self, among: _Latest[_V], conversation: ConversationId, value: _V) -> None:
        among[conversation] = value
        among.move_to_end(conversation)
        if len(among) > self._most:
            among.popitem(last=False)
