"""Whoever can write to the database and has no key changes nothing that decides, unseen.

A small database is made as the desk makes it. Then a column is changed by SQL alone: what it would
allow is refused, and a check of all rows names the row.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from structlog.testing import capture_logs
from tests.integration.storage import desk, furnished
from tests.integration.storage.desk import NOW

from privacydesk.clock import MovableClock
from privacydesk.domain.audit import AuditEntry, RowFault
from privacydesk.domain.deliveries import Pool
from privacydesk.domain.events import EventKind
from privacydesk.domain.ids import AccessEntryId, ChallengeId
from privacydesk.domain.inbox_views import InboxView, ViewerContext
from privacydesk.domain.signin import AccessEntry, AccessKind, Credential
from privacydesk.domain.verification_codes import Challenge
from privacydesk.errors import DeskError
from privacydesk.ports import AccessChanges, Changes, FailedJobError, Job, Locks, WorkingSet
from privacydesk.storage import committer, tables
from privacydesk.storage.engines import prepare_file
from privacydesk.storage.schema import upgrade
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

Act = Callable[[SqlStore], Awaitable[object]]

MINUTE: Final = timedelta(minutes=1)

EXCUSED_TABLES: Final[Mapping[str, str]] = {
    "agent_duty": "says who is there: lets nobody in, and a wrong one is mended within seconds",
    "staff_alarm": "shows staff where to look; what is there is read anew",
    "webhook_try": "what receivers answered, only shown; sealed to its place",
    "counter": "figures for reports",
    "help_visit": "figures for reports",
    "incident_recipient": "who is still to be told; accounts are sealed, what is told is signed",
    "chore": "when something is looked at next",
    "api_answer": "what a program hears of its own request when it sends it again",
    "ticketing_system": "a connector's cursor and its faults",
    "event_log_head": "where readers of the log stand; a wrong one is refused or reads again",
    "audit_head": "checked by the chain's own code",
    "ticket_task": "where tasks are found; what they are stands in their ticket's body",
    "agent_passkey": "finds an agent; whose a passkey is stands in the sealed credential",
    "used_token": "used again, a logout token ends sessions older than itself; a passkey's answer"
    " is its own session's, for five minutes",
    "hashing_root": "sealed; with another root nobody is found, and none of the wrong ones",
    "fingerprint": "tells a mistake in the settings, no attack: other keys open nothing",
}
"""Tables that decide nothing, and why."""

EXCUSED: Final[Mapping[str, Mapping[str, str]]] = {
    "ticket": {
        "next_due_at": "when it is looked at next; what is due stands in the body",
        "leased": "whose time is looked at, where it may be that of a clock ahead",
        "decided_by": "which list shows it to whom; who decided stands in the body",
    },
    "outbox": {"due_at": "when it is looked at next"},
    "api_token": {"used_at": "only shown"},
    "webhook_endpoint": {
        "failing_since": "how many tries there are at once",
        "alarmed_at": "when staff are told",
    },
    "webhook_posting": dict.fromkeys(
        ("due_at", "state", "open", "attempts", "tries_left", "begun_at", "done_at"),
        "when, and whether again: under the same id, which receivers know",
    ),
    "event_log": {"seq": "when it is read; a deleted row would be missed just as well"},
    "ticketing_link": dict.fromkeys(
        ("due_at", "attempts", "fault", "synced_at", "doubt_until", "revision"),
        "when it is looked at next, and what is shown of it",
    ),
    "ticket_person": {"conversation_id": "nobody reads it"},
    "audit": {"seq": "the chain's", "code": "the chain's"},
}
"""Columns that decide nothing, and why."""

ONLY_NAMED: Final = frozenset({"ticket_number.conversation_id", "ticket_number.version"})
"""Columns that are read off the ticket, so that another value here allows nothing."""

_OTHER: Final[Mapping[str, str]] = {
    "conversation.owner_kind": "'queue'",
    "event.sender": "'system'",
    "event.kind": "'chose'",
    "ticket.state": "'closed'",
    "ticket.kind": "'deletion'",
    "ticket.outcome": "'fulfilled'",
    "ticket.satisfaction": "'good'",
    "ticket.grounds": "'unfounded'",
    "ticket.due_date": "'2026-05-05'",
    "outbox.channel": "'code'",
    "agent.role": "'administrator'",
    "agent_session.stage": "'code'",
    "api_token.scopes": "'tickets:read tickets:write'",
    "access_log.kind": "'signed_out'",
    "webhook_endpoint.state": "'disabled'",
    "webhook_endpoint.kinds": "'ticket.filed ticket.closed'",
    "webhook_posting.kind": "'ticket.closed'",
    "event_log.kind": "'ticket.closed'",
}
"""Values that a closed list allows."""

_ONE: Final[Mapping[str, str]] = {
    "event": ' WHERE "offset" = 3',
    "event_log": " WHERE seq = 1",
    "data_key": f" WHERE conversation_id = x'{furnished.HOME.hex()}'",
    "audit": " WHERE id = (SELECT min(id) FROM audit WHERE seq IS NULL)",
}
"""Of tables with several rows, which one is changed."""


@cache
def _made() -> bytes:
    """Return the file of a furnished database."""

    async def make(url: str) -> None:
        async with SqlStore(url, desk.RING, MovableClock(NOW)) as store:
            await furnished.furnish(store)

    with TemporaryDirectory() as folder:
        file = Path(folder) / "desk.db"
        upgrade(f"sqlite:///{file}")
        asyncio.run(make(f"sqlite:///{file}"))
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return file.read_bytes()


@pytest.fixture
def made(path: Path) -> Path:
    prepare_file(path)
    path.write_bytes(_made())
    return path


def _store(path: Path) -> SqlStore:
    return SqlStore(f"sqlite:///{path}", desk.RING, MovableClock(NOW))


def _sql(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as hand, hand:
        for statement in statements:
            assert hand.execute(statement).rowcount > 0, statement


def _rows(path: Path, table: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as hand:
        return hand.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names


def _put_back(path: Path, table: str, rows: list[tuple[Any, ...]]) -> None:
    with closing(sqlite3.connect(path)) as hand, hand:
        hand.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        marks = ", ".join("?" * len(rows[0]))
        hand.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 - as above


async def _faults(store: SqlStore) -> list[RowFault]:
    return [fault async for page in store.integrity.verify() for fault in page.faults]


def _decides() -> list[str]:
    return [
        f"{table.name}.{column.name}"
        for table in tables.metadata.sorted_tables
        if table.name not in EXCUSED_TABLES
        for column in table.columns
        if column.name not in EXCUSED.get(table.name, {})
    ]


def _other(column: sa.Column[Any]) -> str:
    """Return SQL for another value of a column."""
    name = f'"{column.name}"'
    known = _OTHER.get(f"{column.table.name}.{column.name}")
    if known is not None:
        return known
    if isinstance(column.type, sa.Boolean):
        return f"NOT {name}"
    if isinstance(column.type, sa.LargeBinary):
        # As long as an id or a hash, so that nothing but the keys can tell.
        size = column.type.length or 16
        return f"CASE WHEN {name} = zeroblob({size}) THEN x'01' ELSE zeroblob({size}) END"
    if isinstance(column.type, sa.Text):
        return f"coalesce({name}, '') || '1'"
    return f"coalesce({name}, 0) + 1"


async def _entered(store: SqlStore) -> bool:
    """Look at a code under its lock, as an entry does."""

    def decide(rows: WorkingSet) -> Changes:
        return Changes(answer=bool(rows.challenges))

    done = await store.writer.submit(
        Job("enter", Locks(furnished.HOME, challenges=(furnished.TARGET,)), decide)
    )
    return bool(done.changes and done.changes.answer)


async def _shown(store: SqlStore) -> bool:
    events = await store.reader.events(furnished.HOME, after=0, limit=9)
    return [one.kind for one in events] == [EventKind.TEXT] * 3


async def _counted(store: SqlStore) -> int:
    return (await store.access.count_attempt(furnished.COUNTED, NOW)).failed


async def _claimed(store: SqlStore) -> object:
    return await store.webhook_queue.claim(NOW, lease=MINUTE, at_once=9, busy={})


async def _first_event(store: SqlStore) -> object:
    page = await store.event_log.page(await store.event_log.start(None), None, 1)
    return [event for event in page.events if event.number == 1]


async def _revoked(store: SqlStore) -> bool:
    return any([page async for page in store.revocations.since(NOW - MINUTE)])


async def _sealed_all(store: SqlStore) -> bool:
    await store.trail.seal()
    return (await store.trail.state()).waiting == 0


async def _logged(store: SqlStore) -> object:
    return (await store.receipt_log.check()).logs


ACTS: Final[Mapping[str, Act]] = {
    "conversation": lambda s: s.reader.conversation(furnished.HOME),
    "event": _shown,
    "conversation_key": lambda s: s.reader.conversation_by_key(desk.key()),
    "data_key": lambda s: s.reader.conversation(furnished.HOME),
    "ticket": lambda s: s.reader.ticket(desk.ticket_id()),
    "ticket_number": lambda s: s.reader.ticket_by_number("PD-1"),
    "ticket_person": lambda s: s.reader.tickets_of(furnished.PERSON, only_open=True),
    "ticket_log": lambda s: s.reader.ticket_log(desk.ticket_id()),
    "challenge": _entered,
    "outbox": lambda s: s.claims.deliveries(NOW, lease=MINUTE, places=dict.fromkeys(Pool, 9)),
    "evidence": lambda s: s.reader.evidence(desk.evidence_id()),
    "attachment": lambda s: s.reader.attachment(furnished.PICTURE),
    "text_module": lambda s: s.text_module_store.all(),
    "policy_text": lambda s: s.policy_text_store.all("privacy"),
    "saved_setting": lambda s: s.saved_setting_store.current(),
    "saved_view": lambda s: s.saved_view_store.all(),
    "incident": lambda s: s.incidents.all(),
    "receipt": lambda s: s.receipt_log.receipt(furnished.CLOSED),
    "receipt_log": _logged,
    "package_part": lambda s: s.package_files.part(furnished.PACKAGE, 1),
    "agent": lambda s: s.access.session_by_cookie(furnished.COOKIE),
    "agent_credential": lambda s: s.access.credential("mei"),
    "agent_session": lambda s: s.access.session_by_cookie(furnished.COOKIE),
    "agent_attempt": _counted,
    "access_log": lambda s: s.access.entries(agent=None, limit=9),
    "webhook_endpoint": _claimed,
    "webhook_posting": _claimed,
    "event_log": _first_event,
    "audit": _sealed_all,
    "api_token": lambda s: s.api_token_store.bearer(furnished.BEARER),
    "app_token_revocation": _revoked,
    "ticketing_link": lambda s: s.ticketing_link_store.link("crm", desk.ticket_id()),
}
"""By table: what a row of it allows; nothing comes of it where the row is refused."""


async def _came_of(act: Act, store: SqlStore) -> object:
    try:
        return await act(store)
    except DeskError:
        return None


def test_each_table_and_column_decides_or_is_excused() -> None:
    named = {f"{table}.{column}" for table, columns in EXCUSED.items() for column in columns}
    known = {f"{t.name}.{c.name}" for t in tables.metadata.sorted_tables for c in t.columns}
    assert named <= known
    assert {one.partition(".")[0] for one in _decides()} == set(ACTS)


@pytest.mark.parametrize("table", ACTS)
async def test_what_a_row_allows_is_allowed_while_nobody_changes_it(made: Path, table: str) -> None:
    async with _store(made) as store:
        assert await ACTS[table](store)
        assert await _faults(store) == []


@pytest.mark.parametrize("place", _decides())
async def test_a_changed_column_is_refused_and_its_row_named(made: Path, place: str) -> None:
    table, _, name = place.partition(".")
    column = tables.metadata.tables[table].c[name]
    where = _ONE.get(table, "")
    _sql(made, f'UPDATE {table} SET "{name}" = {_other(column)}{where}')  # noqa: S608 - from above
    async with _store(made) as store:
        assert table in {fault.table for fault in await _faults(store)}
        assert place in ONLY_NAMED or not await _came_of(ACTS[table], store)


# -- whole rows --------------------------------------------------------------------------------


async def test_an_older_row_of_a_ticket_is_refused_and_named(made: Path) -> None:
    before = _rows(made, "ticket")
    async with _store(made) as store:
        await furnished.change_ticket(store, holder="mei")
    _put_back(made, "ticket", before)
    named = RowFault("ticket", desk.ticket_id().hex(), "put_back", "PD-1")
    async with _store(made) as store:
        with pytest.raises(DeskError):
            await store.reader.ticket(desk.ticket_id())
        with pytest.raises(FailedJobError):
            await furnished.change_ticket(store, holder="eve")
        assert named in await _faults(store)


async def test_an_older_row_is_named_by_the_log_where_its_number_is_put_back_with_it(
    made: Path,
) -> None:
    before = {table: _rows(made, table) for table in ("ticket", "ticket_number")}
    async with _store(made) as store:
        await furnished.change_ticket(store, holder="mei")
    for table, rows in before.items():
        _put_back(made, table, rows)
    async with _store(made) as store:
        assert [(one.table, one.what) for one in await _faults(store)] == [("ticket", "put_back")]


async def test_all_of_an_older_ticket_is_named_by_the_audit(made: Path) -> None:
    before = {table: _rows(made, table) for table in ("ticket", "ticket_number", "ticket_log")}
    async with _store(made) as store:
        await furnished.change_ticket(store, holder="mei")
    for table, rows in before.items():
        _put_back(made, table, rows)
    async with _store(made) as store:
        named = RowFault("ticket_log", desk.ticket_id().hex(), "put_back")
        assert await _faults(store) == [named]


async def test_an_older_row_is_refused_by_the_process_that_wrote_the_newer(made: Path) -> None:
    """So nobody gets more tries at a code by putting the row of before each try back."""

    def enter(rows: WorkingSet) -> Changes:
        code = rows.challenges[furnished.TARGET]
        return Changes(challenges=(replace(code, attempts_left=code.attempts_left - 1),))

    locks = Locks(furnished.HOME, challenges=(furnished.TARGET,))
    before = _rows(made, "challenge")
    async with _store(made) as store:
        await store.writer.submit(Job("enter-1", locks, enter))
        _put_back(made, "challenge", before)
        with pytest.raises(FailedJobError):
            await store.writer.submit(Job("enter-2", locks, enter))


async def test_a_conversation_that_its_log_has_left_behind_is_refused_and_named(
    made: Path,
) -> None:
    before = _rows(made, "conversation")
    async with _store(made) as store:
        await store.writer.submit(desk.say("later"))
        _put_back(made, "conversation", before)
        with pytest.raises(FailedJobError):
            await store.writer.submit(desk.say("latest"))
    async with _store(made) as store:
        with pytest.raises(DeskError):
            await store.reader.conversation(furnished.HOME)
        named = RowFault("conversation", furnished.HOME.hex(), "put_back")
        assert await _faults(store) == [named]


async def test_a_conversation_put_back_with_its_log_is_refused_by_who_wrote_the_newer(
    made: Path,
) -> None:
    tables = ("conversation", "event")
    before = {table: _rows(made, table) for table in tables}
    async with _store(made) as store:
        await store.writer.submit(desk.say("later"))
        for table in tables:
            _put_back(made, table, before[table])
        with pytest.raises(FailedJobError):
            await store.writer.submit(desk.say("latest"))
        assert [one.table for one in await store.reader.refused_rows()] == ["conversation"]


async def test_who_lost_a_connection_takes_older_rows(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that took over may lack the last commits."""
    locks = Locks(furnished.HOME, challenges=(furnished.TARGET,))

    def enter(rows: WorkingSet) -> Changes:
        code = rows.challenges[furnished.TARGET]
        return Changes(challenges=(replace(code, attempts_left=code.attempts_left - 1),))

    tables = ("challenge", "conversation", "event")
    before = {table: _rows(made, table) for table in tables}
    async with _store(made) as store:
        await store.writer.submit(Job("enter-1", locks, enter))
        await store.writer.submit(desk.say("later"))
        for table in tables:
            _put_back(made, table, before[table])
        monkeypatch.setattr(committer, "_PAUSE", 0)
        lost = desk.losing(iter([True]), committed=False)
        monkeypatch.setattr(committer, "transaction", lost)
        other = Challenge(ChallengeId(b"y" * 32))
        await store.writer.submit(desk.leave(Changes(challenges=(other,)), job_id="lost"))
        await store.writer.submit(Job("enter-2", locks, enter))
        await store.writer.submit(desk.say("latest"))
        assert await store.reader.refused_rows() == ()


