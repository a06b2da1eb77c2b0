"""Figures of help by people: waits, replies, handling and returns, by hour and by language.

A visit is counted by the hour, day and language at which it began, and by what it is now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from privacydesk.domain.figures import COLUMNS, Figure, FigureName, Line, centile
from privacydesk.domain.help_visits import HelpVisit, OpeningTime, VisitOutcome

_Values = Callable[[FigureName, Sequence[HelpVisit]], tuple[int, ...]]
"""Returns the values of a figure's line, given the visits that it is about."""

_SECOND: Final = timedelta(seconds=1)
_MIN_WAITS: Final = 5
"""Fewer waits miss no target: one late answer would decide."""


class HelpTargets(Struct, frozen=True):
    """The operator's targets.

    Attributes:
        wait: the opening time within which a user should be answered.
        in_time_percent: the lowest share of waits that should end in time.
        left_percent: the highest share of users who may leave the queue unanswered.
        return_time: a user who asks again within this time after a visit has returned.
    """

    wait: timedelta = timedelta(minutes=10)
    in_time_percent: int = 80
    left_percent: int = 10
    return_time: timedelta = timedelta(days=7)


class WaitStanding(Struct, frozen=True):
    """The waits of a period beside the targets; the counts are those of ``WAITS_BY_HOUR``."""

    in_time: int
    too_late: int
    left: int
    waiting: int
    targets: HelpTargets

    @classmethod
    def of(cls, figure: Figure, targets: HelpTargets) -> WaitStanding:
        """Return the standing that a figure of waits tells."""
        in_time, too_late, left, waiting = figure.totals or (0,) * 4
        return cls(in_time, too_late, left, waiting, targets)

    @property
    def answered(self) -> int:
        """The denominator of the share in time: answered, or waiting for too long."""
        return self.in_time + self.too_late

    @property
    def decided(self) -> int:
        """The denominator of the share that left."""
        return self.answered + self.left

    @property
    def misses_wait(self) -> bool:
        """Whether too few waits ended in time."""
        lowest = self.targets.in_time_percent * self.answered
        return self.answered >= _MIN_WAITS and 100 * self.in_time < lowest

    @property
    def misses_left(self) -> bool:
        """Whether too many users left the queue unanswered."""
        highest = self.targets.left_percent * self.decided
        return self.decided >= _MIN_WAITS and 100 * self.left > highest


def wait_column(
    visit: HelpVisit, targets: HelpTargets, now: datetime, opening_time: OpeningTime
) -> str:
    """Return the column of the figures of waits in which a visit is counted."""
    if visit.outcome is VisitOutcome.LEFT and visit.reply_time is None:
        return "left"
    waited = visit.waited
    if (opening_time(visit.began_at, now) if waited is None else waited) > targets.wait:
        return "too_late"
    return "waiting" if waited is None else "in_time"


def return_column(visit: HelpVisit, targets: HelpTargets, now: datetime) -> str:
    """Return the column of the figures of returns in which an ended visit is counted."""
    assert visit.ended_at is not None
    until = visit.ended_at + targets.return_time
    if visit.returned_at is not None and visit.returned_at <= until:
        return "returned"
    return "not_returned" if now > until else "undecided"


class HelpFigures:
    """Computes the figures of visits.

    Args:
        targets: the operator's targets.
        zone: the operator's time zone.
        opening_time: measures the waits of those who wait still.
    """

    def __init__(self, targets: HelpTargets, zone: ZoneInfo, opening_time: OpeningTime) -> None:
        self.targets = targets
        self._zone = zone
        self._opening_time = opening_time

    def figures(self, visits: Iterable[HelpVisit], now: datetime) -> Iterator[Figure]:
        """Yield the figures of visits as they stand at an instant."""
        visits = tuple(visits)
        queued = [visit for visit in visits if visit.queued]
        handled = [visit for visit in visits if visit.ended_at and visit.handled is not None]

        def waits(name: FigureName, group: Sequence[HelpVisit]) -> tuple[int, ...]:
            columns = (wait_column(one, self.targets, now, self._opening_time) for one in group)
            return _counts(name, columns)

        def returns(name: FigureName, group: Sequence[HelpVisit]) -> tuple[int, ...]:
            return _counts(name, (return_column(one, self.targets, now) for one in group))

        yield from self._by_hour_and_language(_WAITS, queued, waits)
        yield from self._by_hour_and_language(_WAIT_TIME, queued, _times("waited"))
        yield from self._by_hour_and_language(_FIRST_REPLY, queued, _times("reply_time"))
        yield from self._by_hour_and_language(_HANDLING, handled, _times("handled"))
        yield from self._by_hour_and_language(_RETURNS, handled, returns)

    def _by_hour_and_language(
        self, names: tuple[FigureName, FigureName], visits: Sequence[HelpVisit], values: _Values
    ) -> Iterator[Figure]:
        hours: dict[int, list[HelpVisit]] = {}
        languages: dict[str, list[HelpVisit]] = {}
        for visit in visits:
            hours.setdefault(visit.began_at.astimezone(self._zone).hour, []).append(visit)
            languages.setdefault(visit.locale, []).append(visit)
        # Hours without a visit are shown between those with one.
        of_day = {
            str(hour): hours.get(hour, [])
            for hour in range(min(hours, default=0), max(hours, default=-1) + 1)
        }
        for name, groups in zip(names, (of_day, dict(sorted(languages.items()))), strict=True):
            lines = (Line(label, values(name, group)) for label, group in groups.items())
            yield Figure(name, tuple(lines), values(name, visits))


_WAITS: Final = (FigureName.WAITS_BY_HOUR, FigureName.WAITS_BY_LANGUAGE)
_WAIT_TIME: Final = (FigureName.WAIT_TIME_BY_HOUR, FigureName.WAIT_TIME_BY_LANGUAGE)
_FIRST_REPLY: Final = (FigureName.FIRST_REPLY_BY_HOUR, FigureName.FIRST_REPLY_BY_LANGUAGE)
_HANDLING: Final = (FigureName.HANDLING_BY_HOUR, FigureName.HANDLING_BY_LANGUAGE)
_RETURNS: Final = (FigureName.RETURNS_BY_HOUR, FigureName.RETURNS_BY_LANGUAGE)


def _counts(name: FigureName, columns: Iterable[str]) -> tuple[int, ...]:
    counted = Counter(columns)
    return tuple(counted[column] for column in COLUMNS[name])


def _times(duration: str) -> _Values:
    """Return what computes number, median and 90th centile of a duration of visits."""

    def values(_name: FigureName, group: Sequence[HelpVisit]) -> tuple[int, ...]:
        found = (getattr(visit, duration) for visit in group)
        seconds = sorted(-(-one // _SECOND) for one in found if one is not None)
        return len(seconds), centile(seconds, 50), centile(seconds, 90)

    return values
