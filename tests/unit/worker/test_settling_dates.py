"""The worker's counting of provisional dates: at the start, all of them, past one that fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from msgspec.structs import replace

from privacydesk.clock import MovableClock
from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.intents import RequestKind
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import UnavailableError
from privacydesk.storage.sealing import SealError
from privacydesk.worker.scheduled_events import ScheduledEventWorker

START = datetime(2026, 12, 28, 2, 0, tzinfo=UTC)
TICKET = Ticket(
    id=TicketId(bytes(16)),
    number="PD-0",
    conversation_id=ConversationId(bytes(16)),
    kind=RequestKind.ACCESS,
    state=TicketState.IN_REVIEW,
    received_at=START,
    locale="en",
)


class Rows:
    """A store whose only rows are tickets with provisional dates; nothing else is due."""

    def __init__(self, count: int) -> None:
        self.found = [replace(TICKET, id=TicketId(n.to_bytes(16))) for n in range(1, count + 1)]
        self.counted: list[TicketId] = []
        self.failing: set[TicketId] = set()
        self.is_damaged = False
        self.looked = 0

    async def provisional_tickets(
        self, *, limit: int, after: TicketId | None = None
    ) -> Sequence[Ticket]:
        if self.is_damaged:
            raise SealError("a value in ticket.body can't be opened")
        return [one for one in self.found if one.id > (after or b"")][:limit]

    async def recount_provisional(self, ticket: Ticket) -> None:
        if ticket.id in self.failing:
            raise UnavailableError("not now")
        self.counted.append(ticket.id)

    async def execute_due(self, _row: object) -> None:
        raise AssertionError("nothing is due")

    async def tickets(self, _now: datetime, **_: Any) -> tuple[()]:
        self.looked += 1
        return ()


def worker(rows: Rows, clock: MovableClock) -> ScheduledEventWorker:
    some = cast("Any", rows)
    return ScheduledEventWorker(some, some, some, clock)


async def test_all_dates_are_counted_at_the_start_and_not_again_without_a_reason() -> None:
    rows, clock = Rows(1300), MovableClock(START, frozen=True)
    working = worker(rows, clock)
    await working.run_once()
    assert rows.counted == [one.id for one in rows.found]
    clock.move(timedelta(hours=1))
    await working.run_once()
    assert len(rows.counted) == 1300


async def test_one_ticket_that_fails_holds_up_no_other_and_is_counted_later() -> None:
    rows, clock = Rows(5), MovableClock(START, frozen=True)
    bad = rows.found[1].id
    rows.failing.add(bad)
    working = worker(rows, clock)
    await working.run_once()
    assert rows.counted == [one.id for one in rows.found if one.id != bad]
    await working.run_once()
    assert len(rows.counted) == 4, "not at once: a minute passes first"
    rows.failing.clear()
    clock.move(timedelta(minutes=1))
    await working.run_once()
    assert bad in rows.counted


async def test_a_ticket_that_can_not_be_read_keeps_none_from_coming_up() -> None:
    rows, clock = Rows(5), MovableClock(START, frozen=True)
    rows.is_damaged = True
    working = worker(rows, clock)
    await working.run_once()
    assert (rows.looked, rows.counted) == (1, [])
    rows.is_damaged = False
    clock.move(timedelta(minutes=1))
    await working.run_once()
    assert len(rows.counted) == 5
