"""Office hours of staff, set by the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final

from privacydesk.domain.deadlines import DayReason, DayStatus

MAKEUP: Final = 8
"""Beside the ISO weekdays 1 to 7: weekend days that the calendar makes working days."""
WEEK: Final = frozenset(range(1, 8))
DAYS: Final = WEEK | {MAKEUP}
WORKING_DAYS: Final = frozenset({1, 2, 3, 4, 5, MAKEUP})
_SATURDAY: Final = 6


@dataclass(frozen=True, slots=True)
class Shift:
    """A daily period in which staff answer.

    Attributes:
        opens: time of day, in the operator's time zone.
        closes: a later time of the same day.
        calendar: code of the calendar whose working days apply; empty for the operator's default.
        every_day: whether staff answer on holidays, too.
        weekdays: the days of the week on which they answer, out of ``DAYS``; None for all days, if
            ``every_day`` is set, and else for the calendar's working days.
    """

    opens: time = time(9)
    closes: time = time(18)
    calendar: str = ""
    every_day: bool = False
    weekdays: frozenset[int] | None = None

    @property
    def days(self) -> frozenset[int]:
        """The days of the week on which staff answer, out of ``DAYS``."""
        if self.weekdays is not None:
            return self.weekdays
        return DAYS if self.every_day else WORKING_DAYS

    def is_on(self, day: date, status: DayStatus) -> bool:
        """Return whether staff answer on a day.

        Args:
            day: the day.
            status: the day in the shift's calendar.
        """
        weekday = day.isoweekday()
        if status.working and weekday >= _SATURDAY and MAKEUP in self.days:
            return True
        is_holiday = not status.working and status.reason is not DayReason.WEEKEND
        return weekday in self.days and (self.every_day or not is_holiday)
