"""Office hours of staff, set by the operator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class Shift:
    """A daily period in which staff answer.

    Attributes:
        opens: time of day, in the operator's time zone.
        closes: a later time of the same day.
        calendar: code of the calendar whose working days apply; empty for the operator's default.
        every_day: whether staff answer on days off, too.
    """

    opens: time = time(9)
    closes: time = time(18)
    calendar: str = ""
    every_day: bool = False
