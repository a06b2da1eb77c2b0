"""``db backup`` beside a desk that is open, and ``db restored`` after a copy was put back."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.common.stories import PROFILE, Player, World, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Done,
    _own_process,
    run_here,
    write_settings,
)

from privacydesk.storage.serving_lock import serving_lock

pytestmark = pytest.mark.sqlite("PostgreSQL has tools of its own for copies")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    write_settings(tmp_path)
    async with open_world(tmp_path, PROFILE) as made:
        yield made


async def talk(world: World, *words: str) -> Player:
    player = Player(world, world.people["lin-xiaoyu"], "en")
    await player.start()
    for said in words:
        await player.step({"user": said})
    return player


async def db(folder: Path, *arguments: str) -> Done:
    return await asyncio.to_thread(run_here, "db", *arguments, "--data-dir", str(folder))


async def test_a_backup_is_whole_and_its_owners_alone(tmp_path: Path, world: World) -> None:
    await talk(world, "hello", "menu")
    copy = tmp_path / "copy.db"
    done = await db(tmp_path, "backup", str(copy))
    assert done.code == 0, done.err
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (kept,) = database.execute("SELECT count(*) FROM event").fetchone()
    # What lies in the journal alone is in the copy, too.
    with closing(sqlite3.connect(tmp_path / "privacydesk.db")) as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (kept,)
    assert kept > 4


async def test_a_backup_writes_over_nothing(tmp_path: Path, world: World) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine", "utf-8")
    done = await db(tmp_path, "backup", str(copy))
    assert done.code == 1
    assert "exists already" in done.err
    assert copy.read_text("utf-8") == "mine"


async def test_clients_drop_what_a_restored_database_lacks(tmp_path: Path) -> None:
    write_settings(tmp_path)
    copy = tmp_path / "copy.db"
    async with open_world(tmp_path, PROFILE) as world:
        player = await talk(world, "hello")
        assert player.session is not None
        before = player.session
        assert (await db(tmp_path, "backup", str(copy))).code == 0
        await player.step({"user": "menu"})
    for name in ("privacydesk.db-wal", "privacydesk.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy(copy, tmp_path / "privacydesk.db")
    done = await db(tmp_path, "restored")
    assert done.code == 0, done.err
    assert done.out.startswith("Conversations with a new epoch: 1.")
    async with open_world(tmp_path, PROFILE) as world:
        again = await talk(world)
        assert again.session is not None
        assert again.session.conversation == before.conversation
        assert again.session.epoch != before.epoch
        assert [event.text for event in again.events if event.job_id][-1] == "hello"
        await world.services.maintenance.sealer.seal_pending()
        recorded = await world.services.maintenance.trail.entries(what="database_restored")
        assert [one.entry.by for one in recorded] == ["operator"]


async def test_nothing_is_renewed_under_a_desk_that_serves(tmp_path: Path, world: World) -> None:
    with serving_lock(f"sqlite:///{tmp_path / 'privacydesk.db'}"):
        done = await db(tmp_path, "restored")
    assert done.code == 1
    assert "already served" in done.err
