"""Ticket deadlines: which ones apply, when they are due, and which events are scheduled for them.

A running deadline is a ``domain.clocks.Clock``. A reminder or the passing of a due date is a
scheduled event of the ticket, ``domain.ticket.ScheduledEvent``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from privacydesk.calendars import CLOSING_15WD, OPERATOR_7WD, Calendars, OperatorCalendar
from privacydesk.domain.clocks import (
    Clock,
    RegimeProfile,
    StartsFrom,
    recount,
    recount_deadline,
    recount_if_provisional,
    start_clock,
)
from privacydesk.domain.deadlines import (
    Day,
    Unit,
    compute_deadline,
    end_of_day,
    working_days_before,
)
from privacydesk.domain.tasks import Task
from privacydesk.domain.ticket import ScheduledEvent, ScheduledEventKind, Ticket
from privacydesk.errors import NotAllowedNowError

_REMINDER_HOUR = time(9, 0)
"""Time of day of reminders, in the operator's time zone."""

_REMINDERS = ((ScheduledEventKind.REMIND_TWO, 2), (ScheduledEventKind.REMIND_ONE, 1))
"""The reminders, with how many working days they precede the date for staff."""

_COMPLETION_REMINDERS = ((ScheduledEventKind.COMPLETION_SOON, 2),)

_DEADLINE_EVENTS = frozenset(
    {
        ScheduledEventKind.REMIND_TWO,
        ScheduledEventKind.REMIND_ONE,
        ScheduledEventKind.OVERDUE,
        ScheduledEventKind.INTERNAL_OVERDUE,
        ScheduledEventKind.COMPLETION_SOON,
        ScheduledEventKind.COMPLETION_OVERDUE,
    }
)


@dataclass(frozen=True, slots=True)
class DeadlineRules:
    """The operator's settings for deadlines.

    Attributes:
        calendar: code of the working-day calendar.
        zone: name of the time zone in which the operator's days begin.
        regimes: the rules that set a deadline for each ticket; the earliest deadline leads.
        closing: the period in which an approved closing of an account is carried out; None for
            none.
        internal_days: how many working days before each deadline staff should be done; 0 for none.
        verification_timeout: how long a ticket may stay unverified before it lapses.
        unbinding_window: see ``dialog.rules.Rules``.
    """

    calendar: str = "CN"
    zone: str = "Asia/Shanghai"
    regimes: Sequence[RegimeProfile] = (OPERATOR_7WD,)
    closing: RegimeProfile | None = CLOSING_15WD
    internal_days: int = 0
    verification_timeout: timedelta = timedelta(days=15)
    unbinding_window: timedelta | None = None


