"""What is told of the usual wait: real waits of late, and nothing where they are too few."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from privacydesk.clock import MovableClock
from privacydesk.domain.conversation import Conversation, Owner, OwnerKind
from privacydesk.domain.events import Event, EventKind, Sender
from privacydesk.domain.ids import ConversationId
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
    """A queue whose waits end one after the other."""

    def __init__(self, now: datetime = NINE + timedelta(hours=2)) -> None:
        self.clock = MovableClock(now)
        self.waits = QueueWaits(cast("OpeningHours", _Hours()), self.clock)

    def answer(self, *minutes: float, kind: OwnerKind = OwnerKind.AGENT, offset: int = 7) -> None:
        """Have agents answer those who waited so long."""
        for one in minutes:
            now = self.clock.now()
            owner = Owner(kind, "mei", 7, since=now, waited_from=now - one * MINUTE)
            conversation = Conversation(ConversationId(b"c"), "e", NINE, owner=owner)
            joined = Event(offset, now, Sender.SYSTEM, EventKind.OWNER)
            self.waits.record_commit(conversation.id, (joined,), conversation)


def test_half_of_those_who_waited_lately_waited_so_long() -> None:
    queue = Queue()
    queue.answer(1, 3, 4, 5.5, 30)
    assert queue.waits.usual() == UsualWait(3, 6)


@pytest.mark.parametrize("minutes", [(), (1, 2, 3, 4)])
def test_few_waits_tell_nothing(minutes: tuple[float, ...]) -> None:
    queue = Queue()
    queue.answer(*minutes)
    assert queue.waits.usual() is None


def test_old_waits_tell_nothing() -> None:
    queue = Queue()
    queue.answer(*[3.0] * 9)
    queue.clock.move(timedelta(hours=2, seconds=1))
    assert queue.waits.usual() is None


def test_nothing_is_told_once_nobody_answers() -> None:
    queue = Queue(NINE + timedelta(hours=7, minutes=59))
    queue.answer(*[3.0] * 9)
    assert queue.waits.usual() == UsualWait(3, 3)
    queue.clock.move(MINUTE)
    assert queue.waits.usual() is None


def test_a_night_is_no_wait() -> None:
    queue = Queue(NINE + timedelta(minutes=5))
    queue.answer(*[900.0] * 9)
    assert queue.waits.usual() is None


def test_only_the_event_with_which_an_agent_joins_ends_a_wait() -> None:
    queue = Queue()
    queue.answer(*[3.0] * 9, offset=6)
    queue.answer(*[3.0] * 9, kind=OwnerKind.QUEUE)
    assert queue.waits.usual() is None


def test_the_shortest_wait_is_a_minute() -> None:
    queue = Queue()
    queue.answer(*[0.05] * 9)
    assert queue.waits.usual() == UsualWait(1, 1)
