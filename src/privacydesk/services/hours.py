"""Working hours: when staff read messages, and when they next begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta

from privacydesk.domain.shifts import Shift
from privacydesk.services.deadlines import Deadlines

_LOOK_AHEAD = 21
"""Days to search for the next shift; the longest holidays have nine days."""


class Hours:
    """The operator's shifts. Without any, it is not known when staff answer.

    Args:
        shifts: staff answer during any of them.
        deadlines: zone and calendars, which may be replaced at run time.
    """

    def __init__(self, shifts: Sequence[Shift], deadlines: Deadlines) -> None:
        self._shifts = tuple(shifts)
        self._deadlines = deadlines

    def is_open(self, now: datetime) -> bool:
        """Tell whether people answer at this time."""
        today = self._deadlines.today(now)
        return any(begin <= now < end for begin, end in self._on(today))

    def next_opening(self, now: datetime) -> datetime | None:
        """Return when people next begin to answer; None when it is not known."""
        today = self._deadlines.today(now)
        for ahead in range(_LOOK_AHEAD + 1):
            begins = [begin for begin, _ in self._on(today + timedelta(days=ahead)) if begin > now]
            if begins:
                return min(begins)
        return None

    def opened_at(self, now: datetime) -> datetime | None:
        """Return when the earliest current shift began; None outside working hours."""
        spans = self._on(self._deadlines.today(now))
        return min((begin for begin, end in spans if begin <= now < end), default=None)

    def _on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """Return the spans of a day on which people work."""
        zone = self._deadlines.zone
        for shift in self._shifts:
            if shift.every_day or self._works(shift, day):
                begin = datetime.combine(day, shift.opens, zone).astimezone(UTC)
                yield begin, datetime.combine(day, shift.closes, zone).astimezone(UTC)

    def _works(self, shift: Shift, day: date) -> bool:
        code = shift.calendar or self._deadlines.rules.calendar
        return self._deadlines.calendars.get(code).day(day).working
