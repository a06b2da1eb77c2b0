"""Settings of the desk in its database: all processes go by the same ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.common.databases import address_in, make_database
from tests.common.policies import embedder
from tests.common.stories import PROFILE, World, enter, open_world, steps
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Done,
    _own_process,
    run_here,
    write_settings,
)

from privacydesk.calendars import OverrideDay, Overrides, store_overrides
from privacydesk.domain.shifts import Shift
from privacydesk.encoder.embedding import E5Embedder, Vector
from privacydesk.errors import NotAllowedNowError, UnavailableError
from privacydesk.policy.importer import read_policy
from privacydesk.policy.library import FilePolicyLibrary
from privacydesk.policy.tree import PolicyVersion
from privacydesk.storage.store import SqlStore

EVENING = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
STORM = Overrides("CN", {date(2026, 12, 1): OverrideDay(False, "storm")})
OFFICE_DAY = Overrides("CN", {date(2026, 12, 2): OverrideDay(False, "office day")})


def due(world: World) -> date:
    (clock,) = world.services.deadlines.start_clocks(EVENING, EVENING)
    return clock.due_date


async def command(folder: Path, *arguments: str) -> Done:
    return await asyncio.to_thread(run_here, *arguments, "--data-dir", str(folder))


def schedule(folder: Path, text: str) -> str:
    path = folder / "days.csv"
    path.write_text(f"date,day,reason\n{text}\n", "utf-8")
    return str(path)


async def test_processes_with_different_folders_count_the_same_date(
    tmp_path: Path,
    database: str,
) -> None:
    first, other = tmp_path / "first", tmp_path / "other"
    store_overrides(STORM, first)
    store_overrides(OFFICE_DAY, other)
    with capture_logs() as logged:
        async with open_world(first) as one, open_world(other) as two:
            assert due(one) == due(two) == date(2026, 12, 9)
            # What only the other folder has is imported, beside both processes.
            write_settings(other)
            days = schedule(tmp_path, "2026-12-02,off,office day")
            done = await command(other, "calendar", "import", days, "--calendar", "CN")
            assert done.code == 0, done.err
            assert due(one) == due(two) == date(2026, 12, 9)
            for world in (one, two):
                await world.services.saved_settings.refresh()
            assert due(one) == due(two) == date(2026, 12, 10)
    ignored = [entry for entry in logged if entry["event"] == "calendar_file_ignored"]
    assert len(ignored) == 1, f"of the folder that came second to {database}"


async def test_hours_saved_in_one_process_are_told_to_users_of_another(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        saved = world.services.saved_settings
        await saved.save_hours(
            [Shift(time(9), time(12), weekdays=frozenset({2, 4}))], by="xiao-chen", seen=0
        )
        player = await enter(world, "lin", "en")
        await steps(player, {"say": "What are your opening hours?"})
        assert player.events[-1].key == "desk.hours"
        assert "Tuesday and Thursday, from 09:00 to 12:00" in player.events[-1].text
    async with open_world(tmp_path) as again:
        assert [shift.opens for shift in again.services.attendance.hours.shifts] == [time(9)]


@pytest.mark.sqlite("its file is not there at first")
async def test_an_import_goes_to_the_database_once_there_is_one(tmp_path: Path) -> None:
    write_settings(tmp_path)
    days = schedule(tmp_path, "2026-12-01,off,storm")
    arguments = ("calendar", "import", days, "--calendar", "CN")
    in_file = await command(tmp_path, *arguments)
    assert (tmp_path / "calendars" / "CN.yaml").is_file()
    make_database(address_in(tmp_path))
    assert (await listed(tmp_path)) == ["2026-12-01"], "until it is taken over"
    (tmp_path / "more.csv").write_text("date,day,reason\n2026-12-02,off,x\n", "utf-8")
    more = ("calendar", "import", str(tmp_path / "more.csv"), "--calendar", "CN")
    in_database = await command(tmp_path, *more)
    assert (in_file.code, in_database.code) == (0, 0), in_database.err
    assert in_file.out.startswith("Calendar CN: days overridden: 1.\n")
    assert in_database.out.startswith("Calendar CN: days overridden: 2.\n")
    assert (await listed(tmp_path)) == ["2026-12-01", "2026-12-02"]
    assert "2026-12-02" not in (tmp_path / "calendars" / "CN.yaml").read_text("utf-8")
    counted = await command(tmp_path, "deadline", "--verified-at", "2026-11-27T20:00", "--json")
    assert json.loads(counted.out)["due_date"] == "2026-12-10"
    audited = await command(tmp_path, "audit", "list", "--json")
    assert audited.out.count("setting_saved") == 2


async def listed(folder: Path) -> list[str]:
    done = await command(folder, "calendar", "show", "--year", "2026", "--json")
    assert done.code == 0, done.err
    off = json.loads(done.out)["off"]
    return [day["date"] for day in off if day["reason"] == "override_off"]


# -- the policy ------------------------------------------------------------------------------------

CITING = {**PROFILE, "policy": "lane"}
FIRST = "# Privacy policy\n\n## Article 1 Data\n\nWe keep your posts.\n"
SECOND = f"{FIRST}\n## Article 2 Rights\n\nYou may object.\n"


def version(text: str, *, days: int = 0) -> PolicyVersion:
    return read_policy(text, name="lane").version(EVENING + timedelta(days=days))


def cited(world: World) -> str:
    in_force = world.services.policy.version
    assert in_force is not None
    return in_force.source


async def follow(*worlds: World) -> None:
    """Have each process look as often as it takes to go by what is in force."""
    for world in worlds:
        await world.services.saved_settings.refresh()
        await world.services.policies.mirror()
        for _ in range(3):
            await world.services.policy.refresh()


async def test_processes_with_different_folders_cite_the_same_policy(
    tmp_path: Path,
    database: str,
) -> None:
    del database
    first, other = tmp_path / "first", tmp_path / "other"
    FilePolicyLibrary(first).save(version(FIRST))
    FilePolicyLibrary(other).save(version(SECOND))
    async with open_world(first, CITING) as one, open_world(other, CITING) as two:
        assert cited(one) == cited(two) == FIRST
        await two.services.policies.import_version(
            version(SECOND), by="xiao-chen", embedder=embedder()
        )
        await follow(one, two)
        assert cited(one) == cited(two) == SECOND
        assert one.services.turns._understanding is not two.services.turns._understanding
        for world in (one, two):
            assert await world.services.turns._understanding.answer("What may I do?", b"me")
        vectors = [FilePolicyLibrary(folder).vectors(version(SECOND)) for folder in (first, other)]
        assert vectors[0] == vectors[1] is not None
    async with open_world(tmp_path / "third", CITING) as three:
        assert cited(three) == SECOND


async def test_a_file_put_into_the_folder_of_a_running_desk_is_not_taken(tmp_path: Path) -> None:
    FilePolicyLibrary(tmp_path).save(version(FIRST))
    async with open_world(tmp_path, CITING) as world:
        FilePolicyLibrary(tmp_path).save(version(SECOND))
        await follow(world)
        assert cited(world) == FIRST


class Stopping(E5Embedder):
    """Computes some vectors, and fails then."""

    def __init__(self, left: int) -> None:
        super().__init__()
        self.left = left

    def embed_passages(self, texts: Sequence[str]) -> Vector:
        if not self.left:
            raise UnavailableError("stopped")
        self.left -= 1
        return embedder().embed_passages(texts)


async def test_an_interrupted_import_goes_on_where_it_was(tmp_path: Path) -> None:
    many = FIRST + "".join(f"\n## Article {n} Rule\n\nRule {n}.\n" for n in range(2, 80))
    async with open_world(tmp_path, CITING) as world:
        importing = world.services.policies.import_version
        with pytest.raises(UnavailableError):
            await importing(version(many), by="command", embedder=Stopping(70))
        assert world.services.policy.version is None
        rest = Stopping(1_000)
        assert await importing(version(many), by="command", embedder=rest)
        store = world.services.store.policy_text_store
        (text,) = await store.all("lane")
        assert text.is_ready
        assert 1_000 - rest.left == text.passages - 50, "fifty are kept at a time"


async def test_commands_read_and_write_policies_in_the_database(tmp_path: Path) -> None:
    write_settings(tmp_path)
    FilePolicyLibrary(tmp_path).save(version(FIRST))
    make_database(address_in(tmp_path))
    shown = await command(tmp_path, "policy", "show", "--name", "lane")
    assert "Rights" not in shown.out
    file = tmp_path / "new.md"
    file.write_text(SECOND, "utf-8")
    done = await command(tmp_path, "policy", "import", str(file), "--name", "lane")
    assert done.code == 0, done.err
    assert "Kept as the newest version." in done.out
    again = await command(tmp_path, "policy", "import", str(file), "--name", "lane")
    assert "Unchanged" in again.out
    shown = await command(tmp_path, "policy", "show", "--name", "lane")
    assert "Rights" in shown.out
    changes = await command(tmp_path, "policy", "changes", "lane")
    assert changes.out.startswith("lane: from version 1 to 2: "), changes.err
    asked = await command(tmp_path, "policy", "ask", "What may I object to?")
    assert asked.code == 0, asked.err


async def test_an_upload_is_prepared_by_one_process_at_a_time_and_after_a_restart(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path, CITING) as world:
        uploads = world.services.policy_uploads
        added = await uploads.upload(FIRST.encode(), "lane", by="xiao-chen")
        now = world.clock.now()
        until = now + timedelta(minutes=10)
        assert isinstance(world.services.store, SqlStore)
        assert await world.services.store.periodic_tasks.claim(
            "policy_preparing", now, until=until, latest=until
        )
        await uploads.prepare_next()
        (text,) = await world.services.policies.texts("lane")
        assert not text.is_ready, "another process is at it"
        with pytest.raises(NotAllowedNowError):
            await world.services.policies.put_in_force("lane", added.digest, by="x", seen=0)
    async with open_world(tmp_path, CITING, start=until + timedelta(minutes=1)) as again:
        assert again.services.policy.version is None
        await again.services.policy_uploads.prepare_next()
        await again.services.policies.put_in_force("lane", added.digest, by="x", seen=0)
        await follow(again)
        assert cited(again) == FIRST
        assert FilePolicyLibrary(tmp_path).vectors(added)
