"""Instants: as ISO 8601 for JSON, and compared with a clock that may be set back."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta


def write_instant(moment: datetime | None) -> str | None:
    """Write an aware instant as ISO 8601 in UTC with ``Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(text: str | None) -> datetime | None:
    """Read an ISO 8601 instant.

    Raises:
        ValueError: it has no offset, so that it is none, or lies where not every zone has a date.
    """
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    if not MINYEAR < moment.year < MAXYEAR:
        raise ValueError("an instant has to lie in the years 2 to 9998")
    return moment.astimezone(UTC)


def happened_within(at: datetime | None, now: datetime, period: timedelta) -> bool:
    """Tell whether something happened less than a period ago.

    What lies ahead did not happen lately: the clock was ahead then and has been set back, and
    would else be waited for until it gets there again.
    """
    return at is not None and timedelta() <= now - at < period
