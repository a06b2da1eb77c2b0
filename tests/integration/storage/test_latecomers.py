"""Who comes while a batch is decided on joins it, where no other process locks the same rows."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk

from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Changes, Committed, FailedJobError, Job, Locks
from privacydesk.storage import committer
from privacydesk.storage.store import SqlStore

_PATIENCE = 5.0


class Crowd:
    """Submits jobs while another one is decided on."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._tasks: list[asyncio.Task[Committed]] = []

    def while_decided(self, job: Job, late: Sequence[Job]) -> Job:
        """Return a job in the middle of which others are submitted, once."""

        def decide(rows: Any) -> Changes:
            if not self._tasks:
                there = threading.Event()
                self._loop.call_soon_threadsafe(self._submit, late, there)
                assert there.wait(_PATIENCE)
            return job.decide(rows)

        return replace(job, decide=decide)

    async def outcomes(self) -> list[Committed | BaseException]:
        return await asyncio.gather(*self._tasks, return_exceptions=True)

    def _submit(self, late: Sequence[Job], there: threading.Event) -> None:
        self._tasks = [self._loop.create_task(self._store.writer.submit(job)) for job in late]
        # After each of them has had its turn.
        self._loop.call_soon(there.set)


@pytest.fixture
async def batches(store: SqlStore) -> list[set[str]]:
    """Return whose ids were told of together, commit by commit."""
    told: list[set[str]] = []
    loop = asyncio.get_running_loop()
    turn: list[object] = [None]

    def hook(_conversation: bytes, events: tuple[Any, ...], _after: object) -> None:
        # All hooks of a commit are called in one turn of the loop.
        if turn[0] is None:
            told.append(set())
            turn[0] = loop.call_soon(turn.__setitem__, 0, None)
        told[-1].update(event.job_id for event in events if event.job_id)

    store.writer.on_commit(hook)
    return told


async def _begin(store: SqlStore, people: int) -> None:
    for n in range(1, people + 1):
        await desk.begin(store, n)


async def test_who_comes_in_the_middle_shares_the_commit(
    store: SqlStore, backend: str, batches: list[set[str]]
) -> None:
    await _begin(store, 3)
    batches.clear()
    crowd = Crowd(store)
    late = [desk.say("b", "second", 2), desk.say("c", "third", 3)]
    first = await store.writer.submit(crowd.while_decided(desk.say("a", "first", 1), late))
    assert first.offset == 1
    assert [one.offset for one in await crowd.outcomes()] == [1, 1]  # type: ignore[union-attr]
    if backend == "sqlite":
        assert batches == [{"a", "b", "c"}]
    else:
        # Rows that others lock, too, are locked all at once.
        assert batches == [{"a"}, {"b", "c"}]
    again = await store.writer.submit(late[0])
    assert (again.offset, again.duplicate) == (1, True)


async def test_who_speaks_again_waits_and_so_does_who_comes_behind(
    store: SqlStore, batches: list[set[str]]
) -> None:
    await _begin(store, 2)
    batches.clear()
    crowd = Crowd(store)
    late = [desk.say("again", "more", 1), desk.say("b", "second", 2)]
    await store.writer.submit(crowd.while_decided(desk.say("a", "first", 1), late))
    assert [one.offset for one in await crowd.outcomes()] == [3, 1]  # type: ignore[union-attr]
    assert batches == [{"a"}, {"again", "b"}]


async def test_a_batch_takes_no_more_than_it_may_hold(
    store: SqlStore, backend: str, batches: list[set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    await _begin(store, 4)
    batches.clear()
    monkeypatch.setattr(store.writer, "_limit", 3)
    crowd = Crowd(store)
    late = [desk.say(f"late-{n}", "hello", n) for n in (2, 3, 4)]
    await store.writer.submit(crowd.while_decided(desk.say("a", "first", 1), late))
    await crowd.outcomes()
    together = [{"a", "late-2", "late-3"}, {"late-4"}]
    apart = [{"a"}, {"late-2", "late-3", "late-4"}]
    assert batches == (together if backend == "sqlite" else apart)


def _of_ticket(job: Job) -> Job:
    return replace(job, locks=Locks(job.locks.conversation, tickets=(desk.ticket_id(),)))


async def test_who_decides_on_more_than_a_conversation_waits(
    store: SqlStore, batches: list[set[str]]
) -> None:
    await _begin(store, 2)
    batches.clear()
    crowd = Crowd(store)
    late = [_of_ticket(desk.say("b", "second", 2))]
    await store.writer.submit(crowd.while_decided(desk.say("a", "first", 1), late))
    await crowd.outcomes()
    assert batches == [{"a"}, {"b"}]


def _taking(taken: Ticket, n: int) -> Job:
    """Return a job that adds a ticket whose number is not free."""
    job = desk.say("bad", "spoilt", n)

    def decide(rows: Any) -> Changes:
        return replace(job.decide(rows), tickets=(taken,))

    return replace(job, decide=decide)


async def test_a_guilty_latecomer_fails_alone(store: SqlStore) -> None:
    await _begin(store, 3)
    await store.writer.submit(desk.leave(Changes(tickets=(desk.ticket(1),))))
    taken = replace(
        desk.ticket(2), number=desk.ticket(1).number, conversation_id=desk.conversation_id(2)
    )
    crowd = Crowd(store)
    late = [_taking(taken, 2), desk.say("c", "third", 3)]
    first = await store.writer.submit(crowd.while_decided(desk.say("a", "first", 1), late))
    bad, third = await crowd.outcomes()
    assert first.offset == 1
    assert isinstance(bad, FailedJobError)
    assert isinstance(third, Committed)
    for n, texts in ((1, ["first", "re: first"]), (2, []), (3, ["third", "re: third"])):
        assert await desk.texts(store, n) == texts


@pytest.mark.parametrize("committed", [True, False])
async def test_a_batch_that_is_tried_again_keeps_its_latecomers(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    await _begin(store, 2)
    crowd = Crowd(store)
    monkeypatch.setattr(committer, "_PAUSE", 0)
    monkeypatch.setattr(committer, "transaction", desk.losing(iter([True]), committed=committed))
    late = [desk.say("b", "second", 2)]
    first = await store.writer.submit(crowd.while_decided(desk.say("a", "first", 1), late))
    (second,) = await crowd.outcomes()
    assert isinstance(second, Committed)
    assert (first.offset, second.offset) == (1, 1)
    for n, text in ((1, "first"), (2, "second")):
        assert await desk.texts(store, n) == [text, f"re: {text}"]
