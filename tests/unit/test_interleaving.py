from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from threading import Event

import pytest

from privacydesk.interleaving import ALONE, BESIDE, ThreadsBeside


@pytest.fixture(autouse=True)
def _interval_as_before() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def threads() -> Iterator[ThreadsBeside]:
    with ThreadsBeside() as made:
        yield made


def is_about(seconds: float) -> bool:
    # The interpreter counts in whole microseconds.
    return abs(sys.getswitchinterval() - seconds) < 2e-6


def test_turns_are_taken_often_while_something_is_worked_on(threads: ThreadsBeside) -> None:
    assert is_about(ALONE)
    assert threads.submit(is_about, BESIDE).result()
    assert is_about(ALONE)


def test_they_are_until_the_last_one_is_done(threads: ThreadsBeside) -> None:
    first, last = Event(), Event()
    works = [threads.submit(event.wait, 10) for event in (first, last)]
    assert threads.submit(is_about, BESIDE).result()
    first.set()
    assert works[0].result()
    assert is_about(BESIDE)
    last.set()
    assert works[1].result()
    assert is_about(ALONE)


def test_what_fails_is_done_too(threads: ThreadsBeside) -> None:
    failed = threads.submit(int, "none")
    with pytest.raises(ValueError, match="none"):
        failed.result()
    assert is_about(ALONE)


async def test_the_event_loop_sends_its_slow_work_there(threads: ThreadsBeside) -> None:
    asyncio.get_running_loop().set_default_executor(threads)
    assert await asyncio.to_thread(is_about, BESIDE)
    assert is_about(ALONE)
