"""Changes that administrators make to the overrides of a calendar; saved by ``SavedSettings``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from privacydesk.calendars import CalendarInvalidError, Overrides, parse_overrides

_REPLACED: Final = "\ufffd"
"""Stands for bytes that could not be decoded."""
_FIELDS: Final = "form.json"


def with_file(present: Overrides, name: str, text: str, *, replace: bool) -> Overrides:
    """Return overrides with those of a file.

    Args:
        present: the present overrides.
        name: the name of the file, which says its format.
        text: its content.
        replace: whether the file replaces them, instead of being merged over them.

    Raises:
        CalendarInvalidError: the file is invalid.
    """
    if _REPLACED in text:
        raise CalendarInvalidError(name, None, "it isn't UTF-8 text", "save it as UTF-8")
    added = parse_overrides(text.encode(), name, calendar=present.calendar)
    return added if replace else present.merged(added)


def with_days(
    present: Overrides,
    *,
    first: str,
    until: str = "",
    kind: str = "",
    reason: str = "",
    settled_years: Iterable[str] = (),
) -> Overrides:
    """Return overrides with further days and settled years, as typed into a form.

    Args:
        present: the present overrides.
        first: the first day; empty for none.
        until: the last day; empty if there is one only.
        kind: ``off`` or ``working``.
        reason: why.
        settled_years: the years to declare final.

    Raises:
        CalendarInvalidError: a field is invalid.
    """
    content: dict[str, Any] = {"settled_years": list(settled_years)}
    if first:
        entry = {"date": first, "day": kind, "reason": reason}
        content["days"] = [entry | ({"until": until} if until else {})]
    added = parse_overrides(json.dumps(content).encode(), _FIELDS, calendar=present.calendar)
    return present.merged(added)


def without(present: Overrides, *, day: str = "", year: str = "") -> Overrides:
    """Return overrides without a day, or without the declaration that a year is final."""
    days = {one: entry for one, entry in present.days.items() if one.isoformat() != day}
    years = frozenset(one for one in present.settled_years if str(one) != year)
    return Overrides(present.calendar, days, years)
