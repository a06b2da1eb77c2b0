"""Typing and read marks: known to this process, lost with it, and no part of the log."""

from __future__ import annotations

from datetime import datetime, timedelta

from privacydesk.clock import Clock
from privacydesk.domain.ids import ConversationId

_TYPES_FOR = timedelta(seconds=6)


class Presence:
    """Who is writing and what was seen."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._user_typed: dict[ConversationId, datetime] = {}
        self._agent_typed: dict[ConversationId, datetime] = {}
        self._user_read: dict[ConversationId, int] = {}
        self._agent_read: dict[ConversationId, int] = {}

    def user_types(self, conversation: ConversationId) -> None:
        """Note that the user is writing."""
        self._user_typed[conversation] = self._clock.now()

    def agent_writes(self, conversation: ConversationId) -> None:
        """Note that an agent is writing."""
        self._agent_typed[conversation] = self._clock.now()

    def agent_types(self, conversation: ConversationId) -> bool:
        """Tell whether an agent is writing just now."""
        at = self._agent_typed.get(conversation)
        return at is not None and self._clock.now() - at <= _TYPES_FOR

    def user_typed(self, conversation: ConversationId) -> bool:
        """Tell whether the user is writing just now."""
        at = self._user_typed.get(conversation)
        return at is not None and self._clock.now() - at <= _TYPES_FOR

    def user_reads(self, conversation: ConversationId, offset: int) -> None:
        """Note that the user has seen everything up to ``offset``."""
        if offset > self._user_read.get(conversation, 0):
            self._user_read[conversation] = offset

    def user_has_read(self, conversation: ConversationId) -> int:
        """Return the last offset the user has seen; 0 when it is not known."""
        return self._user_read.get(conversation, 0)

    def agent_reads(self, conversation: ConversationId, offset: int) -> None:
        """Note that an agent has seen everything up to ``offset``."""
        self._agent_read[conversation] = max(offset, self._agent_read.get(conversation, 0))

    def agent_read(self, conversation: ConversationId) -> int:
        """Return the last offset an agent has seen."""
        return self._agent_read.get(conversation, 0)

    def user_left(self, conversation: ConversationId) -> None:
        """Forget a user whose last connection is gone."""
        self._user_typed.pop(conversation, None)
        self._user_read.pop(conversation, None)
