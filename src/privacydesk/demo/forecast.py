"""Presets of the panel's clock: how far each moves it, and what will happen until then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final

from privacydesk.demo.views import Words
from privacydesk.domain.instants import write_instant
from privacydesk.domain.ticket import ScheduledEventKind, Ticket
from privacydesk.services.deadlines import Deadlines

_MORNING: Final = time(9, 1)
"""After the reminders of the morning were sent."""
_JUST_AFTER: Final = timedelta(minutes=1)
_WORKING_DAYS: Final = 7
_MAX_EVENTS: Final = 5
_OVERDUE: Final = frozenset({ScheduledEventKind.OVERDUE, ScheduledEventKind.COMPLETION_OVERDUE})


@dataclass(frozen=True, slots=True)
class Preset:
    """A time to which the clock can be moved.

    Attributes:
        name: the key ``demo.clock.<name>`` is its label.
        at: the time.
    """

    name: str
    at: datetime


def presets(now: datetime, tickets: Iterable[Ticket], deadlines: Deadlines) -> tuple[Preset, ...]:
    """Return the presets, the earliest first; without a deadline ahead, that one is left out."""
    overdue = (
        event.at
        for ticket in tickets
        for event in ticket.scheduled_events
        if event.kind in _OVERDUE and event.at > now
    )
    next_deadline = min(overdue, default=None)
    found = [
        Preset("minute", now + timedelta(minutes=1)),
        Preset("hour", now + timedelta(hours=1)),
        Preset("tomorrow", _morning_after(now, deadlines)),
        Preset("working_day", _morning_of_working_day(now, 1, deadlines)),
        Preset("working_days", _morning_of_working_day(now, _WORKING_DAYS, deadlines)),
    ]
    if next_deadline is not None:
        found.append(Preset("deadline", next_deadline + _JUST_AFTER))
    # Tomorrow may be the next working day: one of them is enough.
    by_time = {preset.at: preset for preset in reversed(found)}
    return tuple(sorted(by_time.values(), key=lambda preset: preset.at))


def forecast(
    now: datetime, tickets: tuple[Ticket, ...], deadlines: Deadlines, words: Words
) -> list[dict[str, Any]]:
    """Return the presets with the scheduled events of requests until then, as JSON."""
    return [
        {
            "name": preset.name,
            "label": words.text(f"demo.clock.{preset.name}"),
            "at": write_instant(preset.at),
            **_events_until(preset.at, tickets, words),
        }
        for preset in presets(now, tickets, deadlines)
    ]


def _events_until(until: datetime, tickets: tuple[Ticket, ...], words: Words) -> dict[str, Any]:
    """Return the events until a time, the earliest first, and how many are not listed."""
    events = sorted(
        (event.at, ticket.number, event.kind)
        for ticket in tickets
        for event in ticket.scheduled_events
        if event.at <= until
    )
    listed = [
        {
            "at": write_instant(at),
            "number": number,
            "text": words.text(f"demo.event.{kind}"),
        }
        for at, number, kind in events[:_MAX_EVENTS]
    ]
    more = len(events) - len(listed)
    return {
        "events": listed,
        "more": words.text("demo.event.more", count=more) if more else "",
    }


def _morning_after(now: datetime, deadlines: Deadlines) -> datetime:
    tomorrow = deadlines.today(now) + timedelta(days=1)
    return datetime.combine(tomorrow, _MORNING, deadlines.zone)


def _morning_of_working_day(now: datetime, count: int, deadlines: Deadlines) -> datetime:
    """Return the morning of the working day so many working days ahead."""
    calendar = deadlines.calendars.get(deadlines.rules.calendar)
    day = deadlines.today(now)
    for _ in range(count):
        day += timedelta(days=1)
        while not calendar.day(day).working:
            day += timedelta(days=1)
    return datetime.combine(day, _MORNING, deadlines.zone)
