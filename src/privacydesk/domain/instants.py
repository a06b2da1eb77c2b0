"""Instants as ISO 8601, for the JSON that the desk exchanges."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime


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
