"""When what SQLite's journal holds is copied into the file, and by whom."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from tests.integration.storage import desk

from privacydesk.clock import MovableClock
from privacydesk.storage.store import SqlStore

MIB = 1024 * 1024


def _size(path: Path) -> int:
    return path.stat().st_size


def _files(path: Path) -> list[str]:
    """Return the names of the files in the database's folder."""
    return sorted(file.name for file in path.parent.iterdir())


async def _write(store: SqlStore, mebibytes: int) -> None:
    """Commit so much, a mebibyte at a time."""

    def write(connection: sa.Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS filler (body BLOB NOT NULL)")
        connection.exec_driver_sql("INSERT INTO filler VALUES (zeroblob(?))", (MIB,))

    for _ in range(mebibytes):
        await store.writer.run(write)


async def test_a_commit_copies_the_journal_once_it_holds_enough(
    path: Path, store: SqlStore
) -> None:
    before = _size(path)
    await _write(store, 2)
    assert _size(path) == before
    await _write(store, 6)
    assert _size(path) > 3 * MIB


async def test_whoever_writes_beside_serve_leaves_the_journal_to_it(
    path: Path, url: str, store: SqlStore, clock: MovableClock
) -> None:
    before = _size(path)
    async with SqlStore(url, desk.RING, clock, beside_serve=True) as beside:
        await _write(beside, 20)
        assert _size(path) == before
        # What was written there is seen here, and the next commit here takes care of it.
        await _write(store, 1)
    assert _size(path) > 20 * MIB


async def test_a_command_by_itself_leaves_everything_in_the_file(
    path: Path, url: str, clock: MovableClock
) -> None:
    async with SqlStore(url, desk.RING, clock, beside_serve=True) as alone:
        await _write(alone, 20)
    assert _size(path) > 20 * MIB
    assert _files(path) == [path.name]
