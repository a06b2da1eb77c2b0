"""Working-day calendars: published schedules plus the operator's overrides.

``registry`` answers for a day, ``schedules`` holds what is published, ``overrides`` what the
operator sets on top of it, ``regimes`` the periods that can be switched on.
"""

from __future__ import annotations

from privacydesk.calendars.override_files import CalendarInvalidError, read_overrides
from privacydesk.calendars.override_folder import (
    import_overrides,
    load_overrides,
    overrides_stamp,
)
from privacydesk.calendars.overrides import OverrideDay, Overrides
from privacydesk.calendars.regimes import OPERATOR_7WD, REGIMES, regime
from privacydesk.calendars.registry import Calendars, OperatorCalendar, Origin, YearSchedule
from privacydesk.calendars.schedules import (
    CODES,
    DEFAULT_SETTLED_UNTIL,
    FIRST_YEAR,
    LAST_YEAR,
    CalendarRangeError,
    UnknownCalendarError,
)

__all__ = [
    "CODES",
    "DEFAULT_SETTLED_UNTIL",
    "FIRST_YEAR",
    "LAST_YEAR",
    "OPERATOR_7WD",
    "REGIMES",
    "CalendarInvalidError",
    "CalendarRangeError",
    "Calendars",
    "OperatorCalendar",
    "Origin",
    "OverrideDay",
    "Overrides",
    "UnknownCalendarError",
    "YearSchedule",
    "import_overrides",
    "load_overrides",
    "overrides_stamp",
    "read_overrides",
    "regime",
]
