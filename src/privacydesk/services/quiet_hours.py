"""Quiet hours: the daily period in which no push messages or SMS are sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A daily period, which runs past midnight if ``ends`` is before ``begins``.

    Attributes:
        zone: the time zone of ``begins`` and ``ends``.
    """

    begins: time
    ends: time
    zone: tzinfo

    def end_of_current(self, now: datetime) -> datetime | None:
        """Return when the current quiet hours end; None if it is not within quiet hours."""
        local = now.astimezone(self.zone)
        time_of_day = local.time()
        if self.begins <= self.ends:
            quiet = self.begins <= time_of_day < self.ends
        else:
            quiet = time_of_day >= self.begins or time_of_day < self.ends
        if not quiet:
            return None
        day = local.date() if time_of_day < self.ends else local.date() + timedelta(days=1)
        return datetime.combine(day, self.ends, self.zone).astimezone(UTC)
