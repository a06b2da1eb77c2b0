"""What works at the moment and what does not, for the status page and for metrics."""

from __future__ import annotations

import asyncio
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.present_figures import Figures
from privacydesk.errors import UnavailableError
from privacydesk.outages import Outages
from privacydesk.ports import PresentFigures

_PATIENCE: Final = 3.0
"""Seconds to wait for the database; a scrape usually gives up after ten."""


class Status(Struct, frozen=True):
    """The state of what the process depends on.

    Attributes:
        outages: since when each dependency is out of order; None for those that work.
        figures: what waits; None if the database can't be read now.
        disk_free: free bytes on the disk of the data folder.
        disk_size: its size in bytes.
    """

    outages: dict[str, datetime | None]
    figures: Figures | None
    disk_free: int
    disk_size: int


class DeskStatus:
    """Finds out the state when it is asked for.

    Args:
        figures: reads what waits.
        outages: the outages of this process.
        data_dir: the data folder.
        clock: source of the current time.
    """

    def __init__(
        self, figures: PresentFigures, outages: Outages, data_dir: Path, clock: Clock
    ) -> None:
        self._figures = figures
        self._outages = outages
        self._data_dir = data_dir
        self._clock = clock

    async def read(self) -> Status:
        """Return the state at this moment."""
        try:
            total, _, free = shutil.disk_usage(self._data_dir)
        except OSError:
            # A data folder that is gone is one of the parts that are out of order.
            total = free = 0
        return Status(
            {outage.what: outage.since for outage in self._outages.known()},
            await self._read_figures(),
            free,
            total,
        )

    async def _read_figures(self) -> Figures | None:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._figures.read(self._clock.now())
        except (UnavailableError, TimeoutError):
            return None
