"""The figures of help by a person, counted anew from the logs of conversations.

Written from ``docs/reports.md``; it shares nothing with what the desk records and computes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from math import ceil
from zoneinfo import ZoneInfo

from privacydesk.domain.events import Event

ZONE = ZoneInfo("Asia/Shanghai")
DAYS_OFF = frozenset({date(2026, 6, 19)})
"""The days from Monday to Friday on which nobody works, from June to August 2026."""

Figures = dict[str, dict[str, tuple[int, ...]]]
"""By figure, the values of its lines that are not nought, and of all lines together."""


@dataclass(frozen=True)
class Hours:
    """A shift in which staff answer: every day, or on working days."""

    opens: time
    closes: time
    every_day: bool = False

    def covers(self, instant: datetime) -> bool:
        local = instant.astimezone(ZONE)
        works = local.weekday() < 5 and local.date() not in DAYS_OFF
        return (self.every_day or works) and self.opens <= local.time() < self.closes


@dataclass
class Rota:
    """Which shifts were in force since when."""

    changes: list[tuple[datetime, tuple[Hours, ...]]]

    def at(self, instant: datetime) -> tuple[Hours, ...]:
        return [shifts for since, shifts in self.changes if since <= instant][-1]

    def open_time(self, begin: datetime, end: datetime) -> timedelta:
        """Return how long it was open, by the shifts in force at the end."""
        shifts = self.at(end)
        if not shifts:
            return end - begin
        edges = {begin, end}
        day = begin.astimezone(ZONE).date()
        while day <= end.astimezone(ZONE).date():
            for one in shifts:
                for of_day in (one.opens, one.closes):
                    edges.add(datetime.combine(day, of_day, ZONE))
            day += timedelta(days=1)
        ordered = sorted(edge for edge in edges if begin <= edge <= end)
        return sum(
            (
                later - sooner
                for sooner, later in pairwise(ordered)
                if any(one.covers(sooner + (later - sooner) / 2) for one in shifts)
            ),
            timedelta(0),
        )


@dataclass
class Visit:
    """What a log tells of one visit."""

    began: datetime
    locale: str
    queued: bool
    answered: datetime | None = None
    replied: datetime | None = None
    taken: datetime | None = None
    handled: list[timedelta] = field(default_factory=list)
    ended: datetime | None = None
    left: bool = False
    again: datetime | None = None


def visits_in(log: Iterable[Event]) -> list[Visit]:
    """Return the visits of one conversation, in order."""
    visits: list[Visit] = []
    for event in log:
        visit = visits[-1] if visits and visits[-1].ended is None else None
        if event.kind.value == "owner":
            _owner(visits, visit, str(event.data["owner"]), event)
        elif event.sender.value == "agent" and event.kind.value == "text" and visit is not None:
            visit.answered = visit.answered or event.at
            visit.replied = visit.replied or event.at
    return visits


def _owner(visits: list[Visit], visit: Visit | None, owner: str, event: Event) -> None:
    if visit is not None and visit.taken is not None:
        visit.handled.append(event.at - visit.taken)
        visit.taken = None
    if owner == "assistant":
        assert visit is not None
        visit.ended = event.at
        visit.left = event.key == "owner.left_queue"
        return
    if visit is None:
        visit = Visit(event.at, event.locale, queued=owner == "queue")
        if visits and visit.queued:
            for earlier in visits:
                earlier.again = earlier.again or event.at
        visits.append(visit)
    if owner == "agent":
        visit.answered = visit.answered or event.at
        visit.taken = event.at


@dataclass(frozen=True)
class Recount:
    """Counts visits as they stand at an instant."""

    rota: Rota
    now: datetime
    patience: timedelta = timedelta(minutes=10)
    return_time: timedelta = timedelta(days=7)

    def figures(self, visits: Sequence[Visit]) -> Figures:
        """Return the figures of visits."""
        asked = [visit for visit in visits if visit.queued]
        helped = [visit for visit in visits if visit.ended and visit.handled]
        figures: Figures = {}
        for name, counted, count in (
            ("waits", asked, self._waits),
            ("wait_time", asked, self._wait_times),
            ("first_reply", asked, self._reply_times),
            ("handling", helped, _handling),
            ("returns", helped, self._returns),
        ):
            for by, label in (("hour", _hour), ("language", _language)):
                labels = {label(visit) for visit in counted}
                lines = {one: count([v for v in counted if label(v) == one]) for one in labels}
                lines = {one: values for one, values in lines.items() if any(values)}
                figures[f"{name}_by_{by}"] = {**lines, "": count(counted)}
        return figures

    def _waits(self, group: Sequence[Visit]) -> tuple[int, ...]:
        found = [self._wait(one) for one in group]
        return tuple(found.count(one) for one in ("in_time", "too_late", "left", "waiting"))

    def _wait(self, visit: Visit) -> str:
        if visit.left and visit.replied is None:
            return "left"
        if self.rota.open_time(visit.began, visit.answered or self.now) > self.patience:
            return "too_late"
        return "in_time" if visit.answered else "waiting"

    def _returns(self, group: Sequence[Visit]) -> tuple[int, ...]:
        found = [self._return(one) for one in group]
        return tuple(found.count(one) for one in ("not_returned", "returned", "undecided"))

    def _return(self, visit: Visit) -> str:
        assert visit.ended is not None
        if visit.again is not None and visit.again - visit.ended <= self.return_time:
            return "returned"
        return "not_returned" if self.now - visit.ended > self.return_time else "undecided"

    def _wait_times(self, group: Sequence[Visit]) -> tuple[int, ...]:
        return _spread(self.rota.open_time(v.began, v.answered) for v in group if v.answered)

    def _reply_times(self, group: Sequence[Visit]) -> tuple[int, ...]:
        return _spread(self.rota.open_time(v.began, v.replied) for v in group if v.replied)


def _handling(group: Sequence[Visit]) -> tuple[int, ...]:
    return _spread(sum(visit.handled, timedelta(0)) for visit in group)


def _hour(visit: Visit) -> str:
    return str(visit.began.astimezone(ZONE).hour)


def _language(visit: Visit) -> str:
    return visit.locale


def _spread(durations: Iterable[timedelta]) -> tuple[int, ...]:
    seconds = sorted(ceil(one.total_seconds()) for one in durations)
    return len(seconds), _within(seconds, 5), _within(seconds, 9)


def _within(seconds: Sequence[int], tenths: int) -> int:
    """Return the shortest time within which so many tenths of the visits were."""
    for one in seconds:
        if 10 * sum(other <= one for other in seconds) >= tenths * len(seconds):
            return one
    return 0
