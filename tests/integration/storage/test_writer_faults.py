"""What becomes of jobs when the database says no. All errors but the lost connection are real."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from tests.integration.storage import desk

from privacydesk.domain.ids import ChallengeId
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import UnavailableError
from privacydesk.ports import Changes, Committed, FailedJobError, Job, Locks
from privacydesk.storage import committer
from privacydesk.storage.store import SqlStore


async def test_an_integrity_error_halves_the_batch_until_the_guilty_stands_alone(
    store: SqlStore,
) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.leave(Changes(tickets=(desk.ticket(1),))))
    taken = replace(desk.ticket(2), number=desk.ticket(1).number)
    jobs = [desk.say(f"j{n}", f"m{n}") for n in range(9)]
    jobs.insert(4, desk.leave(Changes(tickets=(taken,))))
    results = await asyncio.gather(
        *(store.writer.submit(job) for job in jobs), return_exceptions=True
    )
    assert isinstance(results.pop(4), FailedJobError)
    assert [r.offset for r in results if isinstance(r, Committed)] == list(range(1, 18, 2))
    assert (await desk.texts(store))[::2] == [f"m{n}" for n in range(9)]
    assert await store.reader.ticket(taken.id) is None


@pytest.mark.parametrize("bad_id", ["\ud800", "x" * 3])
async def test_what_the_driver_cannot_encode_fails_one_job(store: SqlStore, bad_id: str) -> None:
    await desk.begin(store)
    results = await asyncio.gather(
        store.writer.submit(desk.say("a")),
        store.writer.submit(desk.say(bad_id)),
        store.writer.submit(desk.say("b")),
        return_exceptions=True,
    )
    assert isinstance(results[1], FailedJobError) == (bad_id == "\ud800")
    assert isinstance(results[2], Committed)


async def test_a_number_too_large_for_the_database_fails_one_job(store: SqlStore) -> None:
    huge = Challenge(ChallengeId(b"x" * 32), attempts_left=2**70)
    fine = Challenge(ChallengeId(b"y" * 32))
    results = await asyncio.gather(
        *(store.writer.submit(desk.leave(Changes(challenges=(c,)))) for c in (huge, fine)),
        return_exceptions=True,
    )
    assert isinstance(results[0], FailedJobError)
    assert isinstance(results[1], Committed)


async def test_moving_a_file_that_is_not_there_fails_one_job(store: SqlStore) -> None:
    await desk.begin(store)
    missing = Changes(evidence_moved={desk.evidence_id(): desk.ticket_id()})
    results = await asyncio.gather(
        store.writer.submit(desk.leave(missing)),
        store.writer.submit(desk.say("a")),
        return_exceptions=True,
    )
    assert isinstance(results[0], FailedJobError)
    assert isinstance(results[1], Committed)


async def test_a_file_of_one_ticket_is_not_taken_by_another(store: SqlStore) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.leave(Changes(evidence=(desk.evidence(),))))
    for ticket, taken in ((1, True), (2, False), (1, True)):
        moved = Changes(evidence_moved={desk.evidence_id(): desk.ticket_id(ticket)})
        (result,) = await asyncio.gather(
            store.writer.submit(desk.leave(moved, job_id=f"to {ticket}")), return_exceptions=True
        )
        assert isinstance(result, Committed if taken else FailedJobError)
    (kept,) = await store.reader.evidence_of(desk.ticket_id(1))
    assert kept.id == desk.evidence_id()


async def test_a_row_that_changed_under_the_lock_is_loud_and_rolls_back(store: SqlStore) -> None:
    await desk.begin(store)

    def meddle(rows: Any) -> Changes:
        # A hand in the database, within the writer's own transaction.
        connection = store.writer._committer._connection
        assert connection is not None
        connection.exec_driver_sql("UPDATE conversation SET version = 7")
        return desk.turn("a")(rows)

    with pytest.raises(FailedJobError):
        await store.writer.submit(Job("a", Locks(desk.conversation_id()), meddle))
    assert await desk.texts(store) == []
    assert (await store.writer.submit(desk.say("a"))).offset == 1


async def test_while_the_database_is_read_only_jobs_are_unavailable_then_it_recovers(
    store: SqlStore, backend: str
) -> None:
    await desk.begin(store)
    statement = {
        "sqlite": "PRAGMA query_only = ON",
        "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    }[backend]
    with _connections(store, statement):
        store.writer._committer.close()
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await store.writer.submit(desk.say("a"))
    assert (await store.writer.submit(desk.say("a"))).duplicate is False
    assert await desk.texts(store) == ["hello", "re: hello"]


async def test_while_the_disk_is_full_jobs_are_unavailable_then_it_recovers(
    store: SqlStore, path: Path
) -> None:
    del path  # how much a file may hold is SQLite's
    await desk.begin(store)
    big = Changes(evidence=(desk.evidence(body=b"x" * 1_000_000),))
    with _connections(store, "PRAGMA max_page_count = 1"):
        store.writer._committer.close()
        with pytest.raises(UnavailableError):
            await store.writer.submit(desk.leave(big))
    await store.writer.submit(desk.leave(big))
    assert await store.reader.evidence(desk.evidence_id()) is not None


@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_acknowledged_into_a_file_that_is_gone(
    store: SqlStore, path: Path, replaced: bool
) -> None:
    await desk.begin(store)
    with desk.away(path, replaced=replaced):
        for _ in range(2):
            with pytest.raises(UnavailableError):
                await store.writer.submit(desk.say("a"))
    assert (await store.writer.submit(desk.say("a"))).duplicate is False
    assert await desk.texts(store) == ["hello", "re: hello"]


async def test_while_another_process_writes_jobs_wait_then_are_unavailable(
    store: SqlStore, path: Path
) -> None:
    await desk.begin(store)
    with _connections(store, "PRAGMA busy_timeout = 1"):
        store.writer._committer.close()
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(UnavailableError):
            await store.writer.submit(desk.say("a"))
        other.execute("ROLLBACK")
        other.close()
        assert (await store.writer.submit(desk.say("a"))).offset == 1


@pytest.mark.parametrize("committed", [True, False])
async def test_after_an_unknown_commit_the_ids_decide(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch, committed: bool
) -> None:
    await desk.begin(store)
    monkeypatch.setattr(committer, "_PAUSE", 0)
    monkeypatch.setattr(committer, "transaction", desk.losing(iter([True]), committed=committed))
    result = await store.writer.submit(desk.say("a"))
    assert result == Committed(1, duplicate=True) if committed else not result.duplicate
    assert await desk.texts(store) == ["hello", "re: hello"]


async def test_a_connection_that_stays_lost_makes_jobs_unavailable(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.begin(store)
    monkeypatch.setattr(committer, "_PAUSE", 0)
    losses = itertools.repeat(True, committer._TRIES)
    monkeypatch.setattr(committer, "transaction", desk.losing(losses, committed=False))
    with pytest.raises(UnavailableError):
        await store.writer.submit(desk.say("a"))
    assert not next(losses, False), "it gave up early"
    assert (await store.writer.submit(desk.say("a"))).offset == 1


@contextmanager
def _connections(store: SqlStore, statement: str) -> Iterator[None]:
    """Have every new connection of the writer begin with ``statement``."""

    def connected(connection: Any, _record: object) -> None:
        connection.execute(statement)
        connection.commit()

    sa.event.listen(store._writing, "connect", connected)
    try:
        yield
    finally:
        sa.event.remove(store._writing, "connect", connected)
        # The next batch opens a connection of the usual kind.
        store.writer._committer.close()
