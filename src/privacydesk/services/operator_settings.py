"""What administrators look at and set: office hours, calendars and the policy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import orjson
from msgspec import Struct

from privacydesk.calendars import CODES, Overrides
from privacydesk.clock import Clock
from privacydesk.domain.deadlines import DayStatus
from privacydesk.domain.policy_texts import PolicyText
from privacydesk.domain.saved_settings import policy_setting
from privacydesk.domain.shifts import Shift
from privacydesk.policy.changes import Change, changes_between
from privacydesk.policy.clauses import ClauseMap
from privacydesk.services.calendar_plan import CalendarPlan, CalendarPlanner
from privacydesk.services.deadlines import Deadlines
from privacydesk.services.opening_hours import OpeningHours
from privacydesk.services.policies import Policies, version_of
from privacydesk.services.policy_pages import DocumentPage, documents_of
from privacydesk.services.policy_uploads import PolicyUploads
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
    """An imported text of the policy.

    Attributes:
        text: the text.
        documents: the titles of its documents.
        in_force: whether it is quoted.
        was_in_force: whether it is, or was before.
    """

    text: PolicyText
    documents: tuple[str, ...]
    in_force: bool
    was_in_force: bool


class PolicyReview(Struct, frozen=True):
    """What there is to know about a text before it is put in force.

    Attributes:
        documents: every passage, in reading order.
        notes: what the importer noticed: line, code and explanation.
        changes: how it differs from the text in force; None if that is the same, or there is none.
        missing: clauses of the operator profile whose anchor it lacks.
    """

    documents: tuple[DocumentPage, ...]
    notes: tuple[tuple[int, str, str], ...]
    changes: tuple[Change, ...] | None
    missing: tuple[str, ...]


class OperatorSettings:
    """Reads what the operator has set.

    Args:
        hours: the office hours.
        deadlines: the operator's calendar, which may be replaced at run time.
        policy_name: the name of the policy; empty for none.
        policies: stores the versions of the policy.
        uploads: imports uploaded files.
        clauses: the operator profile's clauses.
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
        policies: Policies,
        uploads: PolicyUploads,
        clauses: ClauseMap,
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
        self.policies = policies
        self.uploads = uploads
        self._clauses = clauses
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

    def calendar_years(self, code: str = "", language: str = "en") -> tuple[CalendarYear, ...]:
        """Return this year and the next one of a calendar.

        Args:
            code: code of the calendar; empty for the operator's.
            language: language of the names of holidays, as ``Calendars`` takes it.
        """
        calendars = self._deadlines.calendars
        calendar = calendars.get(code or self._deadlines.rules.calendar).in_language(language)
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
        """Return the imported texts of the policy, the newest first."""
        if not self.policy_name:
            return ()
        history = await self.saved.history(policy_setting(self.policy_name))
        digests = [setting.body for setting in history]
        texts = await self.policies.texts(self.policy_name)
        titles = await asyncio.to_thread(lambda: [_titles(text) for text in texts])
        return tuple(
            PolicyEdition(text, found, text.digest in digests[:1], text.digest in digests)
            for text, found in zip(texts, titles, strict=True)
        )

    async def review_policy(self, text: PolicyText) -> PolicyReview:
        """Return what there is to know about a text before it is put in force."""
        current = await self.saved.current(policy_setting(self.policy_name))
        other = None
        if current is not None and current.body != text.digest:
            other = await self.policies.text(self.policy_name, current.body)
        return await asyncio.to_thread(self._review, text, other)

    def _review(self, text: PolicyText, other: PolicyText | None) -> PolicyReview:
        version = version_of(text)
        notes = orjson.loads(text.tree).get("notes", ())
        return PolicyReview(
            documents=documents_of(version),
            notes=tuple((int(line), str(code), str(what)) for line, code, what in notes),
            changes=None if other is None else changes_between(version_of(other), version),
            missing=tuple(sorted(self._clauses.missing(version))),
        )


def _titles(text: PolicyText) -> tuple[str, ...]:
    return tuple(str(document["title"]) for document in orjson.loads(text.tree)["documents"])
