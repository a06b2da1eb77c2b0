"""Instants as ISO 8601, for the JSON that the desk exchanges."""

from __future__ import annotations

from datetime import UTC, datetime


def write_instant(moment: datetime | None) -> str | None:
    """Write an aware instant as ISO 8601 in UTC with ``Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(text: str | None) -> datetime | None:
    """Read an ISO 8601 instant. Raises ``ValueError`` without an offset, since it is then none."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return moment.astimezone(UTC)
