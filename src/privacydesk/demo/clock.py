"""The demo's clock: runs with the system clock, can be moved forward, and survives a restart.

Its offset from the system clock is stored in a file, which commands beside the demo read.
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
_MAX_WORKING_DAYS: Final = 60
_MAX_MOVE: Final = timedelta(days=400)


class DemoClock(MovableClock):
    """A movable clock that saves its offset from the system clock.

    Args:
        path: the file with the offset; without one the clock begins at ``start``.
        start: the time to begin with; default: the system time. Ignored if the data have seen a
            later one: see :attr:`kept`.
        rewound: how far before its time it begins, for the seeding; see :meth:`catch_up`.

    Attributes:
        kept: whether ``start`` was ignored, because the data have seen a later time.
        present: the time at which the demo starts, however far the clock is rewound.

    Raises:
        SettingsError: the file can't be read.
    """

    def __init__(
        self, path: Path, start: datetime | None = None, *, rewound: timedelta = timedelta(0)
    ) -> None:
        self._path = path
        ahead = _read_offset(path)
        system_time = SystemClock().now()
        self.kept = ahead is not None and start is not None and start < system_time + ahead
        if ahead is not None and (start is None or self.kept):
            start = system_time + ahead
        self.present = start or system_time
        self._offset = self.present - system_time
        self._is_rewound = bool(rewound)
        super().__init__(self.present - rewound)
        self._save()

    def move(self, by: timedelta) -> None:
        """Move the clock forward and save its offset; see :meth:`MovableClock.move`."""
        super().move(by)
        self._save()

    def catch_up(self) -> None:
        """Move a rewound clock to where it would be without that, and save its offset from now."""
        self._is_rewound = False
        self.move(max(SystemClock().now() + self._offset - self.now(), timedelta(0)))

    def _save(self) -> None:
        if self._is_rewound:
            return
        ahead = self.now() - SystemClock().now()
        replace_file(self._path, json.dumps({"ahead_seconds": ahead.total_seconds()}))


def until_working_day(
    now: datetime, count: int, calendar: WorkingCalendar, zone: ZoneInfo
) -> timedelta:
    """Return how far it is to the same time of day, ``count`` working days ahead.

    Raises:
        InvalidRequestError: the count is not between 1 and 60.
    """
    if not 1 <= count <= _MAX_WORKING_DAYS:
        raise InvalidRequestError(
            f"the clock moves by 1 to {_MAX_WORKING_DAYS} working days at a time"
        )
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
    if not 0 <= seconds <= _MAX_MOVE.total_seconds():
        raise InvalidRequestError("the clock moves forward, by at most 400 days at a time")
    return timedelta(seconds=seconds)


def _read_offset(path: Path) -> timedelta | None:
    try:
        return timedelta(seconds=float(json.loads(path.read_text("utf-8"))["ahead_seconds"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, OverflowError) as error:
        raise SettingsError(
            f"{path} holds no clock; remove it to begin at the present time"
        ) from error
