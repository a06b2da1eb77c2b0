"""The viewers of each conversation in this process, and their one shared subscription.

A commit is encoded once and handed to every viewer of the conversation. Notifications may be
lost and the log may be changed by another process, so each viewer keeps a cursor of its own and
reads what it has missed.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any, Protocol

from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event
from privacydesk.domain.ids import ConversationId
from privacydesk.services.api import Desk, Session, Unsubscribe, View
from privacydesk.web.chat.encoding import encode, events_frame, view_json

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Viewer(Protocol):
    """A client that shows a conversation.

    Attributes:
        session: its locale is the conversation's current one: errors are worded in it.
    """

    session: Session

    def deliver(self, first: int, last: int, frame: bytes) -> None:
        """Take a commit's events, already encoded."""
        ...

    def behind(self, head: int) -> None:
        """Learn that the log goes up to ``head``; read what is missing."""
        ...

    def show(self, frame: bytes) -> None:
        """Take a frame that is not part of the log."""
        ...

    def restart(self) -> None:
        """Learn that the conversation's epoch has changed."""
        ...

    def expire(self) -> None:
        """Learn that its session's token has expired."""
        ...


class Channel:
    """All viewers of one conversation."""

    __slots__ = ("_hub", "_shown", "conversation", "owner", "unsubscribe", "viewers")

    def __init__(self, hub: Hub, conversation: ConversationId) -> None:
        self._hub = hub
        self._shown: View | None = None
        self.conversation = conversation
        self.viewers: list[Viewer] = []
        self.owner = OwnerKind.ASSISTANT
        self.unsubscribe: Unsubscribe = hub.desk.subscribe(conversation, self._committed)

    def _committed(self, first: int, events: tuple[Event, ...], conversation: Conversation) -> None:
        viewers = self.viewers
        view = self._hub.desk.glance(conversation)
        self._note(view)
        if events:
            self._shown = view
            frame = events_frame(events, view)
            last = first + len(events) - 1
            # A viewer may leave while it is called.
            for viewer in tuple(viewers):
                if viewer.session.epoch != conversation.epoch:
                    viewer.restart()
                else:
                    viewer.deliver(first, last, frame)
        else:
            self.show(view, typing=view.agent_typing)
        if view.owner is OwnerKind.QUEUE and viewers:
            self._hub.spawn(self.refresh())

    async def refresh(self) -> None:
        """Read the whole view and show it if it changed."""
        if self.viewers:
            self.show(await self._hub.desk.view(self.viewers[0].session))

    def show(self, view: View, *, typing: bool = False) -> None:
        """Show a view to all, unless it was the last one shown, alone or with events."""
        self._note(view)
        if typing:
            for viewer in tuple(self.viewers):
                viewer.show(TYPING)
        if view == self._shown:
            return
        self._shown = view
        frame = encode({"type": "view", "view": view_json(view)})
        for viewer in tuple(self.viewers):
            viewer.show(frame)

    def _note(self, view: View) -> None:
        self.owner = view.owner
        for viewer in self.viewers:
            keep_language(viewer, view)


def keep_language(viewer: Viewer, view: View) -> None:
    """Update the locale of a viewer's session from a view."""
    if viewer.session.locale != view.locale:
        viewer.session = replace(viewer.session, locale=view.locale)


TYPING = encode({"type": "typing", "from": "agent"})


class Hub:
    """The channels of this process.

    Attributes:
        desk: where conversations are subscribed to and read.
        spawn: runs a coroutine in the background and logs its failure.
    """

    def __init__(self, desk: Desk, spawn: Spawn) -> None:
        self.desk = desk
        self.spawn = spawn
        self._channels: dict[ConversationId, Channel] = {}

    def join(self, viewer: Viewer) -> Channel:
        """Add a viewer to its conversation's channel."""
        conversation = viewer.session.conversation
        channel = self._channels.get(conversation)
        if channel is None:
            channel = self._channels[conversation] = Channel(self, conversation)
        channel.viewers.append(viewer)
        return channel

    def count(self, conversation: ConversationId) -> int:
        """Return the number of a conversation's viewers."""
        channel = self._channels.get(conversation)
        return len(channel.viewers) if channel is not None else 0

    def leave(self, viewer: Viewer) -> bool:
        """Remove a viewer; return whether it was the conversation's last."""
        channel = self._channels.get(viewer.session.conversation)
        if channel is None or viewer not in channel.viewers:
            return False
        channel.viewers.remove(viewer)
        if channel.viewers:
            return False
        channel.unsubscribe()
        del self._channels[channel.conversation]
        return True

    def viewers(self) -> Iterator[Viewer]:
        """Return all viewers as of now; any of them may leave meanwhile."""
        for channel in tuple(self._channels.values()):
            yield from tuple(channel.viewers)

    def channels(self) -> Iterable[Channel]:
        """Return the channels as they are now."""
        return tuple(self._channels.values())

    async def compare(self, chunk: int = 500) -> None:
        """Compare viewers with the log, so that a lost notification costs seconds, not messages."""
        channels = tuple(self._channels.values())
        for start in range(0, len(channels), chunk):
            part = channels[start : start + chunk]
            heads = await self.desk.heads([channel.conversation for channel in part])
            for channel in part:
                head = heads.get(channel.conversation)
                for viewer in tuple(channel.viewers):
                    if head is None:
                        viewer.restart()  # purged with its retention period
                    else:
                        viewer.behind(head)
                if channel.owner is OwnerKind.QUEUE:
                    await channel.refresh()