@pytest.mark.parametrize("gone", [2, 3])
async def test_an_event_that_was_taken_away_is_missed(made: Path, gone: int) -> None:
    _sql(made, f'DELETE FROM event WHERE "offset" = {gone}')  # noqa: S608 - a number
    async with _store(made) as store:
        assert [one.table for one in await _faults(store)] == ["conversation"]


async def test_a_role_that_was_taken_away_and_put_back_is_named(made: Path) -> None:
    before = {table: _rows(made, table) for table in ("agent", "agent_credential")}
    entry = AccessEntry(AccessEntryId(b"m" * 16), NOW, AccessKind.AGENT_DISABLED, "mei", by="boss")
    async with _store(made) as store:
        await store.access.commit(
            AccessChanges(
                changed_agent=replace(furnished.MEI, active=False),
                previous_agent=furnished.MEI,
                credential=Credential("mei", "argon2-other", NOW, version=2),
                log_entries=(entry,),
            )
        )
        assert await _faults(store) == []
    for table, rows in before.items():
        _put_back(made, table, rows)
    async with _store(made) as store:
        assert {(one.table, one.row, one.what) for one in await _faults(store)} == {
            ("agent", "mei", "put_back"),
            ("agent_credential", "mei", "put_back"),
        }


async def test_a_token_that_was_revoked_and_put_back_is_named(made: Path) -> None:
    before = _rows(made, "api_token")
    async with _store(made) as store:
        told = AuditEntry(NOW, "boss", "token_revoked")
        assert await store.api_token_store.revoke(furnished.TOKEN, NOW, told)
        assert await _faults(store) == []
    _put_back(made, "api_token", before)
    async with _store(made) as store:
        assert await _faults(store) == [RowFault("api_token", furnished.TOKEN.hex(), "put_back")]


