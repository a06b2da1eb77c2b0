"""Few jobs are settled on the event loop, unless something would have to be waited for."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk

from privacydesk.errors import DeskError, StaleError, UnavailableError
from privacydesk.ports import Changes, FailedJobError, Job
from privacydesk.storage import committer, engines, writer
from privacydesk.storage.store import SqlStore
from privacydesk.storage.writer_queue import QueueEntry, TakeLateEntries

Where = Callable[..., Job]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every disk count as quick, and whoever writes as alone, however busy the machine is."""
    monkeypatch.setattr(committer, "_QUICK", 60.0)
    monkeypatch.setattr(writer, "_ALONE", 0.0)


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nobody count as alone who was not served alone just before."""
    monkeypatch.setattr(writer, "_ALONE", 60.0)


@pytest.fixture
def threads() -> list[str]:
    """Return where small jobs were decided, in order."""
    return []


@pytest.fixture
def batches(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many jobs shared each commit, in order."""
    told: list[int] = []
    try_commit_now, commit = committer.Committer.try_commit_now, committer.Committer.commit

    def here(self: committer.Committer, batch: list[QueueEntry]) -> committer.Report | None:
        report = try_commit_now(self, batch)
        if report is not None:
            told.append(len(batch))
        return report

    def there(
        self: committer.Committer, batch: list[QueueEntry], late: TakeLateEntries | None = None
    ) -> committer.Report:
        report = commit(self, batch, late)
        told.append(len(batch))
        return report

    monkeypatch.setattr(committer.Committer, "try_commit_now", here)
    monkeypatch.setattr(committer.Committer, "commit", there)
    return told


@pytest.fixture
def small(threads: list[str]) -> Where:
    """Return what makes small jobs that leave ``threads``."""

    def make(job_id: str, n: int = 1, **other: Any) -> Job:
        job = desk.say(job_id, n=n)

        def decide(rows: Any) -> Changes:
            threads.append(threading.current_thread().name)
            return job.decide(rows)

        return replace(job, decide=decide, small=True, **other)

    return make


async def test_one_alone_is_served_on_the_loop(
    store: SqlStore, backend: str, small: Where, threads: list[str]
) -> None:
    await desk.begin(store)
    for n in range(3):
        assert (await store.writer.submit(small(f"j{n}"))).offset == 2 * n + 1
    expected = threading.main_thread().name if backend == "sqlite" else "writer"
    assert threads == [expected] * 3
    assert len(await desk.texts(store)) == 6
    again = await store.writer.submit(small("j1"))
    assert (again.offset, again.duplicate) == (3, True)


async def test_what_may_be_large_goes_to_the_thread(
    store: SqlStore, small: Where, threads: list[str]
) -> None:
    await desk.begin(store)
    await store.writer.submit(replace(small("a"), small=False))
    assert threads == ["writer"]


@pytest.mark.usefixtures("crowded")
async def test_who_is_not_alone_waits_for_those_of_the_same_turn(
    store: SqlStore, small: Where, batches: list[int]
) -> None:
    await desk.begin(store, 1)
    await desk.begin(store, 2)
    await store.writer.submit(small("first", 1))
    batches.clear()
    await asyncio.gather(store.writer.submit(small("a", 2)), store.writer.submit(small("b", 1)))
    assert batches == [2]


@pytest.mark.usefixtures("crowded")
async def test_who_was_answered_with_others_is_not_alone(
    store: SqlStore, small: Where, batches: list[int]
) -> None:
    await asyncio.gather(*(desk.begin(store, n) for n in range(1, 4)))
    await asyncio.gather(*(store.writer.submit(small("a", n)) for n in range(1, 4)))
    batches.clear()
    await asyncio.gather(*(store.writer.submit(small("b", n)) for n in (1, 2)))
    assert batches == [2]


@pytest.mark.usefixtures("crowded")
async def test_those_who_come_together_share_a_commit_on_the_loop(
    store: SqlStore, backend: str, small: Where, threads: list[str], batches: list[int]
) -> None:
    await asyncio.gather(*(desk.begin(store, n) for n in range(1, 9)))
    batches.clear()
    answers = await asyncio.gather(*(store.writer.submit(small("j", n)) for n in range(1, 9)))
    assert [a.offset for a in answers] == [1] * 8
    assert batches == [8]
    expected = threading.main_thread().name if backend == "sqlite" else "writer"
    assert threads == [expected] * 8


@pytest.mark.usefixtures("crowded")
async def test_many_go_to_the_thread(
    store: SqlStore, small: Where, threads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "_MAX_JOBS_ON_LOOP", 3)
    await asyncio.gather(*(desk.begin(store, n) for n in range(1, 5)))
    await asyncio.gather(*(store.writer.submit(small("j", n)) for n in range(1, 5)))
    assert threads == ["writer"] * 4


