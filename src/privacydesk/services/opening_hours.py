"""Opening hours: the shifts during which staff answer messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from privacydesk.domain.shifts import Shift
from privacydesk.services.deadlines import Deadlines

_SEARCH_DAYS = 21
"""How many days to search for the next shift; the longest holidays have nine days."""


class OpeningHours:
    """The operator's opening hours. Without shifts, it is not known when staff answer.

    Args:
        shifts: the shifts; staff answer during any of them. They may be replaced at run time.
        deadlines: provides the time zone and the calendars, which may be replaced at run time.
    """

    def __init__(self, shifts: Sequence[Shift], deadlines: Deadlines) -> None:
        self.shifts = tuple(shifts)
        self._deadlines = deadlines

    def is_open(self, now: datetime) -> bool:
        """Return whether a shift is running."""
        today = self._deadlines.today(now)
        return any(begin <= now < end for begin, end in self.on(today))

    def next_opening(self, now: datetime) -> datetime | None:
        """Return when the next shift begins; None if it is not known."""
        today = self._deadlines.today(now)
        for days_ahead in range(_SEARCH_DAYS + 1):
            day = today + timedelta(days=days_ahead)
            begins = [begin for begin, _ in self.on(day) if begin > now]
            if begins:
                return min(begins)
        return None

    def opened_at(self, now: datetime) -> datetime | None:
        """Return when the earliest running shift began; None outside opening hours."""
        shifts = self.on(self._deadlines.today(now))
        return min((begin for begin, end in shifts if begin <= now < end), default=None)

    def time_between(self, begin: datetime, end: datetime) -> timedelta:
        """Return the opening time between two instants; without shifts, the whole time."""
        if not self.shifts:
            return max(end - begin, timedelta(0))
        total, counted_until = timedelta(0), begin
        day, last = self._deadlines.today(begin), self._deadlines.today(end)
        while day <= last:
            # Shifts may overlap, so each counts from where the one before ended.
            for opens, closes in sorted(self.on(day)):
                total += max(min(closes, end) - max(opens, counted_until), timedelta(0))
                counted_until = max(counted_until, closes)
            day += timedelta(days=1)
        return total

    def on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Yield the begin and end of each shift on a day, in UTC."""
        zone = self._deadlines.zone
        for shift in self.shifts:
            if self._is_on(shift, day):
                begin = datetime.combine(day, shift.opens, zone).astimezone(UTC)
                yield begin, datetime.combine(day, shift.closes, zone).astimezone(UTC)

    def _is_on(self, shift: Shift, day: date) -> bool:
        code = shift.calendar or self._deadlines.rules.calendar
        return shift.is_on(day, self._deadlines.calendars.get(code).day(day))
