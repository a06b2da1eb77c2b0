"""Notification of the viewers of a conversation after each commit.

A notification may be lost: viewers keep a cursor, and read what they missed. Of the commits of
other processes only the conversations are known (``ports.CommitHints``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from privacydesk.domain.conversation import Conversation
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId
from privacydesk.services.api import Listener, Unsubscribe

Watcher = Callable[[ConversationId], None]
"""Called on the event loop after any change of a conversation. It must not block or raise."""

ElsewhereWatcher = Callable[[Sequence[ConversationId]], None]
"""Called on the event loop with conversations that other processes have changed. It must not block
or raise."""


class CommitNotifier:
    """Notifies listeners about commits. To be used on the event loop only.

    Attributes:
        on_change: called after any change that this process makes, to let others know.
    """

    def __init__(self) -> None:
        self.on_change: Watcher | None = None
        self._listeners: dict[ConversationId, list[Listener]] = {}
        self._watchers: list[Watcher] = []
        self._elsewhere_watchers: list[ElsewhereWatcher] = []

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

    def watch_elsewhere(self, watcher: ElsewhereWatcher) -> Unsubscribe:
        """Call ``watcher`` after commits of other processes, until unsubscribed."""
        self._elsewhere_watchers.append(watcher)
        return lambda: self._elsewhere_watchers.remove(watcher)

    def notify_watchers(self, conversation: ConversationId) -> None:
        """Notify the watchers of any change, such as a new event, a note or a new holder."""
        self._wake_watchers(conversation)
        if self.on_change is not None:
            self.on_change(conversation)

    def notify_elsewhere(self, conversations: Sequence[ConversationId]) -> None:
        """Notify all watchers of changes that another process has made."""
        for conversation in conversations:
            self._wake_watchers(conversation)
        for watcher in tuple(self._elsewhere_watchers):
            watcher(conversations)

    def _wake_watchers(self, conversation: ConversationId) -> None:
        for watcher in tuple(self._watchers):
            watcher(conversation)

    def notify_commit(
        self, conversation_id: ConversationId, events: tuple[Event, ...], conversation: Conversation
    ) -> None:
        """Notify the listeners of a conversation about new events; called by the writer."""
        listeners = self._listeners.get(conversation_id)
        if listeners:
            first = events[0].offset if events else 0
            for listener in tuple(listeners):
                listener(first, events, conversation)
        if events:
            self.notify_watchers(conversation_id)

    def notify_view_changed(self, conversation: Conversation) -> None:
        """Notify the listeners of a conversation that only its view changed."""
        self.notify_commit(conversation.id, (), conversation)
