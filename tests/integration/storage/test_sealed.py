"""What a hand in the database, or a lost key, comes to."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
import structlog
from tests.integration.storage import desk

from privacydesk.clock import MovableClock
from privacydesk.ports import Changes, Committed, FailedJobError
from privacydesk.storage.sealing import KeyRing, SealError
from privacydesk.storage.store import SqlStore

SECRET = "my phone is 13800138000"


def _tamper(path: Path, *statements: str) -> None:
    hand = sqlite3.connect(path)
    for statement in statements:
        hand.execute(statement)
    hand.commit()
    hand.close()


async def test_nothing_a_person_said_stands_in_the_file(store: SqlStore, path: Path) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.say("a", SECRET, account=f"acct-{SECRET}"))
    rows = Changes(
        tickets=(desk.ticket(account=SECRET, contact=SECRET, answers={"t": SECRET}),),
        ticket_log=(desk.note(why=SECRET, data={"t": SECRET}),),
        deliveries=(desk.delivery(payload={"t": SECRET}),),
        evidence=(desk.evidence(name=SECRET, body=SECRET.encode()),),
    )
    await store.writer.submit(desk.leave(rows))
    files = [file.read_bytes() for file in path.parent.iterdir()]
    assert not any(b"13800138000" in content for content in files)


async def test_a_moved_body_is_refused_and_the_log_goes_on(store: SqlStore, path: Path) -> None:
    await desk.begin(store)
    await store.writer.submit(desk.say("a"))
    _tamper(
        path,
        'UPDATE event SET body = (SELECT body FROM event WHERE "offset" = 1) WHERE "offset" = 2',
    )
    with structlog.testing.capture_logs() as logs:
        assert await desk.texts(store) == ["hello", ""]
    assert [log["event"] for log in logs] == ["row_refused"]


async def test_a_rolled_back_state_is_refused_and_fails_only_its_jobs(
    store: SqlStore, path: Path, url: str, clock: MovableClock
) -> None:
    await desk.begin(store, 1)
    await desk.begin(store, 2)
    old = sqlite3.connect(path)
    query = "SELECT state FROM conversation WHERE id = ?"
    (state,) = old.execute(query, (desk.conversation_id(),)).fetchone()
    old.close()
    await store.writer.submit(desk.say("a"))
    hand = sqlite3.connect(path)
    hand.execute("UPDATE conversation SET state = ? WHERE version = 2", (state,))
    hand.commit()
    hand.close()
    async with SqlStore(url, desk.RING, clock) as later:
        with pytest.raises(SealError):
            await later.reader.conversation(desk.conversation_id())
        results = await asyncio.gather(
            *(later.writer.submit(desk.say("b", n=n)) for n in (1, 2)), return_exceptions=True
        )
    assert isinstance(results[0], FailedJobError)
    assert isinstance(results[1], Committed)


async def test_a_wrong_ring_key_opens_nothing(
    store: SqlStore, url: str, clock: MovableClock
) -> None:
    await desk.begin(store)
    for ring in (KeyRing("k1", {"k1": b"2" * 32}), KeyRing("k2", {"k2": b"1" * 32})):
        async with SqlStore(url, ring, clock) as later:
            with pytest.raises(SealError):
                await later.reader.conversation(desk.conversation_id())
            with pytest.raises(FailedJobError):
                await later.writer.submit(desk.say("a"))


async def test_after_a_rotation_old_and_new_conversations_open(
    store: SqlStore, url: str, clock: MovableClock
) -> None:
    await desk.begin(store, 1)
    ring = KeyRing("k2", {**desk.RING.keys, "k2": b"2" * 32})
    async with SqlStore(url, ring, clock) as later:
        await desk.begin(later, 2)
        for n in (1, 2):
            assert (await later.writer.submit(desk.say("a", n=n))).offset == 1


async def test_the_log_never_holds_values(
    store: SqlStore, path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await desk.begin(store)
    with structlog.testing.capture_logs() as logs:
        taken = desk.leave(Changes(tickets=(desk.ticket(number=SECRET),)))
        await store.writer.submit(taken)
        again = desk.leave(Changes(tickets=(desk.ticket(2, number=SECRET),)))
        jobs = [desk.fail(ValueError(SECRET)), again, desk.say(f"{SECRET}\ud800")]
        results = await asyncio.gather(
            *(store.writer.submit(job) for job in jobs), return_exceptions=True
        )
    assert all(isinstance(result, FailedJobError) for result in results)
    assert len(logs) == 3
    assert "13800138000" not in str(logs)
    assert "13800138000" not in str(results)
    assert "13800138000" not in "".join(capsys.readouterr())
    assert {log["error"] for log in logs} >= {"ValueError", "UnicodeEncodeError"}
