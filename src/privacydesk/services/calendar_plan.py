"""What new overrides of a calendar would change: days, settled years, and open deadlines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from privacydesk.calendars import Calendars, OperatorCalendar, Overrides, YearSchedule
from privacydesk.clock import Clock
from privacydesk.domain.deadlines import DayStatus
from privacydesk.domain.ids import TicketId
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Reader
from privacydesk.services.deadlines import Deadlines

_PAGE_SIZE: Final = 200
_MAX_LISTED: Final = 100


class DayChange(Struct, frozen=True):
    """A day that would be counted differently, or have another reason."""

    day: date
    before: DayStatus
    after: DayStatus


class DeadlineMove(Struct, frozen=True):
    """A deadline of an open request that would be another day, or become final.

    Attributes:
        ticket: the request.
        before: the present due date.
        after: the due date with the new overrides.
        provisional: whether it would stay provisional.
    """

    ticket: Ticket
    before: date
    after: date
    provisional: bool

    @property
    def days(self) -> int:
        """By how many days it would be later; negative if earlier."""
        return (self.after - self.before).days


class CalendarPlan(Struct, frozen=True):
    """The effect of new overrides.

    Attributes:
        overrides: all overrides of the calendar then.
        days: the days that change, in order.
        settled: years that become final.
        unsettled: years that are no longer final.
        unbalanced: final years whose days off should be checked; see ``YearSchedule.granted``.
        moves: deadlines that become another day, at most a hundred.
        moved: how many become another day.
        confirmed: how many stay on their day and become final.
    """

    overrides: Overrides
    days: tuple[DayChange, ...]
    settled: tuple[int, ...]
    unsettled: tuple[int, ...]
    unbalanced: tuple[YearSchedule, ...]
    moves: tuple[DeadlineMove, ...]
    moved: int
    confirmed: int


class CalendarPlanner:
    """Computes plans.

    Args:
        reader: finds open requests with provisional due dates; others keep theirs.
        deadlines: the present calendars and rules.
        clock: source of the current time.
    """

    def __init__(self, reader: Reader, deadlines: Deadlines, clock: Clock) -> None:
        self._reader = reader
        self._deadlines = deadlines
        self._clock = clock

    async def plan(self, overrides: Overrides) -> CalendarPlan:
        """Return what changes if these are all overrides of their calendar."""
        now = self._clock.now()
        present = self._deadlines.calendars
        calendars = present.replaced(overrides)
        moves: list[DeadlineMove] = []
        moved = confirmed = 0
        async for page in self._pages():
            # In a thread, since it counts days for every request.
            for move in await asyncio.to_thread(self._moves, page, calendars, now):
                if not move.days:
                    confirmed += 1
                    continue
                moved += 1
                if len(moves) < _MAX_LISTED:
                    moves.append(move)
        code = overrides.calendar
        return await asyncio.to_thread(
            _complete, present.get(code), calendars.get(code), moves, moved, confirmed
        )

    async def _pages(self) -> AsyncIterator[Sequence[Ticket]]:
        after: TicketId | None = None
        while page := await self._reader.provisional_tickets(limit=_PAGE_SIZE, after=after):
            yield page
            after = page[-1].id

    def _moves(
        self, tickets: Sequence[Ticket], calendars: Calendars, now: datetime
    ) -> list[DeadlineMove]:
        counting = Deadlines(calendars, self._deadlines.rules)
        return [move for ticket in tickets if (move := _move(counting, ticket, now)) is not None]


def _move(counting: Deadlines, ticket: Ticket, now: datetime) -> DeadlineMove | None:
    recounted = counting.recount_provisional(ticket, now)
    if recounted is None:
        return None
    before, after = ticket.staff_clock, recounted.staff_clock
    if before is None or after is None:
        return None
    return DeadlineMove(ticket, before.due_date, after.due_date, after.provisional)


def _complete(
    before: OperatorCalendar,
    after: OperatorCalendar,
    moves: Sequence[DeadlineMove],
    moved: int,
    confirmed: int,
) -> CalendarPlan:
    years = sorted({*before.overrides.years(), *after.overrides.years()})
    schedules = [(before.year(year), after.year(year)) for year in years]
    return CalendarPlan(
        overrides=after.overrides,
        days=tuple(_day_changes(before, after, years)),
        settled=tuple(new.year for old, new in schedules if new.settled and not old.settled),
        unsettled=tuple(new.year for old, new in schedules if old.settled and not new.settled),
        unbalanced=tuple(
            new for _, new in schedules if new.settled and new.granted not in {None, new.balance}
        ),
        moves=tuple(moves),
        moved=moved,
        confirmed=confirmed,
    )


def _day_changes(
    before: OperatorCalendar, after: OperatorCalendar, years: Sequence[int]
) -> Iterator[DayChange]:
    for year in years:
        day = date(year, 1, 1)
        while day.year == year:
            old, new = before.day(day), after.day(day)
            is_reworded = before.overrides.days.get(day) != after.overrides.days.get(day)
            if old.working != new.working or is_reworded:
                yield DayChange(day, old, new)
            day += timedelta(days=1)
