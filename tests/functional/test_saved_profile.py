"""The operator profile in the database: all processes go by the same version."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from structlog.testing import capture_logs
from tests.common.databases import address_in
from tests.common.kill_server import KillableServer, environment, open_outside
from tests.common.stories import PROFILE, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Done,
    _own_process,
    run_here,
    write_settings,
)
from tests.functional.test_outages import Talker

from privacydesk.app import choose_profile
from privacydesk.errors import SettingsError
from privacydesk.profile import dump_profile, parse_profile
from privacydesk.settings import load_settings

ALONE = pytest.mark.sqlite("on PostgreSQL no desk is alone, so no changed file is taken")

SECOND = {**PROFILE, "waits_for_verification_days": 9}
THIRD = {**PROFILE, "waits_for_verification_days": 11}


async def command(folder: Path, *arguments: str) -> Done:
    return await asyncio.to_thread(run_here, *arguments, "--data-dir", str(folder))


async def fine(folder: Path, *arguments: str) -> str:
    done = await command(folder, *arguments)
    assert done.code == 0, done.err
    return done.out


def written(folder: Path, profile: Mapping[str, object], name: str = "profile.yaml") -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(dict(profile)), "utf-8")
    return str(path)


def chosen(folder: Path, *, beside_serve: bool = False) -> int:
    """Return what tells the profiles apart, of the one that a process here goes by."""
    settings = load_settings(folder / "privacydesk.toml", data_dir=folder)
    return choose_profile(settings, beside_serve=beside_serve).waits_for_verification_days


# -- versions --------------------------------------------------------------------------------------


async def test_commands_put_versions_in_force_beside_a_desk(tmp_path: Path) -> None:
    write_settings(tmp_path)
    async with open_world(tmp_path) as world:
        told = world.services.saved_profile
        second = written(tmp_path, SECOND, "second.yaml")
        assert "Version 2" in await fine(tmp_path, "profile", "import", second)
        assert "already, as version 2" in await fine(tmp_path, "profile", "import", second)
        assert not told.superseded.is_set()
        await world.services.saved_settings.refresh()
        assert told.superseded.is_set()
        assert told.newest.waits_for_verification_days == 9
    shown = yaml.safe_load(await fine(tmp_path, "profile", "show"))
    assert parse_profile(shown, "shown") == parse_profile(SECOND, "second")
    assert "Version 3" in await fine(tmp_path, "profile", "restore", "1")
    first = yaml.safe_load(await fine(tmp_path, "profile", "show", "--version", "3"))
    assert parse_profile(first, "shown") == parse_profile(dict(PROFILE), "first")
    versions = json.loads(await fine(tmp_path, "profile", "history", "--json"))
    assert [(one["version"], one["by"], one["restored"]) for one in versions] == [
        (3, "command", 1), (2, "command", None), (1, "operator", None),
    ]  # fmt: skip
    audited = await fine(tmp_path, "audit", "list", "--json")
    assert audited.count("setting_saved") == 3
    assert (await command(tmp_path, "audit", "verify")).code == 0


@pytest.mark.parametrize(
    ("key", "value", "fault"),
    [("retention", 3, "retention"), ("clauses", {"minors": {"anchor": "a"}}, "minors.article")],
)
async def test_a_profile_that_is_wrong_is_not_put_in_force(
    tmp_path: Path, key: str, value: object, fault: str
) -> None:
    write_settings(tmp_path)
    async with open_world(tmp_path):
        wrong = written(tmp_path, {**PROFILE, key: value}, "wrong.yaml")
        done = await command(tmp_path, "profile", "import", wrong)
        assert done.code == 2
        assert fault in done.err
        assert "line" in done.err
        assert len(json.loads(await fine(tmp_path, "profile", "history", "--json"))) == 1


async def test_what_a_profile_lacks_is_told_when_it_is_put_in_force(tmp_path: Path) -> None:
    write_settings(tmp_path)
    async with open_world(tmp_path):
        lacking = written(tmp_path, {**PROFILE, "clauses": {"contact": {"article": "9"}}}, "x.yaml")
        done = await command(tmp_path, "profile", "import", lacking)
        assert done.code == 0
        told = next(line for line in done.err.splitlines() if "no_clauses" in line)
        assert "complaint" in told
        assert "contact" not in told


# -- files -----------------------------------------------------------------------------------------


@ALONE
async def test_a_desk_alone_takes_its_changed_file(tmp_path: Path) -> None:
    write_settings(tmp_path)
    for profile in (PROFILE, SECOND, SECOND, PROFILE):
        written(tmp_path, profile)
        assert chosen(tmp_path) == profile.get("waits_for_verification_days", 15)
        async with open_world(tmp_path, profile):
            pass
    versions = json.loads(await fine(tmp_path, "profile", "history", "--json"))
    assert [one["by"] for one in versions] == ["operator"] * 3


async def test_a_file_that_is_an_earlier_version_gives_way(tmp_path: Path) -> None:
    write_settings(tmp_path)
    async with open_world(tmp_path) as world:
        second = dump_profile(parse_profile(SECOND, "second"))
        await world.services.saved_settings.save_profile(second, by="command", seen=1)
    with capture_logs() as logged:
        assert chosen(tmp_path) == 9
    assert [one["event"] for one in logged] == ["profile_file_outdated"]
    assert chosen(tmp_path, beside_serve=True) == 9
    checked = await command(tmp_path, "db", "check")
    assert checked.code == 0, checked.out


async def test_a_file_that_nobody_put_in_force_is_refused(tmp_path: Path) -> None:
    write_settings(tmp_path)
    async with open_world(tmp_path):
        await fine(tmp_path, "profile", "import", written(tmp_path, SECOND, "second.yaml"))
    third = written(tmp_path, THIRD)
    with pytest.raises(SettingsError, match=r"version 2 .* `privacydesk profile import FILE`"):
        chosen(tmp_path)
    if not address_in(tmp_path).startswith("sqlite"):
        assert "differs from version 2" in (await command(tmp_path, "tickets", "list")).err
        assert "differs from version 2" in (await command(tmp_path, "db", "check")).out
    await fine(tmp_path, "profile", "import", third)
    assert chosen(tmp_path) == 11
    await fine(tmp_path, "tickets", "list")


async def test_a_desk_needs_no_file_once_the_database_has_the_profile(tmp_path: Path) -> None:
    write_settings(tmp_path)
    async with open_world(tmp_path, SECOND):
        pass
    settings = (tmp_path / "privacydesk.toml").read_text("utf-8").splitlines()
    (tmp_path / "privacydesk.toml").write_text("\n".join(settings[1:]), "utf-8")
    (tmp_path / "profile.yaml").unlink()
    assert chosen(tmp_path) == 9
    await fine(tmp_path, "tickets", "list")


async def test_processes_with_different_files_do_not_serve_together(
    tmp_path: Path,
    database: str,
) -> None:
    del database
    reordered = dict(reversed(list(PROFILE.items()))) | {"retention_days": 30}
    async with open_world(tmp_path / "first"), open_world(tmp_path / "other", reordered):
        with pytest.raises(SettingsError, match=r"differs from version 1.*PRIVACYDESK_PROFILE"):
            async with open_world(tmp_path / "third", SECOND):
                pass


# -- processes -------------------------------------------------------------------------------------


@asynccontextmanager
async def serving(
    folder: Path, *, workers: bool
) -> AsyncIterator[tuple[KillableServer, Callable[[], Awaitable[None]]]]:
    async with open_outside() as outside:
        env = {**environment(folder, outside), "PRIVACYDESK_LOG_LEVEL": "info"}
        arguments = ("--workers", "2") if workers else ()
        server = KillableServer(env, log=folder / "log", arguments=arguments)
        changed = yaml.safe_load(Path(env["PRIVACYDESK_PROFILE"]).read_text("utf-8"))  # noqa: ASYNC240 - a test
        changed["desk_names"] = dict.fromkeys(("zh_Hans", "zh_Hant", "en"), "The New Desk")
        file = written(folder, changed, "changed.yaml")

        async def put_in_force() -> None:
            importing = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "privacydesk", "profile", "import", file, env=env
            )
            assert await importing.wait() == 0

        try:
            await server.start()
            yield server, put_in_force
        finally:
            await server.kill()


def logged_in(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


async def say(url: str, account: str, stop: asyncio.Event) -> Talker:
    """Have somebody talk until told to stop, on a new connection each time."""
    async with aiohttp.ClientSession(url) as client:
        talker = Talker(client, account)
        await talker.begin()
    while not stop.is_set():
        name = f"m{talker.acknowledged.total() + 1}"
        frame = {"type": "choose", "id": name, "choice": "desk:menu", "offset": 0}
        while not talker.acknowledged[name]:
            with contextlib.suppress(aiohttp.ClientError):
                async with aiohttp.ClientSession(url) as talker.client:
                    await talker.send(frame)
        await asyncio.sleep(0.05)
    return talker


async def names(url: str) -> set[str]:
    """Return by which of the two names several new connections call the desk."""
    found = set()
    for _ in range(16):
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession(url) as client, client.get("/chat/?lang=en") as page:
                text = await page.text()
                found.add("new" if "The New Desk" in text else "old")
    return found


async def test_running_processes_take_over_a_profile_and_lose_nothing(
    tmp_path: Path,
) -> None:
    workers = not address_in(tmp_path).startswith("sqlite")
    async with serving(tmp_path, workers=workers) as (server, put_in_force), asyncio.timeout(120):
        url, stop = f"http://127.0.0.1:{server.port}", asyncio.Event()
        talking = [asyncio.create_task(say(url, f"u-10{n:02}", stop)) for n in range(1, 7)]
        assert await names(url) == {"old"}
        await put_in_force()
        while await names(url) != {"new"}:  # noqa: ASYNC110 - other processes
            await asyncio.sleep(0.2)
        stop.set()
        for talker in await asyncio.gather(*talking):
            async with aiohttp.ClientSession(url) as talker.client:
                said = [one["id"] for one in await talker.log() if "id" in one]
            assert said == [f"m{n}" for n in range(1, talker.acknowledged.total() + 1)]
            assert len(said) > 5
        assert await server.stop() == 0
        first = logged_in(tmp_path / "log")
        assert any(one["event"] == "database_created" for one in first) is not workers
        # The file that the processes were started with is an earlier version now.
        server.log = tmp_path / "later"
        await server.start()
        assert await server.stop() == 0
        outdated = [one for one in logged_in(server.log) if one["event"] == "profile_file_outdated"]
        assert {one.get("worker") for one in outdated} == ({0, 1} if workers else {None})
