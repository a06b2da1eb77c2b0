"""Presence: who is typing, what was read and who views it, in this process's memory only.

An agent may type through one process and have the page open in another, and a client that polls
never disconnects. So nothing here relies on being told that somebody stopped, and the number of
conversations remembered is limited.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

from privacydesk.clock import Clock
from privacydesk.domain.ids import ConversationId
from privacydesk.domain.instants import happened_within

_TYPING_TIMEOUT = timedelta(seconds=6)
_MAX_CONVERSATIONS: Final = 100_000
"""More conversations than a process serves at once."""

_V = TypeVar("_V")
_ByConversation = OrderedDict[ConversationId, _V]
"""Values by conversation, the one updated last at the end."""


class Presence:
    """Tracks who is typing in a conversation, who views it, and what was read.

    Args:
        clock: source of the current time.
        max_conversations: how many conversations are remembered for each kind of information.
    """

    def __init__(self, clock: Clock, max_conversations: int = _MAX_CONVERSATIONS) -> None:
        self._clock = clock
        self._max_conversations = max_conversations
        self._user_typed_at: _ByConversation[datetime] = OrderedDict()
        self._agent_typed_at: _ByConversation[datetime] = OrderedDict()
        self._user_read: _ByConversation[int] = OrderedDict()
        self._agent_read: _ByConversation[int] = OrderedDict()
        self._drafted_at: _ByConversation[dict[str, datetime]] = OrderedDict()
        self._viewers: dict[ConversationId, Counter[str]] = {}

    def set_user_typing(self, conversation: ConversationId) -> None:
        """Record that the user is typing."""
        self._set(self._user_typed_at, conversation, self._clock.now())

    def set_agent_typing(self, conversation: ConversationId) -> None:
        """Record that the agent who owns the conversation is typing a reply to the user."""
        self._set(self._agent_typed_at, conversation, self._clock.now())

    def clear_user_typing(self, conversation: ConversationId) -> None:
        """Record that the user has stopped typing, since their message is being sent."""
        self._user_typed_at.pop(conversation, None)

    def clear_agent_typing(self, conversation: ConversationId) -> None:
        """Record that the agent has stopped typing, since their reply is being sent."""
        self._agent_typed_at.pop(conversation, None)

    def is_agent_typing(self, conversation: ConversationId) -> bool:
        """Return whether the agent who owns the conversation is typing a reply."""
        typed_at = self._agent_typed_at.get(conversation)
        return happened_within(typed_at, self._clock.now(), _TYPING_TIMEOUT)

    def set_agent_drafting(self, conversation: ConversationId, agent: str) -> None:
        """Record that an agent is typing anything on a case's page, such as a note or a reply."""
        drafted_at = self._drafted_at.get(conversation, {})
        drafted_at[agent] = self._clock.now()
        self._set(self._drafted_at, conversation, drafted_at)

    def agents_drafting(self, conversation: ConversationId) -> tuple[str, ...]:
        """Return the names of the agents who are typing on a case's page."""
        drafted_at, now = self._drafted_at.get(conversation, {}), self._clock.now()
        return tuple(
            sorted(
                agent
                for agent, typed_at in drafted_at.items()
                if happened_within(typed_at, now, _TYPING_TIMEOUT)
            )
        )

    def is_user_typing(self, conversation: ConversationId) -> bool:
        """Return whether the user is typing."""
        typed_at = self._user_typed_at.get(conversation)
        return happened_within(typed_at, self._clock.now(), _TYPING_TIMEOUT)

    def mark_read_by_user(self, conversation: ConversationId, offset: int) -> None:
        """Record that the user has read everything up to ``offset``."""
        if offset > self._user_read.get(conversation, 0):
            self._set(self._user_read, conversation, offset)

    def last_read_by_user(self, conversation: ConversationId) -> int:
        """Return the last offset that the user has read; 0 if it is not known."""
        return self._user_read.get(conversation, 0)

    def mark_read_by_agent(self, conversation: ConversationId, offset: int) -> None:
        """Record that an agent has read everything up to ``offset``."""
        read = max(offset, self._agent_read.get(conversation, 0))
        self._set(self._agent_read, conversation, read)

    def last_read_by_agent(self, conversation: ConversationId) -> int:
        """Return the last offset that an agent has read; 0 if it is not known."""
        return self._agent_read.get(conversation, 0)

    def add_viewer(self, conversation: ConversationId, agent: str) -> Callable[[], None]:
        """Record that an agent has opened a conversation.

        Returns:
            A function to call once the agent has closed it.
        """
        viewers = self._viewers.setdefault(conversation, Counter())
        viewers[agent] += 1

        def close() -> None:
            viewers[agent] -= 1
            if viewers[agent] <= 0:
                del viewers[agent]
                self._drafted_at.get(conversation, {}).pop(agent, None)
            if not viewers:
                self._viewers.pop(conversation, None)
                self._drafted_at.pop(conversation, None)
                self._agent_typed_at.pop(conversation, None)

        return close

    def viewers(self, conversation: ConversationId) -> tuple[str, ...]:
        """Return the names of the agents who have the conversation open in this process."""
        return tuple(sorted(self._viewers.get(conversation, ())))

    def forget_user(self, conversation: ConversationId) -> None:
        """Forget what is known of a user, once their last connection is closed."""
        self._user_typed_at.pop(conversation, None)
        self._user_read.pop(conversation, None)

    def _set(self, values: _ByConversation[_V], conversation: ConversationId, value: _V) -> None:
        values[conversation] = value
        values.move_to_end(conversation)
        if len(values) > self._max_conversations:
            values.popitem(last=False)
