"""The viewers of each conversation in this process, which share one subscription.

The events of a commit are encoded once and delivered to every viewer of the conversation.
Notifications may be lost, and another process may append to the log, so each viewer has its own
cursor and reads the events that it missed: at once after a hint from the process that appended
them, else when cursors are compared with the log.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from privacydesk.domain.conversation import Conversation, OwnerKind
from privacydesk.domain.events import Event, EventKind
from privacydesk.domain.ids import ConversationId
from privacydesk.services.api import Desk, Session, Unsubscribe, View
from privacydesk.web.chat.encoding import encode, events_frame, view_json

Spawn = Callable[[Coroutine[Any, Any, None]], None]


class Viewer(Protocol):
    """A client that displays a conversation.

    Attributes:
        session: the client's session. Its locale follows the conversation's, for error messages.
    """

    session: Session

    def deliver(self, first: int, last: int, frame: bytes) -> None:
        """Deliver the events of a commit.

        Args:
            first: offset of the first event.
            last: offset of the last event.
            frame: the encoded ``events`` frame.
        """
        ...

    def catch_up_to(self, head: int) -> None:
        """Read and send the events that are missing up to the offset ``head``."""
        ...

    def send(self, frame: bytes) -> None:
        """Send a frame that is not part of the log."""
        ...

    def restart(self) -> None:
        """Make the client start over, because the conversation's epoch has changed."""
        ...

    def expire(self) -> None:
        """Stop serving the session, because its token has expired."""
        ...


class Channel:
    """All viewers of one conversation.

    Args:
        hub: the hub it belongs to.
        conversation: the conversation's id.
        is_new: whether the conversation has just begun and belongs to no account, so that it has no
            requests yet.
    """

    __slots__ = (
        "_hub",
        "_last_requests",
        "_last_view",
        "_outdated",
        "_refreshing",
        "_version",
        "conversation",
        "owner",
        "unsubscribe",
        "viewers",
    )

    def __init__(self, hub: Hub, conversation: ConversationId, *, is_new: bool = False) -> None:
        self._hub = hub
        self._last_view: View | None = None
        # The last offset that viewers were told of by a commit.
        self._version = 0
        # None as long as it is not known whether there are any.
        self._last_requests: tuple[Mapping[str, Any], ...] | None = () if is_new else None
        self._refreshing = False
        # Whether a refresh was requested while another one was reading.
        self._outdated = False
        self.conversation = conversation
        self.viewers: list[Viewer] = []
        self.owner = OwnerKind.ASSISTANT
        self.unsubscribe: Unsubscribe = hub.desk.subscribe(conversation, self._on_commit)

    def _on_commit(self, first: int, events: tuple[Event, ...], conversation: Conversation) -> None:
        viewers = self.viewers
        view = self._hub.desk.view_of(conversation)
        self._version = max(self._version, view.version)
        self._apply(view)
        if events:
            self._last_view = replace(view, version=0)
            frame = events_frame(events, view)
            last = first + len(events) - 1
            # A viewer may leave while it is called.
            for viewer in tuple(viewers):
                if viewer.session.epoch != conversation.epoch:
                    viewer.restart()
                else:
                    viewer.deliver(first, last, frame)
        else:
            self.send_view(view, typing=view.agent_typing)
        if viewers and (view.owner is OwnerKind.QUEUE or self._may_change_requests(events)):
            self._hub.spawn(self.refresh())

    def _may_change_requests(self, events: tuple[Event, ...]) -> bool:
        """Whether a commit may have changed requests; most conversations have none."""
        may_have_some = self._last_requests != ()
        return bool(events) and (may_have_some or any(e.kind is EventKind.TICKET for e in events))

    async def refresh(self) -> None:
        """Read the complete view and send it if it has changed.

        One reading runs at a time: commits that come faster would pile up readings, each of which
        is outdated when it is done.
        """
        self._outdated = True
        if self._refreshing:
            return
        self._refreshing = True
        try:
            while self._outdated and self.viewers:
                self._outdated = False
                view = await self._hub.desk.view(self.viewers[0].session)
                # What was committed while it was read would be taken back on the page.
                self._outdated |= view.version < self._version
                if not self._outdated:
                    self.send_view(view)
        finally:
            self._refreshing = False

    def send_view(self, view: View, *, typing: bool = False) -> None:
        """Send a view to all viewers, unless it was the last one sent, alone or with events.

        Requests are sent if they have changed.

        Args:
            view: the view.
            typing: whether to send a typing signal of the agent first.
        """
        self._apply(view)
        if typing:
            for viewer in tuple(self.viewers):
                viewer.send(_TYPING_FRAME)
        requests, known = view.requests, self._last_requests or ()
        if requests is not None:
            self._last_requests = requests
        if requests is None or requests == known:
            view = replace(view, requests=None)
        # It is the same view, whatever it was read from.
        view = replace(view, version=0)
        if view == self._last_view:
            return
        self._last_view = replace(view, requests=None)
        frame = encode({"type": "view", "view": view_json(view)})
        for viewer in tuple(self.viewers):
            viewer.send(frame)

    def _apply(self, view: View) -> None:
        """Update the owner, and the locale of the viewers' sessions."""
        self.owner = view.owner
        for viewer in self.viewers:
            update_locale(viewer, view)


