"""Quiet hours: when nothing makes a sound in somebody's pocket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From a time of day until another, over midnight where the second is the earlier.

    Attributes:
        zone: whose times of day.
    """

    begins: time
    ends: time
    zone: tzinfo

    def until(self, now: datetime) -> datetime | None:
        """Return when the quiet that lasts now ends; None outside of it."""
        local = now.astimezone(self.zone)
        at = local.time()
        if self.begins <= self.ends:
            quiet = self.begins <= at < self.ends
        else:
            quiet = at >= self.begins or at < self.ends
        if not quiet:
            return None
        day = local.date() if at < self.ends else local.date() + timedelta(days=1)
        return datetime.combine(day, self.ends, self.zone).astimezone(UTC)
