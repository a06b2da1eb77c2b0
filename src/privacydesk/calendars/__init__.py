"""Working-day calendars: published schedules with the operator's overrides.

``schedules`` has the published schedules, ``overrides`` the operator's changes, and ``registry``
combines them to calendars. ``regimes`` has the legal periods that an operator can enable.
"""

from __future__ import annotations

from privacydesk.calendars.override_files import (
    MAX_BYTES,
    MAX_REASON,
    CalendarInvalidError,
    parse_overrides,
    read_overrides,
)
from privacydesk.calendars.override_folder import load_overrides, store_overrides
from privacydesk.calendars.overrides import OverrideDay, Overrides
from privacydesk.calendars.regimes import CLOSING_15WD, OPERATOR_7WD, REGIMES, regime
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
    "CLOSING_15WD",
    "CODES",
    "DEFAULT_SETTLED_UNTIL",
    "FIRST_YEAR",
    "LAST_YEAR",
    "MAX_BYTES",
    "MAX_REASON",
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
    "load_overrides",
    "parse_overrides",
    "read_overrides",
    "regime",
    "store_overrides",
]
