"""The time of all programs of a machine, which a wrong time server sets ahead and back."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

from privacydesk.clock import MovableClock

SHIFT = struct.Struct("d")
"""Seconds by which the clock is wrong, in the file that the programs look into."""


class FaultyClock(MovableClock):
    """The clock as the programs read it.

    Attributes:
        era: counts the jumps.

    Args:
        file: what the programs look into; see ``tests/common/planted``.
    """

    def __init__(self, file: Path) -> None:
        super().__init__(datetime.now(UTC), frozen=False)
        self.era = 0
        self._file = file
        self._wrong = timedelta()
        self._latest = datetime.min.replace(tzinfo=UTC)
        self._write()

    def now(self) -> datetime:
        """Return the present instant, in UTC."""
        return super().now() + self._wrong

    @property
    def latest(self) -> datetime:
        """The latest instant that any program has read."""
        return max(self.now(), self._latest)

    def set_wrong(self, by: timedelta) -> None:
        """Jump to where the clock is wrong by this much."""
        self._latest = self.latest
        self.era += 1
        self._wrong = by
        self._write()

    def _write(self) -> None:
        # At once: a program may read it at any moment.
        new = self._file.with_suffix(".new")
        new.write_bytes(SHIFT.pack(self._wrong.total_seconds()))
        new.replace(self._file)
