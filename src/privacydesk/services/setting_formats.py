"""The stored formats of settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from privacydesk.calendars import FIRST_YEAR, LAST_YEAR, MAX_REASON, OverrideDay, Overrides
from privacydesk.domain.shifts import Shift
from privacydesk.errors import InvalidRequestError

_Year = Annotated[int, Meta(ge=FIRST_YEAR, le=LAST_YEAR)]
_Day = tuple[bool, Annotated[str, Meta(max_length=MAX_REASON)]]


class _StoredOverrides(Struct, frozen=True):
    """The overrides of a calendar: by day, whether it is a working day, and why."""

    settled_years: tuple[_Year, ...] = ()
    days: dict[date, _Day] = {}


_decode_shifts = msgspec.json.Decoder(tuple[Shift, ...]).decode
_decode_overrides = msgspec.json.Decoder(_StoredOverrides).decode
_encode = msgspec.json.Encoder(order="deterministic").encode


def dump_shifts(shifts: Sequence[Shift]) -> str:
    """Return office hours as stored."""
    return _encode(list(shifts)).decode()


def load_shifts(body: str) -> tuple[Shift, ...]:
    """Return stored office hours.

    Raises:
        InvalidRequestError: they are not in the format.
    """
    try:
        return _decode_shifts(body)
    except msgspec.MsgspecError as error:
        raise InvalidRequestError(f"no office hours: {error}") from None


def dump_overrides(overrides: Overrides) -> str:
    """Return the overrides of a calendar as stored; the code is in the setting's name."""
    days = {str(day): (entry.working, entry.reason) for day, entry in overrides.days.items()}
    return _encode({"settled_years": sorted(overrides.settled_years), "days": days}).decode()


def load_overrides(code: str, body: str) -> Overrides:
    """Return the stored overrides of a calendar; an empty body means none.

    Raises:
        InvalidRequestError: they are not in the format.
    """
    try:
        stored = _decode_overrides(body) if body else _StoredOverrides()
    except msgspec.MsgspecError as error:
        raise InvalidRequestError(f"no calendar: {error}") from None
    days = {day: OverrideDay(*entry) for day, entry in stored.days.items()}
    if any(not FIRST_YEAR <= day.year <= LAST_YEAR for day in days):
        raise InvalidRequestError("a day is out of range")
    return Overrides(code, days, frozenset(stored.settled_years))
