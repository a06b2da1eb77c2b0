"""The frames that the desk sends, as the AsyncAPI document describes them.

``encoding`` writes them from dicts, because that takes less time; tests compare what is sent with
the schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType

from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.events import ChoiceStyle, InputKind, Sender
from privacydesk.errors import ErrorCode
from privacydesk.web.chat.cards import (
    DetailsData,
    Instant,
    OwnerData,
    PackageData,
    TextData,
    TicketCard,
    TicketData,
    UploadedData,
    WarningData,
)
from privacydesk.web.chat.frame_parser import FrameId, Offset


class Limits(Struct, frozen=True):
    """The limits that a client needs.

    Attributes:
        text: characters of a message.
        frame: bytes of a frame.
        upload: bytes of a file.
        uploads: files of an ``upload`` frame.
        id: characters of a frame's id.
        messages_per_second: messages of a conversation on average.
        burst: messages of a conversation at once.
    """

    text: int
    frame: int
    upload: int
    uploads: int
    id: int
    messages_per_second: float
    burst: int


class QueueWait(Struct, frozen=True, rename={"least": "from", "most": "to"}):
    """How long people waited lately, in minutes: half of them between these."""

    least: int
    most: int


class ViewState(Struct, frozen=True):
    """The state of the conversation that is shown beside the log.

    Attributes:
        owner: who speaks besides the user.
        agent: the agent's display name; empty unless one is there.
        queue_place: 1 for the next to be served; 0 when not waiting or not known yet.
        prompt: the offset of the open question; 0 for none.
        locale: the language: ``zh_Hans``, ``zh_Hant`` or ``en``.
        agent_typing: whether the agent is writing.
        agent_read: the last offset an agent has seen.
        accepts_files: whether files may be uploaded now.
        agent_since: when the agent took over; null unless one is there.
        queue_wait: null when not waiting, or if too little is known.
        requests: the cards of the user's requests, newest first; left out while they have not
            changed.
    """

    owner: OwnerKind
    agent: str
    queue_place: int
    prompt: Offset
    locale: str
    agent_typing: bool
    agent_read: Offset
    accepts_files: bool
    agent_since: Instant | None
    queue_wait: QueueWait | None
    requests: tuple[TicketCard, ...] | UnsetType = UNSET


class Button(Struct, frozen=True):
    """A choice of a question.

    Attributes:
        id: what ``choose`` sends.
        detail: what is known about it, such as how much there is.
    """

    id: str
    label: str
    style: ChoiceStyle
    detail: str | UnsetType = UNSET


class _Event(Struct, frozen=True, rename={"sender": "from"}):
    offset: Offset
    at: Instant
    sender: Sender
    text: str
    lang: str
    key: str | UnsetType = UNSET
    choices: tuple[Button, ...] | UnsetType = UNSET
    input: InputKind | UnsetType = UNSET
    author: str | UnsetType = UNSET
    id: str | UnsetType = UNSET


class TextEvent(_Event, frozen=True, tag_field="kind", tag="text"):
    """Words, or a question."""

    data: TextData | UnsetType = UNSET


class ChoseEvent(_Event, frozen=True, tag_field="kind", tag="chose"):
    """What the user has chosen."""


class UploadedEvent(_Event, frozen=True, tag_field="kind", tag="uploaded"):
    """Files that the user has handed in."""

    data: UploadedData | UnsetType = UNSET


class WarningEvent(_Event, frozen=True, tag_field="kind", tag="warning"):
    """A warning before something that can't be undone."""

    data: WarningData | UnsetType = UNSET


class TicketEvent(_Event, frozen=True, tag_field="kind", tag="ticket"):
    """A request as it was then."""

    data: TicketData | UnsetType = UNSET


class DetailsEvent(_Event, frozen=True, tag_field="kind", tag="details"):
    """Labelled values, such as stored data or the result of each item."""

    data: DetailsData | UnsetType = UNSET


class PackageEvent(_Event, frozen=True, tag_field="kind", tag="package"):
    """A file with the person's data."""

    data: PackageData | UnsetType = UNSET


class OwnerEvent(_Event, frozen=True, tag_field="kind", tag="owner"):
    """Somebody else speaks from here on."""

    data: OwnerData | UnsetType = UNSET


class BlankEvent(_Event, frozen=True, tag_field="kind", tag="blank"):
    """An event whose content was removed after its retention period."""


