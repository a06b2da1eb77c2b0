"""Reads the arguments of account actions; what doesn't fit is refused before anything is done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar

from privacydesk.domain.account_terms import ConsentPurpose, DataCategory, Provider
from privacydesk.errors import InvalidRequestError

_MOST_ITEMS = 1_000
_E = TypeVar("_E", bound=StrEnum)


def refuse_unknown(payload: Mapping[str, Any], *known: str) -> None:
    """Refuse arguments that the action doesn't have.

    Ignoring one could do more than was asked: a misspelt ``before`` would delete everything.

    Raises:
        InvalidRequestError: there is one.
    """
    if not set(payload) <= set(known):
        raise InvalidRequestError("the payload has arguments that this action doesn't know")


def read_categories(payload: Mapping[str, Any], name: str) -> tuple[DataCategory, ...]:
    """Read a non-empty list of data categories, each once, in the order given."""
    return _enums(payload, name, DataCategory)


def read_purposes(payload: Mapping[str, Any], name: str) -> tuple[ConsentPurpose, ...]:
    """Read a non-empty list of consent purposes, each once, in the order given."""
    return _enums(payload, name, ConsentPurpose)


def read_provider(payload: Mapping[str, Any], name: str) -> Provider:
    """Read one provider."""
    return _enum(payload.get(name), name, Provider)


def read_ids(payload: Mapping[str, Any], name: str) -> frozenset[str] | None:
    """Read a non-empty list of record ids, or ``None`` if the argument is absent."""
    if payload.get(name) is None:
        return None
    found = payload[name]
    if not isinstance(found, list) or not found or len(found) > _MOST_ITEMS:
        raise InvalidRequestError(f"{name} must be a list of 1 to {_MOST_ITEMS} ids")
    if not all(isinstance(one, str) for one in found):
        raise InvalidRequestError(f"{name} must hold ids as text")
    return frozenset(found)


def read_day(payload: Mapping[str, Any], name: str) -> date | None:
    """Read a day as ``YYYY-MM-DD``, or ``None`` if the argument is absent."""
    found = payload.get(name)
    if found is None:
        return None
    try:
        return date.fromisoformat(found)
    except (TypeError, ValueError):
        raise InvalidRequestError(f"{name} must be a day as YYYY-MM-DD") from None


def read_code(payload: Mapping[str, Any], name: str) -> str | None:
    """Read a short code, or ``None`` if the argument is absent."""
    found = payload.get(name)
    if found is not None and (not isinstance(found, str) or not 0 < len(found) <= 64):  # noqa: PLR2004 - the contract's length of a code
        raise InvalidRequestError(f"{name} must be a code of at most 64 characters")
    return found


def _enums(payload: Mapping[str, Any], name: str, kind: type[_E]) -> tuple[_E, ...]:
    found = payload.get(name)
    if not isinstance(found, list) or not found:
        raise InvalidRequestError(f"{name} must be a list with at least one entry")
    return tuple(dict.fromkeys(_enum(one, name, kind) for one in found))


def _enum(found: object, name: str, kind: type[_E]) -> _E:
    # Not ``kind(found)`` in a try: JSON lists and objects aren't hashable, and text is all we take.
    for member in kind:
        if member.value == found:
            return member
    raise InvalidRequestError(f"{name} has a value that the contract doesn't know")