class Deadlines:
    """Computes deadlines by the operator's rules. Calendars may be replaced at run time."""

    def __init__(self, calendars: Calendars, rules: DeadlineRules) -> None:
        self.calendars = calendars
        self.rules = rules
        self.zone = ZoneInfo(rules.zone)
        self._cached_day: tuple[datetime, datetime, date] | None = None

    def today(self, now: datetime) -> date:
        """Return the date in the operator's time zone."""
        day = self._cached_day
        if day is None or not day[0] <= now < day[1]:
            # Cached because every turn needs it. The writer's thread needs it, too, so the tuple
            # is read once and replaced as a whole.
            today = now.astimezone(self.zone).date()
            begins, ends = (
                datetime.combine(midnight, time.min, self.zone).astimezone(UTC)
                for midnight in (today, today + timedelta(days=1))
            )
            day = self._cached_day = (begins, ends, today)
        return day[2]

    def start_clocks(
        self, received_at: datetime, verified_at: datetime | None
    ) -> tuple[Clock, ...]:
        """Return the clock of each regime whose start is known.

        Args:
            received_at: when the ticket was filed.
            verified_at: when its requester was verified; None if they were not yet.
        """
        calendar = self.calendars.get(self.rules.calendar)
        clocks = []
        for regime in self.rules.regimes:
            start = received_at if regime.starts_from is StartsFrom.RECEIVED else verified_at
            if start is not None:
                clocks.append(start_clock(regime, calendar, start, self.zone))
        return tuple(clocks)

    def missing_schedule(self, now: datetime) -> int | None:
        """Return the year whose schedule is needed for deadlines that start today, but not final.

        None if no such deadline is provisional.
        """
        calendar, day = self.calendars.get(self.rules.calendar), self.today(now)
        left = max((one.amount for one in self._in_working_days()), default=0)
        while left and calendar.day(day).settled:
            day += timedelta(days=1)
            left -= calendar.day(day).working
        return None if calendar.day(day).settled else day.year

    def _in_working_days(self) -> Iterator[RegimeProfile]:
        for one in (*self.rules.regimes, self.rules.closing):
            if one is not None and one.unit is Unit.WORKING_DAYS:
                yield one

    def days(self, clock: Clock) -> tuple[Day, ...]:
        """Return the days from a clock's start to its due date, and how each was counted."""
        zone = ZoneInfo(clock.zone)
        started = clock.started_at.astimezone(zone).date()
        return _days(self.calendars.get(clock.calendar), started, clock.unit, clock.amount, zone)

    def deadline_events(self, ticket: Ticket, now: datetime) -> tuple[ScheduledEvent, ...]:
        """Return the scheduled events of a ticket's deadline, earliest first.

        These are the reminders that still lie ahead, and the moment from which it is overdue: of
        the answer, or, for a closing that is approved, of carrying it out.
        """
        if ticket.completion is not None:
            overdue = ScheduledEventKind.COMPLETION_OVERDUE
            return self._events_of(ticket.completion, _COMPLETION_REMINDERS, overdue, now)
        if ticket.clock is None or ticket.answered_at is not None:
            return ()
        return self._events_of(ticket.clock, _REMINDERS, ScheduledEventKind.OVERDUE, now)

    def _events_of(
        self,
        clock: Clock,
        reminders: Sequence[tuple[ScheduledEventKind, int]],
        overdue: ScheduledEventKind,
        now: datetime,
    ) -> tuple[ScheduledEvent, ...]:
        calendar, internal = self.calendars.get(clock.calendar), self.internal_date(clock)
        events = []
        for kind, days_before in reminders:
            day = working_days_before(calendar, internal or clock.due_date, days_before)
            at = datetime.combine(day, _REMINDER_HOUR, self.zone).astimezone(UTC)
            events.append(ScheduledEvent(kind, at))
        if internal is not None:
            at = end_of_day(internal, ZoneInfo(clock.zone)).astimezone(UTC)
            events.append(ScheduledEvent(ScheduledEventKind.INTERNAL_OVERDUE, at))
        ahead = [event for event in events if event.at > now]
        return _by_time([*ahead, ScheduledEvent(overdue, clock.due_at.astimezone(UTC))])

    def internal_date(self, clock: Clock) -> date | None:
        """Return the operator's own date ahead of a clock's due date; None if there is none.

        Never earlier than the day on which the clock started.
        """
        days = self.rules.internal_days
        if not days:
            return None
        calendar, started = self.calendars.get(clock.calendar), self.today(clock.started_at)
        return max(working_days_before(calendar, clock.due_date, days), started)

    def task_date(self, ticket: Ticket, now: datetime) -> date:
        """Return the last day for a task unless staff choose another one.

        It is the working day before the date that staff keep to, so that a decision can follow the
        answer; that date itself if it is today; and today if it has passed.
        """
        today, clock = self.today(now), ticket.staff_clock
        if clock is None:
            return today
        due = self.internal_date(clock) or clock.due_date
        before = working_days_before(self.calendars.get(clock.calendar), due, 1)
        return max(before, min(due, today), today)

    def with_tasks(self, ticket: Ticket, tasks: tuple[Task, ...], now: datetime) -> Ticket:
        """Return the ticket with other tasks, and the moments from which they are overdue."""
        kind = ScheduledEventKind.TASK_OVERDUE
        late = {task.due_at.astimezone(UTC) for task in tasks if task.is_open}
        events = {
            *(event for event in ticket.scheduled_events if event.kind is not kind),
            *(event for event in ticket.task_events if event.at in late),
            *(ScheduledEvent(kind, at) for at in late if at > now),
        }
        return replace(ticket, tasks=tasks, scheduled_events=_by_time(tuple(events)))

    def start_completion(self, ticket: Ticket, now: datetime) -> Ticket:
        """Return the ticket with the clock of carrying out an approved closing started."""
        if self.rules.closing is None:
            return ticket
        calendar = self.calendars.get(self.rules.calendar)
        return self._reschedule(
            replace(ticket, completion=start_clock(self.rules.closing, calendar, now, self.zone)),
            now,
        )

    def verification_events(self, ticket: Ticket, now: datetime) -> tuple[ScheduledEvent, ...]:
        """Return the scheduled events of a ticket that awaits verification, earliest first.

        These are its lapse and, if evidence was uploaded, the alarm that it was not examined by
        the end of the next working day.
        """
        events = [ScheduledEvent(ScheduledEventKind.LAPSE, now + self.rules.verification_timeout)]
        if "document" in ticket.flags:
            calendar = self.calendars.get(self.rules.calendar)
            day = self.today(now) + timedelta(days=1)
            while not calendar.day(day).working:
                day += timedelta(days=1)
            end = datetime.combine(day + timedelta(days=1), time(0), self.zone)
            events.append(ScheduledEvent(ScheduledEventKind.EVIDENCE_WAITING, end.astimezone(UTC)))
        return _by_time(events)

    def start_deadlines(self, ticket: Ticket, verified_at: datetime, now: datetime) -> Ticket:
        """Return the ticket as verified, with its clocks started and its reminders scheduled."""
        started = replace(
            ticket,
            verified_at=verified_at,
            clocks=self.start_clocks(ticket.received_at, verified_at),
        )
        return replace(started, scheduled_events=self.deadline_events(started, now))

    def recount_provisional(self, ticket: Ticket, now: datetime) -> Ticket | None:
        """Return the ticket with its provisional dates recounted; None if none of them changed.

        A date is provisional while the holiday schedule of its year is not published.
        """
        clocks = tuple(self._recounted(clock) for clock in ticket.clocks)
        completion = ticket.completion and self._recounted(ticket.completion)
        if (clocks, completion) == (ticket.clocks, ticket.completion):
            return None
        work = ticket.work
        if work.first_due is not None:
            work = replace(work, first_due=self._original_due_date(clocks, work.first_due))
        recounted = replace(
            ticket, clocks=clocks, completion=completion, work=work, version=ticket.version + 1
        )
        return self._reschedule(recounted, now)

    def _recounted(self, clock: Clock) -> Clock:
        if not clock.provisional:
            return clock
        return recount_if_provisional(clock, self.calendars.get(clock.calendar)) or clock

    def _original_due_date(self, clocks: Sequence[Clock], promised: date) -> date:
        """Return the recounted due date of the period before its extension.

        Args:
            clocks: the clocks of the ticket, recounted.
            promised: the date promised first; returned if no clock is extended.
        """
        amounts = {regime.name: regime.amount for regime in self.rules.regimes}
        for clock in clocks:
            amount = amounts.get(clock.regime, clock.amount)
            if amount < clock.amount:
                original = replace(clock, amount=amount)
                return recount_deadline(original, self.calendars.get(clock.calendar)).due_date
        return promised

    def _reschedule(self, ticket: Ticket, now: datetime) -> Ticket:
        """Return the ticket with its deadline's events scheduled anew; its other events stay."""
        others = [due for due in ticket.scheduled_events if due.kind not in _DEADLINE_EVENTS]
        return replace(
            ticket, scheduled_events=_by_time([*self.deadline_events(ticket, now), *others])
        )

    def extend(self, ticket: Ticket, working_days: int, now: datetime) -> Ticket:
        """Return the ticket with its leading deadline extended; ``first_due`` keeps the old date.

        Args:
            ticket: the ticket to extend.
            working_days: how many working days to add.
            now: the current time.

        Raises:
            NotAllowedNowError: the ticket has no running deadline in working days.
        """
        leading = ticket.clock
        if leading is None or leading.unit is not Unit.WORKING_DAYS or ticket.answered_at:
            raise NotAllowedNowError("no clock that could be extended runs on this ticket")
        calendar = self.calendars.get(leading.calendar)
        longer = replace(leading, amount=leading.amount + working_days)
        clock = recount(longer, calendar) or longer
        others = tuple(other for other in ticket.clocks if other is not leading)
        first_due = ticket.work.first_due or leading.due_date
        extended = replace(
            ticket,
            clocks=(clock, *others),
            work=replace(ticket.work, first_due=first_due),
            version=ticket.version + 1,
        )
        return self._reschedule(extended, now)


@lru_cache(maxsize=256)
def _days(
    calendar: OperatorCalendar, started: date, unit: Unit, amount: int, zone: ZoneInfo
) -> tuple[Day, ...]:
    """Return the days of a deadline that starts on a date.

    Cached because many tickets start on the same date, and calendars never change.
    """
    start = datetime.combine(started, time.min, zone)
    return compute_deadline(calendar, start, unit, amount, zone).days


def _by_time(events: Sequence[ScheduledEvent]) -> tuple[ScheduledEvent, ...]:
    return tuple(sorted(events, key=lambda event: event.at))
