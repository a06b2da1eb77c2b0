"""Hints: after a commit, whoever shows a conversation is told.

A hint may be lost; cursors mend it.
"""

from __future__ import annotations

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId
from privacydesk.services.api import Listener, Unsubscribe


class Hints:
    """Brings commits of this process to its listeners. Lives on the event loop."""

    def __init__(self) -> None:
        self._listeners: dict[ConversationId, list[Listener]] = {}

    def subscribe(self, conversation: ConversationId, listener: Listener) -> Unsubscribe:
        """Call ``listener`` after each commit of a conversation, until unsubscribed."""
        listeners = self._listeners.setdefault(conversation, [])
        listeners.append(listener)

        def unsubscribe() -> None:
            if listener in listeners:
                listeners.remove(listener)
            if not listeners:
                self._listeners.pop(conversation, None)

        return unsubscribe

    def committed(
        self, conversation: ConversationId, events: tuple[Event, ...], state: Conversation
    ) -> None:
        """Tell the listeners of a conversation about new events; the writer calls this."""
        listeners = self._listeners.get(conversation)
        if listeners:
            first = events[0].offset if events else 0
            for listener in tuple(listeners):
                listener(first, events, state)

    def changed(self, state: Conversation) -> None:
        """Tell the listeners that only the view changed."""
        self.committed(state.id, (), state)
