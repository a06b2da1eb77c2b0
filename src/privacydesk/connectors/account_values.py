"""The corrected values that each profile field accepts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from privacydesk.domain.account_terms import AccountReason, GenderCode, ProfileField

_GENDERS = frozenset(GenderCode)
_NAME = 60
_TEXT = 200
_LIST = 20


@dataclass(frozen=True, slots=True)
class Corrected:
    """A value that the field can take, in the record's own type."""

    value: Any


def check_correction(name: object, value: object, now: datetime) -> Corrected | AccountReason:
    """Check one field of a correction.

    Returns:
        The value for the record, or why it can't be: ``not_correctable`` for a field that this
        service doesn't correct, ``invalid_value`` for a value that the field can't take.
    """
    try:
        field = ProfileField(str(name))
    except ValueError:
        return AccountReason.NOT_CORRECTABLE
    match field:
        case ProfileField.NICKNAME | ProfileField.REAL_NAME:
            return _text(value, _NAME)
        case ProfileField.SIGNATURE:
            return Corrected(None) if value is None else _text(value, _TEXT)
        case ProfileField.GENDER:
            return _gender(value)
        case ProfileField.BIRTHDAY:
            return _birthday(value, now)
        case ProfileField.TAGS | ProfileField.INTERESTS:
            return _texts(value)


def _text(value: object, longest: int) -> Corrected | AccountReason:
    if isinstance(value, str) and value.strip() and len(value) <= longest:
        return Corrected(value.strip())
    return AccountReason.INVALID_VALUE


def _texts(value: object) -> Corrected | AccountReason:
    if not isinstance(value, list) or len(value) > _LIST:
        return AccountReason.INVALID_VALUE
    if not all(isinstance(one, str) and 0 < len(one) <= _NAME for one in value):
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