LogEvent = (
    TextEvent
    | ChoseEvent
    | UploadedEvent
    | WarningEvent
    | TicketEvent
    | DetailsEvent
    | PackageEvent
    | OwnerEvent
    | BlankEvent
)
"""An event of the conversation's log."""


class Acknowledgement(Struct, frozen=True):
    """A frame that was processed, and the first event of its answer."""

    id: str
    offset: Offset


class Welcome(Struct, frozen=True, tag_field="type", tag="welcome"):
    """The answer to the hello.

    Attributes:
        head: the last offset of the log.
        after: events follow from the next offset; a client whose copy does not end here drops it.
        locale: the language of the conversation.
        account: whether an app account stands behind the session.
        secret: only for a new anonymous client: the only way back to the conversation.
    """

    epoch: str
    head: Offset
    after: Offset
    locale: str
    account: bool
    limits: Limits
    view: ViewState
    secret: str | UnsetType = UNSET


class Events(Struct, frozen=True, tag_field="type", tag="events"):
    """Events in order of offset, with the acknowledgements of the frames that they answer.

    Attributes:
        view: only after a commit.
    """

    events: tuple[LogEvent, ...]
    acks: tuple[Acknowledgement, ...]
    view: ViewState | UnsetType = UNSET


class Ack(Struct, frozen=True, tag_field="type", tag="ack"):
    """The frame was processed before.

    Attributes:
        offset: the first event that answered it.
    """

    id: FrameId
    offset: Offset
    duplicate: bool


class ViewChanged(Struct, frozen=True, tag_field="type", tag="view"):
    """The view has changed by itself."""

    view: ViewState


class AgentTyping(Struct, frozen=True, tag_field="type", tag="typing", rename={"who": "from"}):
    """The agent is writing; shown for about six seconds."""

    who: Literal["agent"]


class Fault(Struct, frozen=True):
    """An invalid part of what was sent."""

    where: str
    what: str


class Challenge(Struct, frozen=True):
    """A challenge to be solved before a new conversation begins.

    Attributes:
        site_key: the key under which the client shows it.
    """

    site_key: str


class Error(Struct, frozen=True, tag_field="type", tag="error"):
    """A frame was refused. No error repeats what was sent.

    Attributes:
        code: for programs.
        message: for the reader, in the conversation's language.
        id: the id of the frame, if it could be read.
        reason: the precise reason, if there is one.
        limit: the limit that was exceeded.
        retry_after: seconds to wait before the frame is sent again.
        kept: true if nothing was stored, and the frame may be sent again unchanged.
    """

    code: ErrorCode
    message: str
    id: str | UnsetType = UNSET
    reason: str | UnsetType = UNSET
    limit: float | UnsetType = UNSET
    retry_after: float | UnsetType = UNSET
    faults: tuple[Fault, ...] | UnsetType = UNSET
    scope: str | UnsetType = UNSET
    challenge: Challenge | UnsetType = UNSET
    kept: bool | UnsetType = UNSET


class Expired(Struct, frozen=True, tag_field="type", tag="expired"):
    """The token has expired: nothing more is sent until ``renew``."""


class Renewed(Struct, frozen=True, tag_field="type", tag="renewed"):
    """The new token was accepted."""


class Pong(Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to ``ping``."""


class Bye(Struct, frozen=True, tag_field="type", tag="bye"):
    """The connection is about to be closed.

    Attributes:
        reason: ``restart``: come back soon. ``epoch``: drop the copy of the log.
    """

    reason: Literal["restart", "epoch"]


SERVER_FRAMES = (
    Welcome,
    Events,
    Ack,
    ViewChanged,
    AgentTyping,
    Error,
    Expired,
    Renewed,
    Pong,
    Bye,
)


class StreamStart(Struct, frozen=True):
    """The begin of a stream: events follow from the next offset."""

    epoch: str
    after: Offset


class StreamExpired(Struct, frozen=True):
    """The token has expired, and the stream ends."""


class StreamEnd(Struct, frozen=True):
    """The stream ends: the copy of the log is to be dropped."""

    reason: Literal["epoch"]


STREAM_MESSAGES: Final[Mapping[str, Any]] = {
    "session": StreamStart,
    "event": LogEvent,
    "view": ViewState,
    "expired": StreamExpired,
    "bye": StreamEnd,
}
"""The data of server-sent events, by their names."""