async def test_a_row_nobody_wrote_is_refused_and_named(made: Path) -> None:
    _sql(
        made,
        "INSERT INTO agent SELECT 'eve', 'Eve', 'administrator', created_at, active, locale,"
        " teams, version, mac FROM agent WHERE name = 'mei'",
        "INSERT INTO audit SELECT zeroblob(16), at, 'boss', 'approved', NULL, NULL, NULL, '{}',"
        " NULL, NULL, NULL, mac FROM audit WHERE seq IS NULL LIMIT 1",
    )
    async with _store(made) as store:
        assert "eve" not in {one.name for one in await store.reader.agents()}
        await store.trail.seal()
        assert (await store.trail.state()).waiting == 1
        assert {(one.table, one.row) for one in await _faults(store)} == {
            ("agent", "eve"),
            ("audit", "00" * 16),
        }


# -- what else goes on -------------------------------------------------------------------------


async def _lists(store: SqlStore) -> list[list[str]]:
    watch = ViewerContext("mei", NOW, NOW)
    found = (
        await store.reader.list_tickets(limit=1),
        (await store.reader.inbox_tickets(InboxView.OPEN, watch, limit=1)).tickets,
        await store.reader.tickets_in(furnished.HOME),
        await store.cases.received(NOW, NOW + MINUTE, limit=1),
    )
    return [[one.number for one in tickets] for tickets in found]


