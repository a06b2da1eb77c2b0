"""Clocks of tickets: which run, when they are due, and which dues fire before that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from privacydesk.calendars import OPERATOR_7WD, Calendars
from privacydesk.domain.clocks import (
    Clock,
    RegimeProfile,
    StartsFrom,
    deadline_of,
    recount,
    settle,
    start_clock,
)
from privacydesk.domain.deadlines import Day, Unit, working_days_before
from privacydesk.domain.ticket import Due, DueKind, Ticket
from privacydesk.errors import NotAllowedNowError

_REMINDER_HOUR = time(9, 0)
"""Reminders come up at the start of the working day, in the operator's zone."""

_OF_CLOCKS = frozenset({DueKind.REMIND_TWO, DueKind.REMIND_ONE, DueKind.OVERDUE})


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    """The operator's settings for clocks.

    Attributes:
        calendar: code of the working-day calendar.
        zone: the time zone of the operator's days.
        regimes: all clocks that run on a ticket; the earliest leads.
        waits_for_verification: after this an unverified request lapses.
        unbinding_window: see ``dialog.rules.Rules``.
    """

    calendar: str = "CN"
    zone: str = "Asia/Shanghai"
    regimes: Sequence[RegimeProfile] = (OPERATOR_7WD,)
    waits_for_verification: timedelta = timedelta(days=15)
    unbinding_window: timedelta | None = None


class Deadlines:
    """Counts deadlines by the operator's rules. Calendars may be replaced at run time."""

    def __init__(self, calendars: Calendars, rules: DeadlineRules) -> None:
        self.calendars = calendars
        self.rules = rules
        self.zone = ZoneInfo(rules.zone)
        self._day: tuple[datetime, datetime, date] | None = None

    def today(self, now: datetime) -> date:
        """Return the operator's date."""
        day = self._day
        if day is None or not day[0] <= now < day[1]:
            # Every turn asks, and the answer is the same for a day. The writer's thread asks too,
            # so the cached value is read once and replaced as a whole.
            today = now.astimezone(self.zone).date()
            begins, ends = (
                datetime.combine(one, time.min, self.zone).astimezone(UTC)
                for one in (today, today + timedelta(days=1))
            )
            day = self._day = (begins, ends, today)
        return day[2]

    def clocks(self, received_at: datetime, verified_at: datetime | None) -> tuple[Clock, ...]:
        """Start every regime's clock whose start is known."""
        calendar = self.calendars.get(self.rules.calendar)
        clocks = []
        for regime in self.rules.regimes:
            start = received_at if regime.starts_from is StartsFrom.RECEIVED else verified_at
            if start is not None:
                clocks.append(start_clock(regime, calendar, start, self.zone))
        return tuple(clocks)

    def days(self, clock: Clock) -> tuple[Day, ...]:
        """Return the day-by-day count behind a clock's date."""
        return deadline_of(clock, self.calendars.get(clock.calendar)).days

    def dues(self, ticket: Ticket, now: datetime) -> tuple[Due, ...]:
        """Return the dues of a ticket, given its clocks and state; earliest first.

        Reminders whose time has already passed are skipped.
        """
        dues: list[Due] = []
        clock = ticket.clock
        if clock is not None and ticket.answered_at is None:
            calendar = self.calendars.get(clock.calendar)
            for kind, ahead in ((DueKind.REMIND_TWO, 2), (DueKind.REMIND_ONE, 1)):
                day = working_days_before(calendar, clock.due_date, ahead)
                at = datetime.combine(day, _REMINDER_HOUR, self.zone).astimezone(UTC)
                if at > now:
                    dues.append(Due(kind, at))
            dues.append(Due(DueKind.OVERDUE, clock.due_at.astimezone(UTC)))
        return tuple(sorted(dues, key=lambda due: due.at))

    def unverified_dues(self, ticket: Ticket, now: datetime) -> tuple[Due, ...]:
        """Return the dues of a ticket that awaits verification."""
        dues = [Due(DueKind.LAPSE, now + self.rules.waits_for_verification)]
        if "document" in ticket.flags:
            calendar = self.calendars.get(self.rules.calendar)
            day = self.today(now) + timedelta(days=1)
            while not calendar.day(day).working:
                day += timedelta(days=1)
            end = datetime.combine(day + timedelta(days=1), time(0), self.zone)
            dues.append(Due(DueKind.EVIDENCE_WAITING, end.astimezone(UTC)))
        return tuple(sorted(dues, key=lambda due: due.at))

    def with_clock(self, ticket: Ticket, verified_at: datetime, now: datetime) -> Ticket:
        """Return the ticket with its clocks started and its reminders set."""
        running = replace(
            ticket,
            verified_at=verified_at,
            clocks=self.clocks(ticket.received_at, verified_at),
        )
        return replace(running, dues=self.dues(running, now))

    def settled(self, ticket: Ticket, now: datetime) -> Ticket | None:
        """Return the ticket with provisional dates recounted, or None if nothing changed."""
        clocks = []
        changed = False
        for clock in ticket.clocks:
            fresh = settle(clock, self.calendars.get(clock.calendar)) if clock.provisional else None
            changed = changed or fresh is not None
            clocks.append(fresh or clock)
        if not changed:
            return None
        work = ticket.work
        if work.first_due is not None:
            work = replace(work, first_due=self._first_due(clocks, work.first_due))
        counted = replace(ticket, clocks=tuple(clocks), work=work, version=ticket.version + 1)
        return self._with_dues(counted, now)

    def _first_due(self, clocks: Sequence[Clock], promised: date) -> date:
        """Return the due date of the original period, before its extension, recounted."""
        amounts = {regime.name: regime.amount for regime in self.rules.regimes}
        for clock in clocks:
            amount = amounts.get(clock.regime, clock.amount)
            if amount < clock.amount:
                first = replace(clock, amount=amount)
                return deadline_of(first, self.calendars.get(clock.calendar)).due_date
        return promised

    def _with_dues(self, ticket: Ticket, now: datetime) -> Ticket:
        """Return the ticket with its reminders set anew; other dues stay."""
        others = tuple(due for due in ticket.dues if due.kind not in _OF_CLOCKS)
        dues = (*self.dues(ticket, now), *others)
        return replace(ticket, dues=tuple(sorted(dues, key=lambda due: due.at)))

    def extended(self, ticket: Ticket, working_days: int, now: datetime) -> Ticket:
        """Return the ticket with its leading clock extended; the first date is kept.

        Raises:
            NotAllowedNowError: no clock counted in working days runs on it.
        """
        leading = ticket.clock
        if leading is None or leading.unit is not Unit.WORKING_DAYS or ticket.answered_at:
            raise NotAllowedNowError("no clock that could be extended runs on this ticket")
        calendar = self.calendars.get(leading.calendar)
        longer = replace(leading, amount=leading.amount + working_days)
        clock = recount(longer, calendar) or longer
        others = tuple(c for c in ticket.clocks if c is not leading)
        first = ticket.work.first_due or leading.due_date
        later = replace(
            ticket,
            clocks=(clock, *others),
            work=replace(ticket.work, first_due=first),
            version=ticket.version + 1,
        )
        return self._with_dues(later, now)
