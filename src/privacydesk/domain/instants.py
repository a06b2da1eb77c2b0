"""Instants: conversion to ISO 8601, and comparisons that tolerate a clock that was set back."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Final

CLOCK_TOLERANCE: Final = timedelta(minutes=2)
"""How far the clocks of several processes may differ, or be set back by synchronisation. A stored
instant that is further in the future was written by a clock that was wrong, and is ignored."""


def write_instant(instant: datetime | None) -> str | None:
    """Return an aware instant as ISO 8601 in UTC with ``Z``."""
    if instant is None:
        return None
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(text: str | None) -> datetime | None:
    """Parse an ISO 8601 instant.

    Raises:
        ValueError: it has no offset, or is so far away that it overflows in some time zone.
    """
    if text is None:
        return None
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError("an instant needs an offset")
    if not MINYEAR < instant.year < MAXYEAR:
        raise ValueError("an instant has to lie in the years 2 to 9998")
    return instant.astimezone(UTC)


def happened_within(
    at: datetime | None, now: datetime, period: timedelta, *, ahead: timedelta = timedelta()
) -> bool:
    """Return whether something happened less than ``period`` ago.

    An instant in the future doesn't count: it was written by a clock that has been set back since,
    and the period would last until the clock reaches it again.

    Args:
        at: when it happened; None for never.
        now: the current time.
        period: the length of the period.
        ahead: how far in the future ``at`` may be; ``CLOCK_TOLERANCE`` if other processes write it.
    """
    return at is not None and -ahead <= now - at < period


def holds_until(end: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Return whether something that ends at ``end`` has not ended yet.

    Args:
        end: when it ends; None if it isn't in effect.
        now: the current time.
        longest: its maximum duration. An end further in the future was written by a clock that has
            been set back since, and doesn't count.
    """
    return end is not None and now < end <= now + longest + CLOCK_TOLERANCE
