"""Validates the new values of profile fields in a correction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from privacydesk.domain.account_terms import AccountReason, GenderCode, ProfileField

_GENDERS = frozenset(GenderCode)
_MAX_NAME = 60
_MAX_TEXT = 200
_MAX_ENTRIES = 20


@dataclass(frozen=True, slots=True)
class Corrected:
    """A valid value for a field, in the type that the record stores."""

    value: Any


def check_correction(name: object, value: object, now: datetime) -> Corrected | AccountReason:
    """Validate one field of a correction.

    Returns:
        The value for the record, or the reason of the refusal: ``not_correctable`` for a field that
        this service doesn't correct, ``invalid_value`` for a value that the field doesn't accept.
    """
    try:
        field = ProfileField(str(name))
    except ValueError:
        return AccountReason.NOT_CORRECTABLE
    match field:
        case ProfileField.NICKNAME | ProfileField.REAL_NAME:
            return _text(value, _MAX_NAME)
        case ProfileField.SIGNATURE:
            return Corrected(None) if value is None else _text(value, _MAX_TEXT)
        case ProfileField.GENDER:
            return _gender(value)
        case ProfileField.BIRTHDAY:
            return _birthday(value, now)
        case ProfileField.TAGS | ProfileField.INTERESTS:
            return _texts(value)


def _text(value: object, max_length: int) -> Corrected | AccountReason:
    if isinstance(value, str) and value.strip() and len(value) <= max_length:
        return Corrected(value.strip())
    return AccountReason.INVALID_VALUE


def _texts(value: object) -> Corrected | AccountReason:
    if not isinstance(value, list) or len(value) > _MAX_ENTRIES:
        return AccountReason.INVALID_VALUE
    if not all(isinstance(text, str) and 0 < len(text) <= _MAX_NAME for text in value):
        return AccountReason.INVALID_VALUE
    return Corrected(tuple(value))


def _gender(value: object) -> Corrected | AccountReason:
    if value is None or (isinstance(value, str) and value in _GENDERS):
        return Corrected(value)
    return AccountReason.INVALID_VALUE


def _birthday(value: object, now: datetime) -> Corrected | AccountReason:
    if value is None:
        return Corrected(None)
    try:
        born = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        born = None
    if born is None or born > now.date():
        return AccountReason.INVALID_VALUE
    return Corrected(born)
