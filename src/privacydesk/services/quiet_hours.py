"""Quiet hours: no push or SMS."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A daily interval, across midnight if it ends earlier than it begins.

    Attributes:
        zone: the time zone of both.
    """

    begins: time
    ends: time
    zone: tzinfo

    def until(self, now: datetime) -> datetime | None:
        """Return when the current quiet hours end; None outside of them."""
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
