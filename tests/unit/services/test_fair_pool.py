from __future__ import annotations

import asyncio
import threading

import pytest

from privacydesk.errors import UnavailableError
from privacydesk.services.fair_pool import FairPool


class Desk:
    """Work that waits for a gate, and the order in which it was begun."""

    def __init__(self, aside: FairPool) -> None:
        self.aside = aside
        self.gate = threading.Event()
        self.begun: list[str] = []
        self._news = threading.Condition()

    def _work(self, name: str) -> str:
        with self._news:
            self.begun.append(name)
            self._news.notify_all()
        assert self.gate.wait(5)
        return name

    def wait_for(self, name: str) -> None:
        """Wait in a thread until some work is begun."""
        with self._news:
            assert self._news.wait_for(lambda: name in self.begun, 5), f"{name} is not begun"

    def ask(self, whose: str, cost: float, name: str = "") -> asyncio.Task[str]:
        return asyncio.create_task(self.aside.run(whose, cost, self._work, name or whose))


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_whoever_asked_for_least_comes_first() -> None:
    desk = Desk(FairPool(max_running=1))
    tasks = [desk.ask("first", 1)]
    await _settle()
    tasks += [desk.ask("greedy", 500, f"greedy {n}") for n in range(3)]
    tasks += [desk.ask("long", 10_000), desk.ask("modest", 500)]
    await _settle()
    desk.gate.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert desk.begun == ["first", "greedy 0", "modest", "greedy 1", "greedy 2", "long"]


async def test_what_takes_long_never_holds_up_what_is_short() -> None:
    desk = Desk(FairPool(max_running=2))
    long = [desk.ask(f"abuser {n}", 10_500) for n in range(3)]
    await _settle()
    short = desk.ask("fair", 500)
    await asyncio.to_thread(desk.wait_for, "fair")
    assert desk.begun == ["abuser 0", "fair"]
    desk.gate.set()
    assert await asyncio.wait_for(asyncio.gather(*long, short), 5)
    assert desk.begun == ["abuser 0", "fair", "abuser 1", "abuser 2"]
    both = [desk.ask("one", 500), desk.ask("two", 500)]
    assert await asyncio.wait_for(asyncio.gather(*both), 5) == ["one", "two"]


async def test_what_was_asked_for_is_forgiven_with_time() -> None:
    now = 0.0
    desk = Desk(FairPool(max_running=1, now=lambda: now))
    tasks = [desk.ask("greedy", 1_000)]
    await _settle()
    now = 60.0
    tasks += [desk.ask("other", 501), desk.ask("greedy", 500)]
    await _settle()
    desk.gate.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 5)
    assert desk.begun == ["greedy", "greedy", "other"]


async def test_where_too_many_wait_the_greediest_is_sent_away() -> None:
    desk = Desk(FairPool(max_running=1, max_waiting=2))
    first = desk.ask("first", 1)
    await _settle()
    greedy, fair = desk.ask("greedy", 900), desk.ask("fair", 500)
    await _settle()
    greedier = desk.ask("greedier", 1_000)
    modest = desk.ask("modest", 10)
    await _settle()
    for task in (greedy, greedier):
        with pytest.raises(UnavailableError):
            await asyncio.wait_for(task, 5)
    desk.gate.set()
    assert await asyncio.wait_for(asyncio.gather(first, fair, modest), 5)
    assert desk.begun == ["first", "modest", "fair"]


async def test_who_no_longer_waits_holds_no_place() -> None:
    desk = Desk(FairPool(max_running=1))
    first, gone, last = desk.ask("first", 1), desk.ask("gone", 1), desk.ask("last", 2)
    await _settle()
    gone.cancel()
    await _settle()
    desk.gate.set()
    assert await asyncio.wait_for(first, 5) == "first"
    assert await asyncio.wait_for(last, 5) == "last"
    assert await asyncio.wait_for(desk.ask("again", 1), 5) == "again"


async def test_one_whose_turn_comes_as_they_leave_passes_it_on() -> None:
    desk = Desk(FairPool(max_running=1))
    first, gone = desk.ask("first", 1), desk.ask("gone", 1)
    await _settle()
    desk.gate.set()
    await asyncio.wait_for(first, 5)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert await asyncio.wait_for(desk.ask("again", 1), 5) == "again"
