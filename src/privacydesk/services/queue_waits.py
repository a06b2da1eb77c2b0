"""How long people waited for an agent lately.

It tells those who wait now what others waited. Nothing is extrapolated: without enough recent waits
there is no estimate, as outside opening hours.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from statistics import quantiles
from typing import Final

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.ports import HelpVisits
from privacydesk.services.opening_hours import OpeningHours

_MAX_SAMPLES: Final = 20
_MIN_SAMPLES: Final = 5
"""Fewer waits say too little about the next one."""
_MAX_AGE: Final = timedelta(hours=2)
_MAX_READ_AGE: Final = timedelta(seconds=10)
"""How long what was read is used; the page of everybody who waits asks again and again."""
_MINUTE: Final = 60


class UsualWait(Struct, frozen=True):
    """Between which times half of those who waited lately were answered, in minutes, rounded up."""

    minutes_from: int
    minutes_to: int


class QueueWaits:
    """Returns the usual wait.

    Args:
        hours: opening hours; a wait that began outside of them says nothing about the queue.
        visits: the record of waits.
        clock: source of the current time.
    """

    def __init__(self, hours: OpeningHours, visits: HelpVisits, clock: Clock) -> None:
        self._hours = hours
        self._visits = visits
        self._clock = clock
        self._read_at: datetime | None = None
        self._usual: UsualWait | None = None

    async def usual(self) -> UsualWait | None:
        """Return the usual wait; None if too little is known, or nobody answers now."""
        now = self._clock.now()
        opened = self._hours.opened_at(now)
        if opened is None:
            return None
        if self._read_at is None or not timedelta(0) <= now - self._read_at <= _MAX_READ_AGE:
            self._read_at, self._usual = now, await self._read(opened, now)
        return self._usual

    async def _read(self, opened: datetime, now: datetime) -> UsualWait | None:
        ended = [
            (visit.answered_at, visit.waited.total_seconds())
            for visit in await self._visits.between(opened, now)
            if visit.queued
            and visit.waited is not None
            and visit.answered_at is not None
            and timedelta(0) <= now - visit.answered_at <= _MAX_AGE
        ]
        recent = [seconds for _, seconds in sorted(ended)[-_MAX_SAMPLES:]]
        if len(recent) < _MIN_SAMPLES:
            return None
        lower, _, upper = quantiles(recent, n=4, method="inclusive")
        return UsualWait(max(1, math.ceil(lower / _MINUTE)), max(1, math.ceil(upper / _MINUTE)))
