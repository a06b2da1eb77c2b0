"""What is due when and who holds it: the supervisors' view of all open requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from msgspec import Struct

from privacydesk.clock import Clock
from privacydesk.domain.inbox_views import OpenWork
from privacydesk.ports import Reader
from privacydesk.services.deadlines import Deadlines

HORIZON_DAYS: Final = 10
"""The number of working days of the horizon."""
_SOON_DAYS: Final = 2
"""Working days after today that count as soon, as in the inbox."""
_SEARCH_DAYS: Final = 31
"""Days that are searched for working days; the longest holidays have nine."""
_TICK: Final = timedelta(microseconds=1)


class DueDay(Struct, frozen=True):
    """A working day of the horizon.

    Attributes:
        date: the day.
        count: number of requests whose answer is due on that day, or on days off after it.
    """

    date: date
    count: int


class Load(Struct, frozen=True):
    """The open requests of one holder."""

    requests: int = 0
    overdue: int = 0
    due_soon: int = 0


class Workload(Struct, frozen=True):
    """The open requests by due date and by holder.

    Attributes:
        overdue: number of requests whose answer is late.
        horizon: today, if it is a working day, and the next working days.
        later: number of requests due after the horizon.
        undated: number of requests without a running deadline.
        loads: what each agent holds, by name; the empty name holds what nobody has claimed.
    """

    overdue: int
    horizon: tuple[DueDay, ...]
    later: int
    undated: int
    loads: Mapping[str, Load]

    @property
    def most(self) -> int:
        """The largest of the horizon's counts, and of the overdue ones."""
        return max(self.overdue, *(day.count for day in self.horizon))


class Workloads:
    """Counts the open requests by due date and holder."""

    def __init__(self, reader: Reader, deadlines: Deadlines, clock: Clock) -> None:
        self._reader = reader
        self._deadlines = deadlines
        self._clock = clock

    async def current(self) -> Workload:
        """Return the workload as it is now."""
        now, work = self._clock.now(), await self._reader.open_work()
        days = self._working_days(now)
        counts = Counter[date | None]()
        for part in work:
            if part.urgent_at is not None and part.urgent_at > now:
                counts[self._horizon_day(part.urgent_at, days)] += part.count
        return Workload(
            overdue=_count(part for part in work if _is_overdue(part, now)),
            horizon=tuple(DueDay(day, counts[day]) for day in days),
            later=counts[None],
            undated=_count(part for part in work if part.urgent_at is None),
            loads=self._loads(work, days, now),
        )

    def _working_days(self, now: datetime) -> tuple[date, ...]:
        calendar = self._deadlines.calendars.get(self._deadlines.rules.calendar)
        today = self._deadlines.today(now)
        ahead = (today + timedelta(days=days) for days in range(_SEARCH_DAYS))
        return tuple(day for day in ahead if calendar.day(day).working)[:HORIZON_DAYS]

    def _horizon_day(self, urgent_at: datetime, days: Sequence[date]) -> date | None:
        """Return the last working day on which an answer is in time; None behind the horizon."""
        due = (urgent_at - _TICK).astimezone(self._deadlines.zone).date()
        # What is due on a day off has to be answered on the working day before.
        past = [day for day in days if day <= due]
        if len(past) == len(days) and due > days[-1]:
            return None
        return past[-1] if past else days[0]

    def _loads(
        self, work: Iterable[OpenWork], days: Sequence[date], now: datetime
    ) -> Mapping[str, Load]:
        ahead = _SOON_DAYS + self._deadlines.rules.internal_days
        soon = set(days[: ahead + (days[0] == self._deadlines.today(now))])
        loads = dict[str, Load]()
        for part in work:
            load, late = loads.get(part.holder, Load()), _is_overdue(part, now)
            is_soon = (
                part.urgent_at is not None
                and not late
                and self._horizon_day(part.urgent_at, days) in soon
            )
            loads[part.holder] = Load(
                load.requests + part.count,
                load.overdue + part.count * late,
                load.due_soon + part.count * is_soon,
            )
        return loads


def _is_overdue(part: OpenWork, now: datetime) -> bool:
    return part.urgent_at is not None and part.urgent_at <= now


def _count(work: Iterable[OpenWork]) -> int:
    return sum(part.count for part in work)
