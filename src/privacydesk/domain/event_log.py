"""The event log: every event in the order of its commit, to be read by a cursor."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct

from privacydesk.domain.webhook_events import WebhookEventKind
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError

_LOG_BYTES: Final = 8
_CURSOR_BYTES: Final = 16
_MAX_NUMBER: Final = 2**62
"""More than any log has; databases take no larger ones."""


class LogPosition(Struct, frozen=True):
    """A place in the log: everything up to ``number`` was read.

    Attributes:
        log: identifies the log; a new one begins when a backup is restored.
        number: the number of the last event that was read; 0 for none.
    """

    log: bytes
    number: int

    @classmethod
    def parse(cls, cursor: str) -> LogPosition:
        """Return the position of a cursor.

        Raises:
            InvalidRequestError: it is not a cursor.
        """
        try:
            raw = bytes.fromhex(cursor)
        except ValueError:
            raw = b""
        if len(raw) != _CURSOR_BYTES:
            raise InvalidRequestError("this is not a cursor of the event log")
        return cls(raw[:_LOG_BYTES], min(int.from_bytes(raw[_LOG_BYTES:]), _MAX_NUMBER))

    @property
    def cursor(self) -> str:
        """The text that clients pass back."""
        return (self.log + self.number.to_bytes(_CURSOR_BYTES - _LOG_BYTES)).hex()


class LoggedEvent(Struct, frozen=True):
    """An event of the log.

    Attributes:
        id: the same as in webhooks.
        number: its place in the log; numbers grow, and may have gaps where something was deleted.
        at: the time of the change.
        subject_id: the ticket, conversation or incident.
        body: the same bytes that webhooks send.
    """

    id: bytes
    number: int
    kind: WebhookEventKind
    at: datetime
    subject_id: bytes
    body: bytes


class EventPage(Struct, frozen=True):
    """A part of the log, oldest first.

    Attributes:
        next: where to go on.
        has_more: whether there is more to read now.
    """

    events: tuple[LoggedEvent, ...]
    next: LogPosition
    has_more: bool


class Numbered(Struct, frozen=True):
    """The result of numbering events.

    Attributes:
        count: how many were numbered.
        is_busy: whether another process was numbering, so that some may be left.
    """

    count: int
    is_busy: bool = False


class CursorExpiredError(DeskError):
    """Events after this place were deleted, or the log is not the one of the cursor."""

    code = ErrorCode.CURSOR_EXPIRED
