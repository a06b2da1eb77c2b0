"""The desk's position in the list of Request Tracker's transactions.

A transaction gets its number when it begins and becomes visible when it is committed, so 12 may
appear after 13. A cursor is therefore a number up to which all transactions are settled, and the
numbers above it that were seen. A transaction that commits within a minute is never missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from privacydesk.connectors.request_tracker_wire import Transaction

_SETTLE_TIME: Final = timedelta(minutes=1)
_MAX_ABOVE: Final = 500
"""The maximum of numbers above the floor; with more in a minute, the oldest count as settled."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in the transactions.

    Attributes:
        floor: transactions up to this number are settled.
        above: higher numbers that were seen.
    """

    floor: int = 0
    above: frozenset[int] = frozenset()

    @classmethod
    def read(cls, text: str) -> Cursor:
        """Parse the ``str`` of a cursor; invalid text gives the beginning."""
        floor, _, above = text.partition("+")
        try:
            begins = int(floor)
            return cls(
                begins, frozenset(begins + int(offset) for offset in above.split(",") if offset)
            )
        except ValueError:
            return cls()

    @classmethod
    def at(cls, newest: Sequence[Transaction]) -> Cursor:
        """Return the position after the newest transaction; the beginning if there is none."""
        return cls(max((int(transaction.id) for transaction in newest), default=0))

    def after(self, transactions: Sequence[Transaction]) -> Cursor:
        """Return the next cursor.

        Args:
            transactions: all that are visible above the floor.
        """
        if not transactions:
            return self
        settled = max(transaction.created for transaction in transactions) - _SETTLE_TIME
        first = min(
            int(transaction.id) for transaction in transactions if transaction.created > settled
        )
        numbers = sorted(int(transaction.id) for transaction in transactions)
        floor = max((number for number in numbers if number < first), default=self.floor)
        above = [number for number in numbers if number > floor]
        if len(above) > _MAX_ABOVE:
            floor = above[-_MAX_ABOVE - 1]
        return Cursor(floor, frozenset(above[-_MAX_ABOVE:]))

    def __str__(self) -> str:
        above = ",".join(str(number - self.floor) for number in sorted(self.above))
        return f"{self.floor}+{above}" if above else str(self.floor)
