from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from threading import Event

import pytest

from privacydesk.background_threads import DEFAULT_INTERVAL, SHORT_INTERVAL, BackgroundThreadPool


@pytest.fixture(autouse=True)
def _interval_as_before() -> Iterator[None]:
    before = sys.getswitchinterval()
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def threads() -> Iterator[BackgroundThreadPool]:
    with BackgroundThreadPool() as made:
        yield made


def is_about(seconds: float) -> bool:
    # The interpreter counts in whole microseconds.
    return abs(sys.getswitchinterval() - seconds) < 2e-6


def test_turns_are_taken_often_while_something_is_worked_on(threads: BackgroundThreadPool) -> None:
    assert is_about(DEFAULT_INTERVAL)
    assert threads.submit(is_about, SHORT_INTERVAL).result()
    assert is_about(DEFAULT_INTERVAL)


def test_they_are_until_the_last_one_is_done(threads: BackgroundThreadPool) -> None:
    first, last = Event(), Event()
    works = [threads.submit(event.wait, 10) for event in (first, last)]
    assert threads.submit(is_about, SHORT_INTERVAL).result()
    first.set()
    assert works[0].result()
    assert is_about(SHORT_INTERVAL)
    last.set()
    assert works[1].result()
    assert is_about(DEFAULT_INTERVAL)


def test_what_fails_is_done_too(threads: BackgroundThreadPool) -> None:
    failed = threads.submit(int, "none")
    with pytest.raises(ValueError, match="none"):
        failed.result()
    assert is_about(DEFAULT_INTERVAL)


async def test_the_event_loop_sends_its_slow_work_there(threads: BackgroundThreadPool) -> None:
    asyncio.get_running_loop().set_default_executor(threads)
    assert await asyncio.to_thread(is_about, SHORT_INTERVAL)
    assert is_about(DEFAULT_INTERVAL)
