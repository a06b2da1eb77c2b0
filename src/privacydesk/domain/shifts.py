"""Working hours of staff, as the operator sets them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class Shift:
    """The hours in which people answer.

    Attributes:
        opens: time of day, in the operator's zone.
        closes: the same day, later.
        calendar: whose working days, make-up days among them; empty for the operator's.
        every_day: on days off, too.
    """

    opens: time = time(9)
    closes: time = time(18)
    calendar: str = ""
    every_day: bool = False