async def test_a_damaged_ticket_is_left_out_of_lists_and_told_once(made: Path) -> None:
    async with _store(made) as store:
        second = Changes(tickets=(desk.ticket(2, version=1),))
        await store.writer.submit(desk.leave(second, job_id="second"))
    _sql(made, "UPDATE ticket SET body = x'00' WHERE number = 'PD-1'")
    async with _store(made) as store:
        with capture_logs() as logs:
            assert await _lists(store) == [["PD-2"]] * 4
            assert await _lists(store) == [["PD-2"]] * 4
        assert [(one["event"], one["log_level"]) for one in logs] == [("row_refused", "error")]
        assert [one.number for one in await store.reader.refused_rows()] == ["PD-1"]


async def test_a_row_that_was_put_right_is_refused_no_more(made: Path) -> None:
    whole = _rows(made, "ticket")
    _sql(made, "UPDATE ticket SET body = x'00'")
    async with _store(made) as store:
        assert await store.reader.list_tickets(limit=9) == ()
        _put_back(made, "ticket", whole)
        assert len(await store.reader.list_tickets(limit=9)) == 1
        assert await store.reader.refused_rows() == ()


async def test_the_check_goes_on_beside_whoever_writes(made: Path) -> None:
    async with _store(made) as store:
        for n in range(3):
            _, found = await asyncio.gather(
                asyncio.gather(*(store.writer.submit(desk.say(f"{n}-{m}")) for m in range(5))),
                _faults(store),
            )
            assert found == []


async def test_what_was_written_before_a_rotation_of_the_ring_agrees_after_it(made: Path) -> None:
    both = KeyRing("k2", {**desk.RING.keys, "k2": b"2" * 32})
    url, clock = f"sqlite:///{made}", MovableClock(NOW)
    async with SqlStore(url, both, clock) as store:
        while await store.key_wrapping.rewrap("k1", limit=100):
            pass
    async with SqlStore(url, KeyRing("k2", {"k2": b"2" * 32}), clock) as store:
        assert await _faults(store) == []
        assert await store.reader.agents()


async def test_what_a_job_was_refused_is_known_as_well(made: Path) -> None:
    _sql(made, "UPDATE ticket SET holder = 'eve'")
    async with _store(made) as store:
        with pytest.raises(FailedJobError):
            await furnished.change_ticket(store, holder="eve")
        assert [one.table for one in await store.reader.refused_rows()] == ["ticket"]
