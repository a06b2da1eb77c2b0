"""Parses the arguments of account actions; invalid ones are refused before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from privacydesk.domain.account_terms import ConsentPurpose, DataCategory, Provider
from privacydesk.errors import InvalidRequestError

_MAX_ITEMS = 1_000
_E = TypeVar("_E", bound=StrEnum)


def refuse_unknown(payload: Mapping[str, Any], *known: str) -> None:
    """Refuse arguments that the action doesn't have.

    Ignoring one could change too much: with a misspelt ``before``, all items would be deleted.

    Raises:
        InvalidRequestError: the payload has an unknown argument.
    """
    if not set(payload) <= set(known):
        raise InvalidRequestError("the payload has arguments that this action doesn't know")


def read_categories(payload: Mapping[str, Any], name: str) -> tuple[DataCategory, ...]:
    """Read a non-empty list of data categories, each once, in the order given."""
    return _read_enums(payload, name, DataCategory)


def read_purposes(payload: Mapping[str, Any], name: str) -> tuple[ConsentPurpose, ...]:
    """Read a non-empty list of consent purposes, each once, in the order given."""
    return _read_enums(payload, name, ConsentPurpose)


def read_provider(payload: Mapping[str, Any], name: str) -> Provider:
    """Read one provider."""
    return _read_enum(payload.get(name), name, Provider)


def read_ids(payload: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """Read a non-empty list of record ids, or ``None`` if the argument is absent."""
    if payload.get(name) is None:
        return None
    value = payload[name]
    if not isinstance(value, list) or not value or len(value) > _MAX_ITEMS:
        raise InvalidRequestError(f"{name} must be a list of 1 to {_MAX_ITEMS} ids")
    if not all(isinstance(item_id, str) for item_id in value):
        raise InvalidRequestError(f"{name} must hold ids as text")
    return frozenset(value)


def read_day(payload: Mapping[str, Any], name: str) -> date | None:
    """Read a day as ``YYYY-MM-DD``, or ``None`` if the argument is absent."""
    value = payload.get(name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidRequestError(f"{name} must be a day as YYYY-MM-DD") from None


def read_code(payload: Mapping[str, Any], name: str) -> str | None:
    """Read a short code, or ``None`` if the argument is absent."""
    value = payload.get(name)
    if value is not None and (not isinstance(value, str) or not 0 < len(value) <= 64):  # noqa: PLR2004 - the maximum length of a code in the contract
        raise InvalidRequestError(f"{name} must be a code of at most 64 characters")
    return value


def _read_enums(payload: Mapping[str, Any], name: str, kind: type[_E]) -> tuple[_E, ...]:
    values = payload.get(name)
    if not isinstance(values, list) or not values:
        raise InvalidRequestError(f"{name} must be a list with at least one entry")
    return tuple(dict.fromkeys(_read_enum(value, name, kind) for value in values))


def _read_enum(value: object, name: str, kind: type[_E]) -> _E:
    # Not ``kind(value)``: it raises TypeError for lists and objects, which can't be hashed.
    for member in kind:
        if member.value == value:
            return member
    raise InvalidRequestError(f"{name} has a value that the contract doesn't know")
