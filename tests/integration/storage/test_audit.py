"""The audit trail: entries come with what they tell of, and what is done to them is found."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.integration.storage import desk

from privacydesk.clock import MovableClock
from privacydesk.domain.audit import AuditEntry, ChainFault, ChainHead
from privacydesk.domain.ids import EvidenceId
from privacydesk.errors import DeskError
from privacydesk.ports import Changes, FailedJobError, Locks
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

Tamper = Callable[[sqlite3.Connection], object]


def entry(what: str, by: str = "alice") -> AuditEntry:
    return AuditEntry(desk.NOW, by, what, desk.ticket_id(), desk.conversation_id())


async def note(store: SqlStore, *names: str) -> None:
    for name in names:
        await store.writer.submit(desk.leave(Changes(audit=(entry(name),))))


async def chain(store: SqlStore, count: int = 6) -> None:
    # In one job, so that their order is known although the clock stands still.
    acts = tuple(entry(f"act{n}") for n in range(1, count + 1))
    await store.writer.submit(desk.leave(Changes(audit=acts)))
    assert await store.trail.seal() == count


def tamper(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            assert connection.execute(statement).rowcount


async def test_what_staff_note_on_a_ticket_is_audited_in_the_same_commit(store: SqlStore) -> None:
    await desk.begin(store)
    opened = desk.note(what="evidence_opened", data={"evidence": desk.evidence_id().hex()})
    refused = desk.note(what="refuse", why="it is Wang's", data={"ground": "others_rights"})
    made = desk.ticket(version=1)
    await store.writer.submit(
        desk.leave(
            Changes(tickets=(made,), ticket_log=(desk.note(), refused, opened)),
            Locks(conversation=desk.conversation_id()),
        )
    )
    seen = [one.entry for one in await store.trail.entries()][::-1]
    assert [one.what for one in seen] == ["note", "refuse", "evidence_opened"]
    assert {one.by for one in seen} == {"alice"}
    assert {one.ticket_id for one in seen} == {desk.ticket_id()}
    assert {one.conversation_id for one in seen} == {desk.conversation_id()}
    assert seen[1].detail == {"ground": "others_rights"}
    assert seen[2].evidence_id == EvidenceId(desk.evidence_id())


async def test_what_machines_do_is_not_audited_as_if_it_were_staff(store: SqlStore) -> None:
    await desk.begin(store)
    await store.writer.submit(
        desk.leave(
            Changes(
                tickets=(desk.ticket(version=1),),
                ticket_log=tuple(
                    replace(desk.note(), by=by) for by in ("requester", "clock", "account_service")
                ),
            ),
            Locks(conversation=desk.conversation_id()),
        )
    )
    assert await store.trail.entries() == ()


async def test_a_job_that_fails_leaves_no_entry(store: SqlStore) -> None:
    with pytest.raises(FailedJobError):
        await store.writer.submit(
            desk.leave(Changes(audit=(replace(entry("never"), detail={"a": object()}),)))
        )
    assert await store.trail.entries() == ()


async def test_an_untouched_chain_is_whole(store: SqlStore) -> None:
    assert (await store.trail.check()).head == ChainHead(0, "")
    await chain(store)
    await note(store, "later")
    report = await store.trail.check()
    assert (report.fault, report.head.entries, report.waiting) == (None, 6, 1)
    assert await store.trail.seal() == 1
    assert await store.trail.seal() == 0
    grown = await store.trail.check(noted=report.head)
    assert (grown.fault, grown.head.entries, grown.waiting) == (None, 7, 0)
    assert {one.seq for one in await store.trail.entries()} == set(range(1, 8))


async def test_a_chain_of_many_pages_is_whole(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("privacydesk.storage.audit._CHECK_PAGE_SIZE", 4)
    monkeypatch.setattr("privacydesk.storage.audit._SEAL_BATCH_SIZE", 3)
    await note(store, *(f"act{n}" for n in range(11)))
    assert [await store.trail.seal() for _ in range(5)] == [3, 3, 3, 2, 0]
    report = await store.trail.check()
    assert (report.fault, report.head.entries) == (None, 11)


FORGED = (
    "INSERT INTO audit SELECT zeroblob(16), at, by, 'forged', NULL, NULL, NULL, '{}', 7, code,"
    " NULL, NULL FROM audit WHERE seq = 6"
)
SWAP = (
    "UPDATE audit SET seq = -1 WHERE seq = 2",
    "UPDATE audit SET seq = 2 WHERE seq = 4",
    "UPDATE audit SET seq = 4 WHERE seq = -1",
)
SWAP_SAID = (
    "UPDATE audit SET what = 'act4' WHERE seq = 2",
    "UPDATE audit SET what = 'act2' WHERE seq = 4",
)


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        *(
            ((f"UPDATE audit SET {change} WHERE seq = 3",), ChainFault(3, "changed"))  # noqa: S608 - ours
            for change in (
                "what = 'grant'",
                "by = 'bob'",
                "at = at + 1",
                "ticket_id = NULL",
                "conversation_id = zeroblob(16)",
                "evidence_id = zeroblob(16)",
                "detail = '{\"ground\":1}'",
                "code = zeroblob(32)",
                "id = zeroblob(16)",
            )
        ),
        (("UPDATE audit SET code = NULL WHERE seq = 3",), ChainFault(3, "changed")),
        (("DELETE FROM audit WHERE seq = 3",), ChainFault(3, "missing")),
        (("DELETE FROM audit WHERE seq = 1",), ChainFault(1, "missing")),
        (("DELETE FROM audit WHERE seq = 6",), ChainFault(6, "missing")),
        (("DELETE FROM audit WHERE seq > 3",), ChainFault(4, "missing")),
        (("DELETE FROM audit",), ChainFault(1, "missing")),
        (("UPDATE audit SET seq = NULL, code = NULL WHERE seq = 6",), ChainFault(6, "missing")),
        (
            (
                "DELETE FROM audit WHERE seq = 3",
                "UPDATE audit SET seq = seq - 1 WHERE seq = 4",
                "UPDATE audit SET seq = seq - 1 WHERE seq = 5",
                "UPDATE audit SET seq = seq - 1 WHERE seq = 6",
            ),
            ChainFault(3, "changed"),
        ),
        (SWAP, ChainFault(2, "changed")),
        (SWAP_SAID, ChainFault(2, "changed")),
        (
            (FORGED,),
            ChainFault(7, "added"),
        ),
        (
            ("DELETE FROM audit WHERE seq > 3", "UPDATE audit_head SET entries = 3"),
            ChainFault(0, "head_changed"),
        ),
        (
            (
                "UPDATE audit_head SET entries = 3, last = (SELECT code FROM audit WHERE seq = 3)",
                "DELETE FROM audit WHERE seq > 3",
            ),
            ChainFault(0, "head_changed"),
        ),
        (("DELETE FROM audit_head",), ChainFault(0, "head_missing")),
        (
            ("DELETE FROM data_key WHERE conversation_id NOT IN (SELECT id FROM conversation)",),
            ChainFault(0, "key_missing"),
        ),
    ],
)
async def test_tampering_is_found_and_the_first_broken_entry_named(
    store: SqlStore, path: Path, statements: tuple[str, ...], found: ChainFault
) -> None:
    await chain(store)
    tamper(path, *statements)
    assert (await store.trail.check()).fault == found


async def test_the_trail_does_not_grow_over_a_head_that_was_taken_away(
    store: SqlStore, path: Path
) -> None:
    await chain(store)
    tamper(path, "DELETE FROM audit_head")
    await note(store, "later")
    with pytest.raises(DeskError):
        await store.trail.seal()
    assert (await store.trail.check()).fault == ChainFault(0, "head_missing")


async def test_entries_that_nobody_wrote_do_not_keep_others_from_being_chained(
    store: SqlStore, path: Path
) -> None:
    await note(store, "written")
    with closing(sqlite3.connect(path)) as hand, hand:
        hand.row_factory = sqlite3.Row
        written = dict(hand.execute("SELECT * FROM audit").fetchone())
        forged = [{**written, "id": n.to_bytes(16), "mac": bytes(32)} for n in range(600)]
        marks = ", ".join(f":{column}" for column in written)
        hand.executemany(f"INSERT INTO audit VALUES ({marks})", forged)  # noqa: S608 - our names
    assert await store.trail.seal() == 1
    assert await store.trail.seal() == 0


async def test_a_noted_head_finds_a_database_that_was_put_back(store: SqlStore, path: Path) -> None:
    await chain(store, 3)
    old = path.with_name("old.db")
    with closing(sqlite3.connect(path)) as live, closing(sqlite3.connect(old)) as copy:
        live.backup(copy)
    await note(store, "a", "b")
    await store.trail.seal()
    noted = (await store.trail.check()).head
    async with SqlStore(f"sqlite:///{old}", desk.RING, MovableClock(desk.NOW)) as back:
        assert (await back.trail.check()).fault is None
        assert (await back.trail.check(noted)).fault == ChainFault(4, "missing")
        await note(back, "c", "d")
        await back.trail.seal()
        assert (await back.trail.check()).fault is None
        assert (await back.trail.check(noted)).fault == ChainFault(5, "head_unknown")


async def test_entries_are_sealed_once_however_many_processes_do_it(
    store: SqlStore, url: str, clock: MovableClock
) -> None:
    async with SqlStore(url, desk.RING, clock) as other:
        await note(store, *(f"act{n}" for n in range(40)))
        sealed = await asyncio.gather(*(one.trail.seal() for one in (store, other) * 4))
        assert sum(sealed) == 40
        report = await other.trail.check()
        assert (report.fault, report.head.entries, report.waiting) == (None, 40, 0)


async def test_a_sealer_that_dies_in_the_middle_leaves_the_chain_as_it_was(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await chain(store, 2)
    await note(store, "a", "b")
    with monkeypatch.context() as broken:

        def die(*_: object) -> bytes:
            raise RuntimeError("killed")

        broken.setattr("privacydesk.storage.audit._head_code", die)
        with pytest.raises(FailedJobError):
            await store.trail.seal()
    report = await store.trail.check()
    assert (report.fault, report.head.entries, report.waiting) == (None, 2, 2)
    assert await store.trail.seal() == 2


async def test_the_chain_holds_over_a_rotation_of_the_ring(
    store: SqlStore, url: str, clock: MovableClock
) -> None:
    await chain(store)
    both = KeyRing("k2", {"k1": b"1" * 32, "k2": b"2" * 32})
    async with SqlStore(url, both, clock) as rotating:
        assert await rotating.key_wrapping.rewrap("k1", limit=100) == 2
    async with SqlStore(url, KeyRing("k2", {"k2": b"2" * 32}), clock) as after:
        report = await after.trail.check()
        assert (report.fault, report.head.entries) == (None, 6)


async def test_entries_are_found_by_agent_ticket_and_page(store: SqlStore) -> None:
    await store.writer.submit(
        desk.leave(Changes(audit=(entry("a"), entry("b", "bob"), AuditEntry(desk.NOW, "bob", "c"))))
    )
    mine = await store.trail.entries(by="bob")
    assert [one.entry.what for one in mine] == ["c", "b"]
    assert [one.entry.what for one in await store.trail.entries(ticket=desk.ticket_id())] == [
        "b",
        "a",
    ]
    (first,) = await store.trail.entries(limit=1)
    rest = await store.trail.entries(before=first.id)
    assert [one.entry.what for one in rest] == ["b", "a"]
