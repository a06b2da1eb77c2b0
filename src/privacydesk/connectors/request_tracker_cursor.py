"""How far the desk has looked through the transactions of Request Tracker.

They are numbered when they begin and visible when they are committed, so that 12 may appear after
13. Therefore a cursor is a number below which all is settled, and the numbers above it that
were seen: what begins and ends within a minute of the newest is not missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from privacydesk.connectors.request_tracker_wire import Transaction

_SETTLES: Final = timedelta(minutes=1)
_MOST: Final = 500
"""How many numbers are kept; with more in a minute the oldest count as settled."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the transactions.

    Attributes:
        floor: what is numbered up to here was seen, or will not be.
        above: numbers beyond it that were seen.
    """

    floor: int = 0
    above: frozenset[int] = frozenset()

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Parse the ``str`` of a cursor; anything else is the beginning."""
        floor, _, above = text.partition("+")
        try:
            begins = int(floor)
            return cls(begins, frozenset(begins + int(one) for one in above.split(",") if one))
        except ValueError:
            return cls()

    @classmethod
    def at(cls, newest: Sequence[Transaction]) -> Cursor:
        """Return the place after the newest transaction, or before the first of all."""
        return cls(max((int(one.id) for one in newest), default=0))

    def after(self, found: Sequence[Transaction]) -> Cursor:
        """Return the cursor after everything above the floor was read."""
        if not found:
            return self
        settled = max(one.created for one in found) - _SETTLES
        first = min(int(one.id) for one in found if one.created > settled)
        numbers = sorted(int(one.id) for one in found)
        floor = max((one for one in numbers if one < first), default=self.floor)
        above = [one for one in numbers if one > floor]
        if len(above) > _MOST:
            floor = above[-_MOST - 1]
        return Cursor(floor, frozenset(above[-_MOST:]))

    def __str__(self) -> str:
        above = ",".join(str(one - self.floor) for one in sorted(self.above))
        return f"{self.floor}+{above}" if above else str(self.floor)
