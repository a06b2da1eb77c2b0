"""A database that an earlier version filled, brought to rows that are bound to the keys.

``tests/data/desk-0004.db.gz`` was made by that version: what ``furnished.furnish`` puts into it,
and a second conversation whose first event was purged.
"""

from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.integration.storage import desk, furnished
from tests.integration.storage.test_tampering import ACTS

from privacydesk import migrations
from privacydesk.clock import MovableClock
from privacydesk.domain.events import EventKind
from privacydesk.errors import SettingsError
from privacydesk.storage import schema
from privacydesk.storage.engines import prepare_file
from privacydesk.storage.rows.binding import ROWS_KEY
from privacydesk.storage.sealing import KeyRing
from privacydesk.storage.store import SqlStore

_LATER = frozenset({"app_token_revocation"})
"""Tables that are made when their rows are bound already: that version had none."""
_BEFORE = "0005"
"""The schema before rows were bound."""
_MADE = Path(__file__).parents[2] / "data" / "desk-0004.db.gz"


@pytest.fixture
def old(path: Path) -> str:
    prepare_file(path)
    path.write_bytes(gzip.decompress(_MADE.read_bytes()))
    return f"sqlite:///{path}"


def _version(path: Path) -> str:
    with closing(sqlite3.connect(path)) as hand:
        return str(hand.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def _unbind(path: Path) -> None:
    """Make the database look as if it had not been upgraded, as far as that goes without keys."""
    with closing(sqlite3.connect(path)) as hand, hand:
        names = hand.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        added = {("ticket_number", "version"), ("ticket_log", "ticket_version")}
        added |= {("agent", "version"), ("audit", "anchors")}
        for (table,) in names:
            columns = {row[1] for row in hand.execute(f"PRAGMA table_info({table})")}
            for column in columns:
                if column == "mac" or (table, column) in added:
                    hand.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        hand.execute("UPDATE alembic_version SET version_num = ?", (_BEFORE,))


async def test_every_row_is_bound_and_reads_as_before(old: str) -> None:
    told: list[tuple[str, int, int]] = []
    schema.upgrade(old, desk.RING, lambda *seen: told.append(seen))
    assert ("event", 6, 6) in told
    async with SqlStore(old, desk.RING, MovableClock(desk.NOW)) as store:
        assert [fault async for page in store.integrity.verify() for fault in page.faults] == []
        there = (act for table, act in ACTS.items() if table not in _LATER)
        for act in dict.fromkeys(there):
            assert await act(store)
        events = await store.reader.events(desk.conversation_id(2), after=0, limit=9)
        kinds = [EventKind.BLANK, EventKind.TEXT, EventKind.BLANK]
        assert [one.kind for one in events] == kinds
        ticket = await store.reader.ticket(desk.ticket_id())
        assert ticket == furnished.filed()
        assert (await store.trail.check()).fault is None


def test_without_the_keys_nothing_is_changed(old: str, path: Path) -> None:
    for ring, told in ((None, "ring keys"), (KeyRing("k1", {"k1": b"2" * 32}), "opens none")):
        with pytest.raises(SettingsError, match=told):
            schema.upgrade(old, ring)
        assert _version(path) == _BEFORE
    schema.upgrade(old, desk.RING)
    assert _version(path) == migrations.HEAD


@pytest.mark.parametrize("key_too", [False, True], ids=["the columns", "the key, too"])
def test_a_database_that_was_bound_is_not_bound_again(
    old: str, path: Path, *, key_too: bool
) -> None:
    """Else a role that was changed by hand would be taken for what the desk wrote."""
    schema.upgrade(old, desk.RING)
    _unbind(path)
    with closing(sqlite3.connect(path)) as hand, hand:
        hand.execute("UPDATE agent SET role = 'administrator'")
        if key_too:
            hand.execute("DELETE FROM data_key WHERE conversation_id = ?", (ROWS_KEY,))
    with pytest.raises(SettingsError, match="bound to the keys before"):
        schema.upgrade(old, desk.RING)
    assert _version(path) == _BEFORE
