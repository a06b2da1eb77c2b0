"""What the operator has set in files: office hours, calendars and the policy, for administrators.

The files lie on the machine of each process, so they are changed by command there, and only shown
by the console.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, datetime
from typing import Final

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.deadlines import DayStatus
from privacydesk.domain.shifts import Shift
from privacydesk.policy.tree import PolicyVersion
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.opening_hours import OpeningHours

_YEARS: Final = 2
"""This year and the next one, in which present requests are due."""


class Hours(Struct, frozen=True):
    """The office hours.

    Attributes:
        shifts: when staff answer; empty if that is not known.
        is_open: whether a shift is running.
        opens_at: when the next shift begins; None if it is not known.
    """

    shifts: tuple[Shift, ...]
    is_open: bool
    opens_at: datetime | None


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
        closing_faces: str = "",
    ) -> None:
        self.policy_name = policy_name
        self.closing_faces = closing_faces
        self._hours = hours
        self._deadlines = deadlines
        self._policy_in_force = policy_in_force
        self._policy_versions = policy_versions
        self._clock = clock

    def hours(self) -> Hours:
        """Return the office hours."""
        now = self._clock.now()
        opens_at = None if self._hours.is_open(now) else self._hours.next_opening(now)
        return Hours(self._hours.shifts, self._hours.is_open(now), opens_at)

    def calendar_years(self) -> tuple[CalendarYear, ...]:
        """Return this year and the next one of the operator's calendar."""
        calendar = self._deadlines.calendars.get(self._deadlines.rules.calendar)
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
