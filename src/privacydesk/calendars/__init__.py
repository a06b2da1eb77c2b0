"""Working-day calendars: published schedules with the operator's overrides.

``schedules`` has the published schedules, ``overrides`` the operator's changes, and ``registry``
combines them to calendars. ``regimes`` has the legal periods that an operator can enable.
"""

from __future__ import annotations

from privacydesk.calendars.override_files import CalendarInvalidError, read_overrides
from privacydesk.calendars.override_folder import (
    import_overrides,
    load_overrides,
    overrides_stamp,
)
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
