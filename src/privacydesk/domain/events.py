"""Events: the entries of a conversation's append-only log, as the user may see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Sender(StrEnum):
    """Who an event comes from."""

    USER = "user"
    ASSISTANT = "assistant"
    AGENT = "agent"
    SYSTEM = "system"


class EventKind(StrEnum):
    """What an event is, which decides how it is shown."""

    TEXT = "text"
    CHOSE = "chose"
    UPLOADED = "uploaded"
    WARNING = "warning"
    """Precedes the question for something irreversible; a card of its own."""
    TICKET = "ticket"
    """A ticket as it stands, as a card."""
    DETAILS = "details"
    """Labelled values: what the app stores, or what was granted item by item."""
    PACKAGE = "package"
    """A file that can be fetched, as a card; with a link once a code was right."""
    OWNER = "owner"
    """The speaker changes here."""
    BLANK = "blank"
    """Purged; its offset stays taken."""


class InputKind(StrEnum):
    """What the page offers for typing while a prompt is open."""

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    PHONE = "phone"
    UPLOAD = "upload"


class ChoiceStyle(StrEnum):
    """How a choice looks."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"
    QUIET = "quiet"


class Choice(Struct, frozen=True):
    """A button under a prompt.

    Attributes:
        id: unique within its prompt; what comes back when it is tapped.
        key: the locale key of its label, or empty when ``label`` is data (a provider's name).
        label: the label as shown.
        value: what the slot takes; stays on the server.
    """

    id: str
    key: str = ""
    label: str = ""
    style: ChoiceStyle = ChoiceStyle.PLAIN
    value: Any = None
    args: Mapping[str, Any] = field(default_factory=dict)


class Event(Struct, frozen=True):
    """One entry of the log.

    Attributes:
        offset: 1, 2, 3 … without gaps.
        key: the locale key the text was made from; empty for people's own words.
        args: values for the key's placeholders; JSON only.
        text: the words as they were shown, in ``locale``.
        choices: buttons; live only while the conversation's prompt names this offset.
        data: what a card needs (ticket, details, file names); JSON only.
        job_id: id of the job on the first event it left, else empty.
        author: an agent's display name.
    """

    offset: int
    at: datetime
    sender: Sender
    kind: EventKind
    key: str = ""
    args: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    locale: str = ""
    choices: tuple[Choice, ...] = ()
    input: InputKind | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    job_id: str = ""
    author: str = ""

    def worded(
        self,
        text: str,
        args: Mapping[str, Any],
        choices: tuple[Choice, ...],
        data: Mapping[str, Any],
    ) -> Event:
        """Return it as it is shown. Runs for every event, and ``replace`` takes thrice as long."""
        return Event(
            self.offset,
            self.at,
            self.sender,
            self.kind,
            self.key,
            args,
            text,
            self.locale,
            choices,
            self.input,
            data,
            self.job_id,
            self.author,
        )