def update_locale(viewer: Viewer, view: View) -> None:
    """Update the locale of a viewer's session from a view."""
    if viewer.session.locale != view.locale:
        viewer.session = replace(viewer.session, locale=view.locale)


_TYPING_FRAME = encode({"type": "typing", "from": "agent"})


class Hub:
    """The channels of all conversations that are displayed by clients of this process.

    Args:
        desk: the service that conversations are read from and subscribed to.
        spawn: runs a coroutine in the background and logs its failure.
    """

    def __init__(self, desk: Desk, spawn: Spawn) -> None:
        self.desk = desk
        self.spawn = spawn
        self._channels: dict[ConversationId, Channel] = {}
        desk.watch_elsewhere(self._on_commit_elsewhere)

    def join(self, viewer: Viewer, *, is_new: bool = False) -> Channel:
        """Add a viewer to its conversation's channel.

        Args:
            viewer: the viewer.
            is_new: whether its conversation has just begun, without an account.
        """
        conversation = viewer.session.conversation
        channel = self._channels.get(conversation)
        if channel is None:
            channel = Channel(self, conversation, is_new=is_new)
            self._channels[conversation] = channel
        channel.viewers.append(viewer)
        return channel

    def viewer_count(self, conversation: ConversationId) -> int:
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
        """Yield all current viewers; viewers may leave during the iteration."""
        for channel in tuple(self._channels.values()):
            yield from tuple(channel.viewers)

    def channels(self) -> Iterable[Channel]:
        """Return all current channels."""
        return tuple(self._channels.values())

    def _on_commit_elsewhere(self, conversations: Sequence[ConversationId]) -> None:
        """Bring the viewers of conversations up to date that another process has changed."""
        channels = [self._channels[one] for one in conversations if one in self._channels]
        if channels:
            self.spawn(self._check_heads(channels))

    async def check_heads(self, chunk: int = 500) -> None:
        """Bring all viewers up to date with the log, in case notifications were lost.

        Args:
            chunk: number of conversations per query.
        """
        await self._check_heads(tuple(self._channels.values()), chunk)

    async def _check_heads(self, channels: Sequence[Channel], chunk: int = 500) -> None:
        for start in range(0, len(channels), chunk):
            batch = channels[start : start + chunk]
            heads = await self.desk.heads([channel.conversation for channel in batch])
            for channel in batch:
                head = heads.get(channel.conversation)
                for viewer in tuple(channel.viewers):
                    if head is None:
                        viewer.restart()  # The conversation was purged.
                    else:
                        viewer.catch_up_to(head)
                if channel.owner is OwnerKind.QUEUE:
                    await channel.refresh()