@pytest.mark.usefixtures("crowded")
@pytest.mark.parametrize("beside", ["job", "errand"])
async def test_what_may_be_large_takes_those_beside_it_to_the_thread(
    store: SqlStore,
    small: Where,
    threads: list[str],
    beside: str,
) -> None:
    await desk.begin(store, 1)
    await desk.begin(store, 2)

    def errand(_connection: Any) -> None:
        threads.append(threading.current_thread().name)

    large = replace(small("b", 2), small=False)
    other = store.writer.submit(large) if beside == "job" else store.writer.run(errand)
    await asyncio.gather(store.writer.submit(small("a", 1)), other)
    assert threads == ["writer"] * 2


@pytest.mark.usefixtures("crowded")
async def test_one_at_fault_on_the_loop_takes_nobody_with_it(store: SqlStore, small: Where) -> None:
    await asyncio.gather(*(desk.begin(store, n) for n in range(1, 4)))
    await store.writer.submit(desk.leave(Changes(tickets=(desk.ticket(1),))))
    twice = Changes(tickets=(replace(desk.ticket(2), number=desk.ticket(1).number),))
    outcomes = await asyncio.gather(
        store.writer.submit(small("a", 2)),
        store.writer.submit(replace(desk.leave(twice, job_id="twice"), small=True)),
        store.writer.submit(small("c", 3)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], FailedJobError)
    assert [one.offset for one in (outcomes[0], outcomes[2])] == [1, 1]  # type: ignore[union-attr]
    again = await store.writer.submit(small("a", 2))
    assert (again.offset, again.duplicate) == (1, True)


async def test_after_a_slow_commit_the_thread_serves(
    store: SqlStore, small: Where, threads: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "_QUICK", 0.0)
    await desk.begin(store)
    await store.writer.submit(small("a"))
    await store.writer.submit(small("b"))
    assert threads == ["writer"] * 2


async def test_the_loop_does_not_wait_for_another_process(
    store: SqlStore, path: Path, small: Where, threads: list[str]
) -> None:
    await desk.begin(store)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    asked = time.monotonic()
    waiting = asyncio.ensure_future(store.writer.submit(small("a")))
    for _ in range(5):
        await asyncio.sleep(0.01)
    assert time.monotonic() - asked < engines.BUSY_MILLIS / 1000, "the loop stood still"
    assert not waiting.done()
    other.execute("ROLLBACK")
    other.close()
    assert (await waiting).offset == 1
    assert threads == ["writer"]


async def test_faults_are_told_as_the_thread_tells_them(store: SqlStore, small: Where) -> None:
    await desk.begin(store)

    def broken(error: Exception) -> Job:
        return replace(desk.fail(error), small=True)

    with pytest.raises(StaleError):
        await store.writer.submit(broken(StaleError("too late")))
    with pytest.raises(FailedJobError):
        await store.writer.submit(broken(KeyError("oops")))
    taken = Changes(tickets=(desk.ticket(1),))
    await store.writer.submit(desk.leave(taken))
    twice = Changes(tickets=(replace(desk.ticket(2), number=desk.ticket(1).number),))
    with pytest.raises(FailedJobError):
        await store.writer.submit(replace(desk.leave(twice, job_id="twice"), small=True))
    assert await desk.texts(store) == []
    assert (await store.writer.submit(small("fine"))).offset == 1


async def test_nothing_is_acknowledged_into_a_file_that_is_gone(
    store: SqlStore, path: Path, small: Where
) -> None:
    await desk.begin(store)
    with desk.away(path, replaced=False), pytest.raises(UnavailableError):
        await store.writer.submit(small("a"))
    assert (await store.writer.submit(small("a"))).duplicate is False


async def test_what_a_listener_submits_follows(store: SqlStore, small: Where) -> None:
    await desk.begin(store)
    await desk.begin(store, 2)
    follow: list[asyncio.Task[Any]] = []

    def hook(conversation: Any, *_: Any) -> None:
        if conversation == desk.conversation_id(1):
            follow.append(asyncio.ensure_future(store.writer.submit(small("then", 2))))

    store.writer.on_commit(hook)
    await store.writer.submit(small("first"))
    assert (await asyncio.gather(*follow))[0].offset == 1


async def test_others_have_their_turn_between_the_messages_of_one(
    store: SqlStore, small: Where
) -> None:
    await desk.begin(store)
    turns: list[int] = []

    async def talk() -> None:
        for n in range(5):
            await store.writer.submit(small(f"j{n}"))
            turns.append(n)

    talking = asyncio.ensure_future(talk())
    seen: list[int] = []
    while not talking.done():
        seen.append(len(turns))
        await asyncio.sleep(0)
    assert len(set(seen)) >= 5, "one person held the loop"


async def test_closing_after_one_alone(store: SqlStore, small: Where) -> None:
    await desk.begin(store)
    await store.writer.submit(small("a"))
    await store.writer.close()
    with pytest.raises(DeskError):
        await store.writer.submit(small("b"))
