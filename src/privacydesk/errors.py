"""Errors: the base class, the list of error codes, and the errors used across the package."""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """A code for programs. People see the translated message with the same key."""

    INVALID_REQUEST = "invalid_request"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    RATE_LIMITED = "rate_limited"
    UNAUTHENTICATED = "unauthenticated"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - an error code, not a secret
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CURSOR_EXPIRED = "cursor_expired"
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
    """The base class of all errors that this package raises on purpose.

    Attributes:
        code: the error code.
        message: an English sentence for developers and logs, without personal data.
        data: arguments of the message shown to people; never the input itself.
    """

    code: ErrorCode = ErrorCode.INTERNAL

    def __init__(self, message: str, *, code: ErrorCode | None = None, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code
        self.data = data


class InvalidRequestError(DeskError):
    """The request is invalid; nothing was done."""

    code = ErrorCode.INVALID_REQUEST


class NotFoundError(DeskError):
    """The object doesn't exist, or is not visible to the caller; the two are not distinguished."""

    code = ErrorCode.NOT_FOUND


class StaleError(DeskError):
    """The command is based on outdated data; reload and repeat it."""

    code = ErrorCode.STALE


class NotAllowedNowError(DeskError):
    """The object's state does not permit the action."""

    code = ErrorCode.NOT_ALLOWED_NOW


class UnavailableError(DeskError):
    """The database or an external service is unavailable; the caller should retry."""

    code = ErrorCode.UNAVAILABLE


class SettingsError(DeskError):
    """A setting is missing or invalid; the message names it."""

    code = ErrorCode.SETTINGS


def is_outage(error: BaseException) -> bool:
    """Return whether an error belongs to an outage, which is already logged (see ``outages``)."""
    return isinstance(error, UnavailableError) and "outage" in error.data
