"""What is told of the usual wait: real waits of late, and nothing where they are too few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from privacydesk.clock import MovableClock
from privacydesk.domain.help_visits import HelpVisit
from privacydesk.services.opening_hours import OpeningHours
from privacydesk.services.queue_waits import QueueWaits, UsualWait

NINE = datetime(2026, 10, 15, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class _Hours:
    """Open from nine to five, UTC."""

    def is_open(self, now: datetime) -> bool:
        return self.opened_at(now) is not None

    def opened_at(self, now: datetime) -> datetime | None:
        opens = now.replace(hour=9, minute=0)
        return opens if opens <= now < opens + timedelta(hours=8) else None


class Queue:
    """A queue whose waits end one after the other, as its record tells."""

    def __init__(self, now: datetime = NINE + timedelta(hours=2)) -> None:
        self.clock = MovableClock(now, frozen=True)
        self.reads = 0
        self.waits = QueueWaits(cast("OpeningHours", _Hours()), self, self.clock)
        self._visits: list[HelpVisit] = []

    def answer(self, *minutes: float, queued: bool = True) -> None:
        """Have agents answer those who waited so long."""
        now = self.clock.now()
        for one in minutes:
            wait = one * MINUTE
            self._visits.append(
                HelpVisit(now - wait, "en", queued=queued, answered_at=now, waited=wait)
            )

    async def between(self, since: datetime, until: datetime) -> tuple[HelpVisit, ...]:
        self.reads += 1
        return tuple(one for one in self._visits if since <= one.began_at < until)


async def test_half_of_those_who_waited_lately_waited_so_long() -> None:
    queue = Queue()
    queue.answer(1, 3, 4, 5.5, 30)
    assert await queue.waits.usual() == UsualWait(3, 6)


@pytest.mark.parametrize("minutes", [(), (1, 2, 3, 4)])
async def test_few_waits_tell_nothing(minutes: tuple[float, ...]) -> None:
    queue = Queue()
    queue.answer(*minutes)
    assert await queue.waits.usual() is None


async def test_old_waits_tell_nothing() -> None:
    queue = Queue()
    queue.answer(*[3.0] * 9)
    queue.clock.move(timedelta(hours=2, seconds=1))
    assert await queue.waits.usual() is None


async def test_nothing_is_told_once_nobody_answers() -> None:
    queue = Queue(NINE + timedelta(hours=7, minutes=59))
    queue.answer(*[3.0] * 9)
    assert await queue.waits.usual() == UsualWait(3, 3)
    queue.clock.move(MINUTE)
    assert await queue.waits.usual() is None


async def test_a_night_is_no_wait() -> None:
    queue = Queue(NINE + timedelta(minutes=5))
    queue.answer(*[900.0] * 9)
    assert await queue.waits.usual() is None


async def test_who_did_not_ask_for_an_agent_did_not_wait() -> None:
    queue = Queue()
    queue.answer(*[3.0] * 9, queued=False)
    assert await queue.waits.usual() is None


async def test_the_record_is_read_once_in_ten_seconds() -> None:
    queue = Queue()
    assert await queue.waits.usual() is None
    queue.answer(*[3.0] * 9)
    assert (await queue.waits.usual(), queue.reads) == (None, 1)
    queue.clock.move(timedelta(seconds=11))
    assert (await queue.waits.usual(), queue.reads) == (UsualWait(3, 3), 2)


async def test_the_shortest_wait_is_a_minute() -> None:
    queue = Queue()
    queue.answer(*[0.05] * 9)
    assert await queue.waits.usual() == UsualWait(1, 1)
