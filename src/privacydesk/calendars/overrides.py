"""Values for the operator's overrides of published schedules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

import yaml


@dataclass(frozen=True, slots=True)
class OverrideDay:
    """The operator's override of one day.

    Attributes:
        working: whether it is a working day.
        reason: why, as shown in the day-by-day listing of a deadline; may be empty.
    """

    working: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Overrides:
    """The operator's overrides of one calendar. They take precedence over the schedule.

    Attributes:
        calendar: code of the calendar.
        days: the overrides by day.
        settled_years: years whose schedule the operator has declared final.
    """

    calendar: str
    days: Mapping[date, OverrideDay] = field(default_factory=dict)
    settled_years: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", MappingProxyType(dict(self.days)))

    def merged(self, newer: Overrides) -> Overrides:
        """Return these overrides merged with newer ones, which win for days that both have.

        Raises:
            ValueError: ``newer`` is for another calendar.
        """
        if newer.calendar != self.calendar:
            raise ValueError("overrides of two calendars can't be merged")
        return Overrides(
            self.calendar,
            {**self.days, **newer.days},
            self.settled_years | newer.settled_years,
        )

    def years(self) -> tuple[int, ...]:
        """Return all years with overrides, in order."""
        return tuple(sorted({day.year for day in self.days} | self.settled_years))

    def to_yaml(self) -> str:
        """Return the overrides as YAML that ``read_overrides`` can parse."""
        content = {
            "calendar": self.calendar,
            "settled_years": sorted(self.settled_years),
            "days": [
                # An empty reason is omitted, not written as ''.
                {"date": day.isoformat(), "day": "working" if entry.working else "off"}
                | ({"reason": entry.reason} if entry.reason else {})
                for day, entry in sorted(self.days.items())
            ],
        }
        return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
