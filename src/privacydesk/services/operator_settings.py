"""What administrators look at and set: office hours, calendars and the policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from privacydesk.calendars import CODES, Overrides
from privacydesk.clock import Clock
from privacydesk.domain.deadlines import DayStatus
from privacydesk.domain.shifts import Shift
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.calendar_plan import CalendarPlan, CalendarPlanner
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.opening_hours import OpeningHours
from privacydesk.services.saved_settings import SavedSettings

_DAYS_SHOWN: Final = 14
_YEARS: Final = 2
"""This year and the next one, in which present requests are due."""


class OpenDay(Struct, frozen=True):
    """A day with its office hours.

    Attributes:
        spans: from when to when staff answer; empty if they don't.
        holiday: the name of a holiday or of a make-up day; empty for none.
    """

    day: date
    spans: tuple[tuple[datetime, datetime], ...]
    holiday: str


class Hours(Struct, frozen=True):
    """The office hours.

    Attributes:
        shifts: when staff answer; empty if that is not known.
        is_open: whether a shift is running.
        opens_at: when the next shift begins; None if it is not known.
        week: today and the following days, with what is open on each.
    """

    shifts: tuple[Shift, ...]
    is_open: bool
    opens_at: datetime | None
    week: tuple[OpenDay, ...]


class CalendarYear(Struct, frozen=True):
    """A year of the operator's calendar.

    Attributes:
        settled: whether its schedule is final; deadlines in it are provisional if not.
        off: days off other than weekends.
        worked: working days on weekends.
        overridden: days that the operator has set.
    """

    calendar: str
    year: int
    settled: bool
    off: tuple[tuple[date, DayStatus], ...]
    worked: tuple[tuple[date, DayStatus], ...]
    overridden: int


class PolicyEdition(Struct, frozen=True):
    """An imported version of the policy, without its text."""

    digest: str
    imported_at: datetime
    documents: tuple[str, ...]
    passages: int
    in_force: bool


class OperatorSettings:
    """Reads what the operator has set.

    Args:
        hours: the office hours.
        deadlines: the operator's calendar, which may be replaced at run time.
        policy_name: the name of the policy; empty for none.
        policy_in_force: returns the version that is cited; None if none is.
        policy_versions: returns all imported versions.
        clock: source of the current time.
        saved: saves the settings and has their versions.
        planner: computes what a change of a calendar moves.
        closing_faces: why pictures of faces may prove who closes an account; empty if they may not.
    """

    def __init__(
        self,
        *,
        hours: OpeningHours,
        deadlines: Deadlines,
        policy_name: str,
        policy_in_force: Callable[[], PolicyVersion | None],
        policy_versions: Callable[[], Awaitable[Sequence[PolicyVersion]]],
        clock: Clock,
        saved: SavedSettings,
        planner: CalendarPlanner,
        closing_faces: str = "",
    ) -> None:
        self.saved = saved
        self._planner = planner
        self.policy_name = policy_name
        self.closing_faces = closing_faces
        self._hours = hours
        self._deadlines = deadlines
        self._policy_in_force = policy_in_force
        self._policy_versions = policy_versions
        self._clock = clock

    def hours(self, shifts: Sequence[Shift] | None = None) -> Hours:
        """Return the office hours in force; or how others would be, if they are given."""
        now = self._clock.now()
        hours = self._hours if shifts is None else OpeningHours(shifts, self._deadlines)
        opens_at = None if hours.is_open(now) else hours.next_opening(now)
        return Hours(hours.shifts, hours.is_open(now), opens_at, tuple(self._week(hours, now)))

    def _week(self, hours: OpeningHours, now: datetime) -> Iterator[OpenDay]:
        calendar = self._deadlines.calendars.get(self._deadlines.rules.calendar)
        for ahead in range(_DAYS_SHOWN):
            day = self._deadlines.today(now) + timedelta(days=ahead)
            yield OpenDay(day, tuple(sorted(hours.on(day))), calendar.day(day).name or "")

    @property
    def calendar_code(self) -> str:
        """The code of the calendar by which deadlines are counted."""
        return self._deadlines.rules.calendar

    @property
    def calendar_codes(self) -> Sequence[str]:
        """The codes of all calendars."""
        return CODES

    def overrides(self, code: str) -> Overrides:
        """Return the overrides of a calendar in force here."""
        return self._deadlines.calendars.get(code).overrides

    def plan(self, overrides: Overrides) -> Awaitable[CalendarPlan]:
        """Return what changes if these are all overrides of their calendar."""
        return self._planner.plan(overrides)

    def calendar_years(self, code: str = "") -> tuple[CalendarYear, ...]:
        """Return this year and the next one of a calendar; default: the operator's."""
        calendar = self._deadlines.calendars.get(code or self._deadlines.rules.calendar)
        first = self._deadlines.today(self._clock.now()).year
        schedules = [calendar.year(year) for year in range(first, first + _YEARS)]
        return tuple(
            CalendarYear(
                calendar=schedule.calendar,
                year=schedule.year,
                settled=schedule.settled,
                off=schedule.off,
                worked=schedule.worked,
                overridden=sum(day.year == schedule.year for day in calendar.overrides.days),
            )
            for schedule in schedules
        )

    def missing_schedule(self) -> int | None:
        """Return the year without a final schedule on which deadlines rest; None for none."""
        return self._deadlines.missing_schedule(self._clock.now())

    async def policy_editions(self) -> tuple[PolicyEdition, ...]:
        """Return the imported versions of the policy, the newest first."""
        current = self._policy_in_force()
        versions = await self._policy_versions() if self.policy_name else ()
        return tuple(
            PolicyEdition(
                digest=version.digest[:12],
                imported_at=version.imported_at,
                documents=tuple(document.title for document in version.documents),
                passages=sum(1 for _ in version.passages()),
                in_force=current is not None and version.digest == current.digest,
            )
            for version in sorted(versions, key=lambda each: each.imported_at, reverse=True)
        )
