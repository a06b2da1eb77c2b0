"""The times of the seeded requests, relative to the time at which the demo starts."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from privacydesk.services.deadlines import Deadlines

_FILED_AT: Final = time(10, 20)
_MAX_DAYS_BEFORE: Final = 40
"""Calendar days that seven working days can take at most, holidays included."""


class SampleTimes:
    """Computes times before the start of the demo.

    Args:
        now: the time at which the demo starts.
        deadlines: the rules by which requests are due.
    """

    def __init__(self, now: datetime, deadlines: Deadlines) -> None:
        self.now = now
        self._deadlines = deadlines
        self._today = deadlines.today(now)

    def ago(self, *, minutes: float = 0, hours: float = 0) -> datetime:
        """Return the time so long ago."""
        return self.now - timedelta(minutes=minutes, hours=hours)

    def on_day(self, days_ago: int, at: str) -> datetime:
        """Return a time of day, such as ``10:20``, so many days ago in the operator's zone."""
        day = self._today - timedelta(days=days_ago)
        return datetime.combine(day, time.fromisoformat(at), self._deadlines.zone)

    def filed_to_be_due(self, working_days: int) -> datetime:
        """Return when a request was filed that is due so many working days after today.

        Args:
            working_days: 0 for today, or for the next working day if today is none; -1 for the
                working day before that.
        """
        due = self._working_day(working_days)
        for days in range(1, _MAX_DAYS_BEFORE):
            filed = datetime.combine(due - timedelta(days=days), _FILED_AT, self._deadlines.zone)
            (clock, *_) = self._deadlines.start_clocks(filed, filed)
            if clock.due_date <= due:
                return filed
        raise ValueError("no request can be due on this day")

    def _working_day(self, offset: int) -> date:
        calendar = self._deadlines.calendars.get(self._deadlines.rules.calendar)
        day = self._today
        while not calendar.day(day).working:
            day += timedelta(days=1)
        step = timedelta(days=1 if offset > 0 else -1)
        for _ in range(abs(offset)):
            day += step
            while not calendar.day(day).working:
                day += step
        return day
