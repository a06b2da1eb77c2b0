"""Instants: as ISO 8601 for JSON, and compared with a clock that may be set back."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from typing import Final

CLOCK_TOLERANCE: Final = timedelta(minutes=2)
"""How far clocks of several processes may differ, and are routinely set back. An instant further
ahead came from a clock that was wrong, and is ignored."""


def write_instant(moment: datetime | None) -> str | None:
    """Write an aware instant as ISO 8601 in UTC with ``Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(text: str | None) -> datetime | None:
    """Read an ISO 8601 instant.

    Raises:
        ValueError: it has no offset, or lies where not every zone has a date.
    """
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError("an instant has to lie in the years 2 to 9998")
    return moment.astimezone(UTC)


def happened_within(
    at: datetime | None, now: datetime, period: timedelta, *, ahead: timedelta = timedelta()
) -> bool:
    """Tell whether something happened less than a period ago.

    An instant ahead is not recent: the clock was ahead then and has been set back, and the period
    would last until it gets there again.

    Args:
        at: when it happened; None for never.
        now: the present.
        period: how long it counts.
        ahead: how far ahead it may lie: ``CLOCK_TOLERANCE`` for what other processes write, too.
    """
    return at is not None and -ahead <= now - at < period


def holds_until(end: datetime | None, now: datetime, longest: timedelta) -> bool:
    """Whether something that ends at an instant still holds.

    Args:
        end: when it ends; None where it does not hold.
        now: the present.
        longest: how long it holds at most. An end further ahead than that is from a clock that was
            ahead and has been set back.
    """
    return end is not None and now < end <= now + longest + CLOCK_TOLERANCE
