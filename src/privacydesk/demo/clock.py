"""The demo's clock: runs with the machine's, can be moved forward, and survives a restart.

Its offset is kept in a file, where commands run beside the demo read it.
"""

from __future__ import annotations

import json
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from privacydesk.clock import MovableClock, SystemClock
from privacydesk.demo.files import replace_file
from privacydesk.domain.deadlines import WorkingCalendar
from privacydesk.errors import InvalidRequestError, SettingsError

CLOCK_FILE: Final = "demo-clock.json"
_MOST_DAYS: Final = 60
_FARTHEST: Final = timedelta(days=400)


class DemoClock(MovableClock):
    """A movable clock that saves its offset from the machine's.

    Args:
        path: where that is kept; without a file the clock begins at ``start``.
        start: the present to begin with, the machine's by default. Ignored if the data have seen
            a later one: see :attr:`kept`.

    Attributes:
        kept: whether ``start`` was ignored, because the data's present is later.

    Raises:
        SettingsError: the file can't be read.
    """

    def __init__(self, path: Path, start: datetime | None = None) -> None:
        self._path = path
        ahead = _read(path)
        system = SystemClock().now()
        self.kept = ahead is not None and start is not None and start < system + ahead
        if ahead is not None and (start is None or self.kept):
            start = system + ahead
        super().__init__(start)
        self._save()

    def move(self, by: timedelta) -> None:
        """Move the present forward and remember it; see :meth:`MovableClock.move`."""
        super().move(by)
        self._save()

    def _save(self) -> None:
        ahead = self.now() - SystemClock().now()
        replace_file(self._path, json.dumps({"ahead_seconds": ahead.total_seconds()}))


def until_working_day(
    now: datetime, count: int, calendar: WorkingCalendar, zone: ZoneInfo
) -> timedelta:
    """Return how far it is to the same time of day, ``count`` working days ahead.

    Raises:
        InvalidRequestError: the count is not between 1 and 60.
    """
    if not 1 <= count <= _MOST_DAYS:
        raise InvalidRequestError(f"the clock moves by 1 to {_MOST_DAYS} working days at a time")
    local = now.astimezone(zone)
    day = local.date()
    for _ in range(count):
        day += timedelta(days=1)
        while not calendar.day(day).working:
            day += timedelta(days=1)
    target = datetime.combine(day, time(local.hour, local.minute, local.second), zone)
    return max(target - now, timedelta(0))


def by_seconds(seconds: float) -> timedelta:
    """Return a span that the clock may be moved by at once.

    Raises:
        InvalidRequestError: it is negative, or farther than 400 days.
    """
    if not 0 <= seconds <= _FARTHEST.total_seconds():
        raise InvalidRequestError("the clock moves forward, by at most 400 days at a time")
    return timedelta(seconds=seconds)


def _read(path: Path) -> timedelta | None:
    try:
        return timedelta(seconds=float(json.loads(path.read_text("utf-8"))["ahead_seconds"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise SettingsError(
            f"{path} holds no clock; remove it to begin at the present time"
        ) from error
