"""The hours in which staff answer, as a sentence names them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any, Final

from privacydesk.dialog.rules import Rules
from privacydesk.domain.shifts import WEEK, WORKING_DAYS, Shift

_DAY_ENDS: Final = time(23, 59)


def hours_of(rules: Rules) -> dict[str, Any]:
    """Return ``hours`` and ``zone`` for a text; empty if the operator names none."""
    if not rules.shifts:
        return {}
    hours = {"$texts": [_named(one) for one in rules.shifts]}
    return {"hours": hours, "zone": {"$zone": rules.zone}}


def never_closes(shifts: Sequence[Shift]) -> bool:
    """Return whether staff answer around the clock."""
    return any(
        one.every_day and one.days >= WEEK and one.opens == time(0) and one.closes >= _DAY_ENDS
        for one in shifts
    )


def _named(shift: Shift) -> dict[str, Any]:
    args = {"opens": shift.opens.strftime("%H:%M"), "closes": shift.closes.strftime("%H:%M")}
    if shift.every_day and shift.days >= WEEK:
        return {"$term": "desk.shift_every_day", "args": args}
    if shift.days == WORKING_DAYS and not shift.every_day:
        return {"$term": "desk.shift_working_days", "args": args}
    days = {"$terms": [f"desk.weekday.{day}" for day in sorted(shift.days)]}
    return {"$term": "desk.shift_weekdays", "args": {"days": days, **args}}
