"""One base error with a closed list of codes; one middleware maps it to answers."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """What went wrong, for programs. People read the translated message of the same key."""

    INVALID_REQUEST = "invalid_request"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    RATE_LIMITED = "rate_limited"
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - an error code, not a secret
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    STALE = "stale"
    CONFLICT = "conflict"
    PRECONDITION_FAILED = "precondition_failed"
    KEY_REUSED = "key_reused"
    UNPROCESSABLE = "unprocessable"
    NOT_ALLOWED_NOW = "not_allowed_now"
    UNAVAILABLE = "unavailable"
    FAILED = "failed"
    SETTINGS = "settings"
    DIALOG_INVALID = "dialog_invalid"
    POLICY_UNREADABLE = "policy_unreadable"
    CALENDAR_INVALID = "calendar_invalid"
    IN_USE = "in_use"
    INTERNAL = "internal"


class DeskError(Exception):
    """The base of every error that this package raises on purpose.

    Attributes:
        code: what went wrong, for programs.
        message: one English sentence for developers and logs; holds no personal data.
        data: named facts for the message shown to people, never the input itself.
    """

    code: ErrorCode = ErrorCode.INTERNAL

    def __init__(self, message: str, *, code: ErrorCode | None = None, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.data = data


class InvalidRequestError(DeskError):
    """The request can't be read; nothing was done."""

    code = ErrorCode.INVALID_REQUEST


class NotFoundError(DeskError):
    """No such thing, or not visible to this caller: the two are not told apart."""

    code = ErrorCode.NOT_FOUND


class StaleError(DeskError):
    """What the command was decided on has changed meanwhile; look again and repeat."""

    code = ErrorCode.STALE


class NotAllowedNowError(DeskError):
    """The state of the thing does not permit this move."""

    code = ErrorCode.NOT_ALLOWED_NOW


class UnavailableError(DeskError):
    """Storage or an outside service can't take this now; the caller keeps it and retries."""

    code = ErrorCode.UNAVAILABLE


class SettingsError(DeskError):
    """A setting is missing or wrong; the message names its key."""

    code = ErrorCode.SETTINGS


def is_outage(error: BaseException) -> bool:
    """Whether an error belongs to an outage, whose beginning and end are logged as such."""
    return isinstance(error, UnavailableError) and "outage" in error.data
