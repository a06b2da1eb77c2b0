"""Events: the entries of a conversation's append-only log, which the user sees."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field


class Sender(StrEnum):
    """The sender of an event."""

    USER = "user"
    ASSISTANT = "assistant"
    AGENT = "agent"
    SYSTEM = "system"


class EventKind(StrEnum):
    """The kind of an event, which decides how it is displayed."""

    TEXT = "text"
    CHOSE = "chose"
    UPLOADED = "uploaded"
    WARNING = "warning"
    """A card with a warning, shown before the confirmation of something irreversible."""
    TICKET = "ticket"
    """A card with the current state of a ticket."""
    DETAILS = "details"
    """A card with labelled values, such as stored data or the result of each item."""
    PACKAGE = "package"
    """A card for a downloadable file; it has a link once the user has entered a code."""
    OWNER = "owner"
    """The owner of the conversation changed."""
    BLANK = "blank"
    """A purged event, which keeps its offset."""


class InputKind(StrEnum):
    """The kind of input field that the page shows while a prompt is open."""

    TEXT = "text"
    CODE = "code"
    DATE = "date"
    PHONE = "phone"
    UPLOAD = "upload"


class ChoiceStyle(StrEnum):
    """The visual style of a button."""

    PLAIN = "plain"
    PRIMARY = "primary"
    DANGER = "danger"
    QUIET = "quiet"


class Choice(Struct, frozen=True):
    """A button of a prompt.

    Attributes:
        id: unique within its prompt; sent back when the button is tapped.
        key: locale key of its label; empty if ``label`` is data, such as a provider's name.
        label: the displayed label.
        value: the value for the slot; never sent to the client.
        args: arguments for the label.
        detail: what is known about it, shown beside the label, such as how much there is; a value
            as in ``args``, or its text once the event is rendered.
    """

    id: str
    key: str = ""
    label: str = ""
    style: ChoiceStyle = ChoiceStyle.PLAIN
    value: Any = None
    args: Mapping[str, Any] = field(default_factory=dict)
    detail: Any = ""


class Event(Struct, frozen=True):
    """One entry of the log.

    Attributes:
        offset: position in the log: 1, 2, 3 … without gaps.
        key: locale key of the text; empty for texts written by people.
        args: arguments of the text; JSON only.
        text: the displayed text, in ``locale``.
        choices: buttons, which work only while the conversation's prompt has this offset.
        input: the input field to show.
        data: content of a card (ticket, details, file names); JSON only.
        job_id: for the first event of a job, the job's ID; else empty.
        author: the agent's display name.
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

    def with_wording(
        self,
        text: str,
        args: Mapping[str, Any],
        choices: tuple[Choice, ...],
        data: Mapping[str, Any],
    ) -> Event:
        """Return the event with its displayed texts.

        Called for every event, so it doesn't use ``replace``, which takes three times as long.
        """
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
