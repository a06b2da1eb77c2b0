"""What only PostgreSQL has: processes side by side, moving there, and restoring its own dumps."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from tests.common import postgresql
from tests.common.console_client import open_office
from tests.common.dispatching import dispatcher_of
from tests.common.stories import PROFILE, enter, open_world, steps
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    _own_process,
    write_settings,
)
from tests.functional.test_db_copies import db
from tests.integration.api.test_intake import file_at_once

from privacydesk.app import ExternalServices, open_services
from privacydesk.domain.duty import DutyState
from privacydesk.profile import parse_profile
from privacydesk.storage.serving_lock import serving_lock

FROM_A_FILE = pytest.mark.sqlite("it moves from a file")


async def test_two_processes_give_each_conversation_once(tmp_path: Path, database: str) -> None:
    del database
    async with open_world(tmp_path, PROFILE) as world:
        players = [
            await steps(await enter(world, name, "en"), {"choose": "desk:human"})
            for name in ("lin", "chen", "alice", "wu", "liu")
        ]
        for name in ("mei", "lao-zhou"):
            world.services.attendance.connect(name)
            await world.services.attendance.set_availability(name, DutyState.AVAILABLE)
        profile = parse_profile(dict(PROFILE), "p")
        outside = ExternalServices(world.accounts, world.codes)
        async with open_services(
            world.services.settings, outside, profile=profile, clock=world.clock
        ) as other:
            for _ in range(3):
                await asyncio.gather(
                    *(dispatcher_of(one).run_round() for one in (world.services, other))
                )
        joined = []
        for player in players:
            await player.pull()
            joined.append(sum(event.key == "owner.agent_joined" for event in player.events))
        assert joined == [1] * len(players)
        assert sum((await world.services.attendance.board()).conversations.values()) == len(players)


async def test_requests_that_programs_repeat_at_the_same_time_are_filed_once(
    tmp_path: Path, database: str
) -> None:
    del database
    async with open_office(tmp_path) as office:
        await file_at_once(office)


@FROM_A_FILE
async def test_a_desk_moves_from_its_file_and_goes_on(
    tmp_path: Path, postgresql_server: postgresql.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = postgresql_server.database(migrated=False)
    write_settings(tmp_path)
    async with open_world(tmp_path, PROFILE) as world:
        before = await steps(await enter(world, "lin", "en"), {"user": "hello"})
        with serving_lock(f"sqlite:///{tmp_path / 'privacydesk.db'}"):
            served = await db(tmp_path, "copy", target)
        assert served.code != 0
        assert "already served" in served.err
    counted = await db(tmp_path, "copy", target, "--dry-run")
    assert counted.code == 0, counted.err
    assert "Both databases can be used" in counted.out
    done = await db(tmp_path, "copy", target)
    assert done.code == 0, done.err
    assert "were copied and compared" in done.out
    again = await db(tmp_path, "copy", target)
    assert again.code != 0
    assert "has rows already" in again.err
    monkeypatch.setenv("PRIVACYDESK_DATABASE_URL", target)
    (tmp_path / "privacydesk.db").unlink()
    async with open_world(tmp_path, PROFILE) as world:
        after = await enter(world, "lin", "en")
        assert before.session is not None
        assert after.session is not None
        assert after.session.conversation == before.session.conversation
        assert after.session.epoch == before.session.epoch
        await steps(after, {"user": "menu"})
        assert [event.text for event in after.events if event.job_id][-2:] == ["hello", "menu"]
    postgresql_server.drop(target)


async def test_a_desk_goes_on_after_a_dump_of_its_database_was_restored(
    tmp_path: Path,
    database: str,
    postgresql_server: postgresql.Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    programs, dump = postgresql.binaries(), tmp_path / "desk.dump"
    if programs is None or not (programs / "pg_dump").exists():
        pytest.skip("this PostgreSQL comes without pg_dump")

    async def run(program: str, *arguments: str | Path) -> None:
        command = [programs / program, *arguments]
        await asyncio.to_thread(subprocess.run, command, check=True)

    write_settings(tmp_path)
    async with open_world(tmp_path, PROFILE) as world:
        before = await steps(await enter(world, "lin", "en"), {"user": "hello"})
        await run("pg_dump", "--format=custom", f"--dbname={database}", f"--file={dump}")
        await steps(before, {"user": "menu"})
    target = postgresql_server.database(migrated=False)
    await run("pg_restore", "--exit-on-error", f"--dbname={target}", dump)
    monkeypatch.setenv("PRIVACYDESK_DATABASE_URL", target)
    done = await db(tmp_path, "restored")
    assert done.code == 0, done.err
    assert done.out.startswith("Conversations with a new epoch: 1.")
    checked = await db(tmp_path, "check")
    assert checked.code == 0, checked.out
    async with open_world(tmp_path, PROFILE) as world:
        after = await enter(world, "lin", "en")
        assert before.session is not None
        assert after.session is not None
        assert after.session.conversation == before.session.conversation
        assert after.session.epoch != before.session.epoch
        # What was said after the dump is gone.
        assert [event.text for event in after.events if event.job_id][-1] == "hello"
        await steps(
            after, {"user": "menu"}, {"choose": "access"}, {"code": "right"}, {"choose": "all"}
        )
        (ticket,) = await after.tickets()
        assert ticket.conversation_id == after.session.conversation
    postgresql_server.drop(target)
