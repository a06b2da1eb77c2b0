"""The ring key is replaced: everything stays readable, and what the old one wrapped is shredded."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.common.databases import by_hand
from tests.common.stories import PROFILE, RING_SECRET, Player, World, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    SECRETS,
    Done,
    _own_process,
    run_here,
)
from tests.functional.test_retention import RARE, complaint

from privacydesk.app import ExternalServices, Services, open_services
from privacydesk.errors import SettingsError
from privacydesk.profile import parse_profile
from privacydesk.settings import load_settings

ABOUT_THE_FILE = pytest.mark.sqlite("the backup of its file is opened")

OLD = base64.b64encode(RING_SECRET).decode()
NEW = base64.b64encode(bytes(range(40, 72))).decode()
BOTH = {"one": OLD, "two": NEW}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path / "desk") as made:
        yield made


def write_ring(folder: Path, current: str, keys: dict[str, str]) -> None:
    shown = ", ".join(f'{name} = "{key}"' for name, key in keys.items())
    folder.mkdir(exist_ok=True)
    (folder / "profile.yaml").write_text(yaml.safe_dump(dict(PROFILE)), "utf-8")
    lines = [
        f'profile = "{folder / "profile.yaml"}"',
        f'ring_key = "{current}"',
        f'hashing_secret = "{SECRETS["hashing_secret"]}"',
        f"ring_keys = {{ {shown} }}",
    ]
    (folder / "privacydesk.toml").write_text("\n".join(lines), "utf-8")


@asynccontextmanager
async def with_ring(
    folder: Path, world: World, current: str, keys: dict[str, str]
) -> AsyncIterator[Services]:
    settings = load_settings(
        data_dir=folder,
        ring_keys=keys,
        ring_key=current,
        hashing_secret=SECRETS["hashing_secret"],
    )
    async with open_services(
        settings,
        ExternalServices(world.accounts, world.codes),
        profile=parse_profile(dict(PROFILE), "the test's profile"),
        clock=world.clock,
    ) as services:
        yield services


async def rotate(folder: Path, *options: str) -> Done:
    # As another process would: on an event loop of its own.
    return await asyncio.to_thread(run_here, "keys", "rotate", *options, "--data-dir", str(folder))


def names(folder: Path) -> set[str]:
    with by_hand(folder) as database:
        return {name for (name,) in database.execute("SELECT ring_key FROM data_key")}


def backup(folder: Path, to: Path) -> Path:
    to.mkdir()
    (file,) = folder.glob("*.db")
    with closing(sqlite3.connect(file)) as live, closing(sqlite3.connect(to / file.name)) as copy:
        live.backup(copy)
    return to


async def everything(services: Services, number: str) -> Any:
    """Read a request with all that is sealed around it."""
    reader = services.store.reader
    case = await services.staff.tickets.details(number)
    home = case.ticket.conversation_id
    bodies = [(await reader.evidence(one.id)) for one in case.evidence]
    events = await reader.events(home, after=0, limit=1000)
    return case, bodies, events, await reader.conversation(home)


@ABOUT_THE_FILE
async def test_after_a_rotation_the_old_key_opens_nothing_and_is_needed_for_nothing(
    tmp_path: Path, world: World
) -> None:
    folder = tmp_path / "desk"
    player = await complaint(world)
    number = (await player.tickets())[0].number
    await world.services.staff.handling.claim(number, "mei")
    await world.services.maintenance.sealer.seal_pending()
    before = await everything(world.services, number)
    old = backup(folder, tmp_path / "backup")
    write_ring(folder, "two", BOTH)
    done = await rotate(folder)
    assert (done.code, done.err) == (0, "")
    assert "one → two: 3 of 3" in done.out
    assert names(folder) == {"two"}
    again = await rotate(folder, "--json")
    assert again.out.strip() == '{"ring_key": "two", "wrapped": {"two": 3}}'
    async with with_ring(folder, world, "two", {"two": NEW}) as services:
        after = await everything(services, number)
        assert after == before
        assert any(RARE in event.text for event in after[2])
        assert (await services.maintenance.trail.check()).fault is None
        await services.maintenance.sealer.seal_pending()
        (entry,) = await services.maintenance.trail.entries(what="ring_key_replaced")
        assert (entry.entry.by, dict(entry.entry.detail)) == ("operator", {"keys": 3})
    with pytest.raises(SettingsError, match="has no key named 'one'"):
        async with with_ring(old, world, "two", {"two": NEW}):
            pass


async def test_an_interrupted_rotation_goes_on_where_it_stopped(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "desk"
    for person in ("chen-jiahao", "lin-xiaoyu", "alice-morgan"):
        await complaint_of(world, person)
    async with with_ring(folder, world, "two", BOTH) as services:
        assert await services.maintenance.wrapping.rewrap("one", limit=2) == 2
        assert await services.maintenance.wrapping.wrapped() == {"one": 2, "two": 2}
    write_ring(folder, "two", BOTH)
    monkeypatch.setattr("privacydesk.cli.keys._BATCH_SIZE", 1)
    done = await rotate(folder)
    assert done.out.splitlines()[0] == "one → two: 1 of 2"
    assert names(folder) == {"two"}


async def complaint_of(world: World, person: str) -> None:
    player = Player(world, world.people[person], "en")
    await player.start()


@pytest.mark.parametrize(
    ("name", "told"), [("two", "no key named 'one'"), ("one", "'one'.*another one")]
)
async def test_a_ring_without_the_key_that_wraps_is_told_apart(
    tmp_path: Path, world: World, name: str, told: str
) -> None:
    folder = tmp_path / "desk"
    await complaint_of(world, "chen-jiahao")
    write_ring(folder, name, {name: NEW})
    done = await rotate(folder)
    assert done.code == 1
    assert re.search(told, done.err, re.DOTALL)
    assert names(folder) == {"one"}


async def test_a_desk_does_not_start_with_a_ring_that_opens_nothing(
    tmp_path: Path, world: World
) -> None:
    folder = tmp_path / "desk"
    await complaint_of(world, "chen-jiahao")
    with pytest.raises(SettingsError, match="has no key named 'one'"):
        async with with_ring(folder, world, "two", {"two": NEW}):
            pass
    with pytest.raises(SettingsError, match=r"'one'.*another one"):
        async with with_ring(folder, world, "one", {"one": NEW}):
            pass
    async with with_ring(folder, world, "two", BOTH) as services:
        await services.maintenance.wrapping.check()


def test_a_key_for_the_ring_comes_without_a_new_hashing_secret() -> None:
    for form in ("env", "toml"):
        made = run_here("keys", "generate", "--ring-key", "--form", form)
        assert made.code == 0, made.err
        assert "hashing_secret" not in made.out.lower()
        assert "ring_key" in made.out.lower()
    assert set(json.loads(run_here("keys", "generate", "--ring-key", "--json").out)) == {
        "ring_key",
        "ring_keys",
    }


async def test_what_a_desk_with_the_old_settings_wraps_meanwhile_is_noticed(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "desk"
    await complaint_of(world, "chen-jiahao")
    write_ring(folder, "two", BOTH)
    counted = {"one": 1}

    async def wrapped(_self: object) -> dict[str, int]:
        return dict(counted)

    monkeypatch.setattr("privacydesk.storage.key_wrapping.SqlKeyWrapping.wrapped", wrapped)
    done = await rotate(folder)
    assert done.code == 1
    assert "restart `serve`" in done.err
