"""Hints: after a commit, the viewers of a conversation are notified.

A hint may be lost; cursors make up for it.
"""

from __future__ import annotations

from collections.abc import Callable

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId
from privacydesk.services.api import Listener, Unsubscribe

Watcher = Callable[[ConversationId], None]
"""Called on the event loop when anything of a conversation changed. Must not block or raise."""


class Hints:
    """Brings commits of this process to its listeners. Lives on the event loop."""

    def __init__(self) -> None:
        self._listeners: dict[ConversationId, list[Listener]] = {}
        self._watchers: list[Watcher] = []

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

    def watch(self, watcher: Watcher) -> Unsubscribe:
        """Call ``watcher`` after each commit of any conversation, until unsubscribed."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def ticket_changed(self, conversation: ConversationId) -> None:
        """Tell the watchers of a change that left no event: a note, a new holder."""
        for watcher in tuple(self._watchers):
            watcher(conversation)

    def committed(
        self, conversation: ConversationId, events: tuple[Event, ...], state: Conversation
    ) -> None:
        """Tell the listeners of a conversation about new events; the writer calls this."""
        listeners = self._listeners.get(conversation)
        if listeners:
            first = events[0].offset if events else 0
            for listener in tuple(listeners):
                listener(first, events, state)
        if events:
            self.ticket_changed(conversation)

    def changed(self, state: Conversation) -> None:
        """Tell the listeners that only the view changed."""
        self.committed(state.id, (), state)
