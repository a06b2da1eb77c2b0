"""Whether a database is whole, and whether it belongs to the settings that it is opened with."""

from __future__ import annotations

import asyncio
import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.common.databases import by_hand
from tests.common.stories import HASHING_SECRET, PROFILE, RING_SECRET, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    RING_KEY,
    Done,
    _own_process,
    run_here,
    write_settings,
)

ABOUT_THE_FILE = pytest.mark.sqlite("its file is damaged or copied")

ANOTHER = base64.b64encode(bytes(range(60, 92))).decode()


async def command(folder: Path, *arguments: str) -> Done:
    return await asyncio.to_thread(run_here, *arguments, "--data-dir", str(folder))


async def filled(folder: Path, profile: object = PROFILE) -> None:
    """Have a desk make its database in a folder, and leave its settings there."""
    write_settings(folder)
    async with open_world(folder, profile):  # type: ignore[arg-type]
        pass


def names_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def damaged(file: Path) -> None:
    """Flip what lies in the middle of a page that a table needs."""
    with closing(sqlite3.connect(file)) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = opened.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'agent'"
        ).fetchone()
        (size,) = opened.execute("PRAGMA page_size").fetchone()
    with file.open("r+b") as raw:
        raw.seek((page - 1) * size)
        raw.write(b"\xff" * 64)


# -- the file --------------------------------------------------------------------------------------


@ABOUT_THE_FILE
async def test_a_damaged_database_is_not_copied(tmp_path: Path) -> None:
    await filled(tmp_path)
    damaged(tmp_path / "privacydesk.db")
    done = await command(tmp_path, "db", "backup", str(tmp_path / "copy.db"))
    assert done.code == 1
    assert "is damaged, so there is no new copy" in done.err
    assert not any("copy.db" in name for name in names_in(tmp_path))


@ABOUT_THE_FILE
async def test_an_empty_database_is_not_copied(tmp_path: Path) -> None:
    await filled(tmp_path)
    (tmp_path / "privacydesk.db").write_bytes(b"")
    done = await command(tmp_path, "db", "backup", str(tmp_path / "copy.db"))
    assert done.code == 1
    assert "there is nothing to copy" in done.err
    assert not any("copy.db" in name for name in names_in(tmp_path))


@ABOUT_THE_FILE
async def test_a_copied_folder_that_names_another_is_refused(tmp_path: Path) -> None:
    """Else a command for the copy would act on the desk that it was taken from."""
    await filled(tmp_path)
    settings = (tmp_path / "privacydesk.toml").read_text("utf-8")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "privacydesk.toml").write_text(f'data_dir = "{tmp_path}"\n{settings}', "utf-8")
    done = await command(copy, "agents", "list")
    assert done.code == 1
    assert f"names another folder, {tmp_path}" in done.err


@ABOUT_THE_FILE
async def test_a_copy_leaves_nothing_beside_it(tmp_path: Path) -> None:
    await filled(tmp_path)
    (tmp_path / "kept").mkdir()
    done = await command(tmp_path, "db", "backup", str(tmp_path / "kept" / "copy.db"))
    assert done.code == 0, done.err
    assert names_in(tmp_path / "kept") == ["copy.db"]


@ABOUT_THE_FILE
async def test_what_is_no_database_is_not_copied(tmp_path: Path) -> None:
    await filled(tmp_path)
    (tmp_path / "privacydesk.db").write_text("something else " * 1000, "utf-8")
    done = await command(tmp_path, "db", "backup", str(tmp_path / "copy.db"))
    assert done.code == 1
    assert "can't be copied: file is not a database" in done.err


async def test_a_whole_database_is_told_to_be_one_beside_a_desk(tmp_path: Path) -> None:
    write_settings(tmp_path)
    async with open_world(tmp_path, PROFILE):
        done = await command(tmp_path, "db", "check")
        as_json = await command(tmp_path, "db", "check", "--json")
    assert done.code == 0, done.out + done.err
    assert done.out.splitlines()[0].split()[:2] == ["database", "ok"]
    assert done.out.splitlines()[-1].endswith("audit verify")
    told = json.loads(as_json.out)
    assert told["ok"]
    assert [one["what"] for one in told["findings"]] == [
        "database", "schema", "secrets", "configuration",
    ]  # fmt: skip


@ABOUT_THE_FILE
async def test_a_damaged_database_is_told_to_be_one(tmp_path: Path) -> None:
    await filled(tmp_path)
    damaged(tmp_path / "privacydesk.db")
    done = await command(tmp_path, "db", "check", "--json")
    assert done.code == 1
    first = json.loads(done.out)["findings"][0]
    assert (first["what"], first["ok"]) == ("database", False)
    assert first["told"].startswith("damaged: ")


async def test_a_check_changes_nothing(tmp_path: Path) -> None:
    await filled(tmp_path)
    with by_hand(tmp_path) as opened:
        opened.execute("DELETE FROM fingerprint")
    assert (await command(tmp_path, "db", "check")).code == 0
    with by_hand(tmp_path) as opened:
        assert opened.execute("SELECT count(*) FROM fingerprint").fetchone() == (0,)


# -- secrets ---------------------------------------------------------------------------------------


async def test_another_hashing_secret_is_refused_by_whatever_opens_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tmp_path)
    monkeypatch.setenv("PRIVACYDESK_HASHING_SECRET", ANOTHER)
    for arguments in (("tickets", "list"), ("agents", "list"), ("audit", "verify")):
        done = await command(tmp_path, *arguments)
        assert done.code == 1
        assert "PRIVACYDESK_HASHING_SECRET is another one" in done.err
    checked = await command(tmp_path, "db", "check")
    assert checked.code == 1
    assert "PRIVACYDESK_HASHING_SECRET is another one" in checked.out


async def test_another_key_under_the_same_name_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tmp_path)
    monkeypatch.setenv("PRIVACYDESK_RING_KEYS", json.dumps({"one": ANOTHER}))
    done = await command(tmp_path, "tickets", "list")
    assert done.code == 1
    assert "'one' in PRIVACYDESK_RING_KEYS is another one" in done.err


async def test_a_ring_key_that_is_missing_is_refused_and_is_not_given_up(tmp_path: Path) -> None:
    await filled(tmp_path)
    write_settings(tmp_path, ring_key="two")
    file = tmp_path / "privacydesk.toml"
    told = file.read_text("utf-8").replace(f'one = "{RING_KEY}"', f'two = "{ANOTHER}"')
    file.write_text(told, "utf-8")
    for arguments in (("agents", "list"), ("tickets", "list"), ("audit", "verify")):
        done = await command(tmp_path, *arguments)
        assert done.code == 1
        assert "PRIVACYDESK_RING_KEYS has no key named 'one'" in done.err
    given_up = await command(tmp_path, "db", "adopt", "ring_keys")
    assert given_up.code == 1
    assert "has no key named 'one', which wraps data: put it back" in given_up.err
    assert "It can't be given up" in given_up.err


async def test_a_hashing_secret_can_be_changed_on_purpose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await filled(tmp_path)
    monkeypatch.setenv("PRIVACYDESK_HASHING_SECRET", ANOTHER)
    done = await command(tmp_path, "db", "adopt", "hashing_secret")
    assert done.code == 0, done.err
    assert (await command(tmp_path, "tickets", "list")).code == 0
    monkeypatch.delenv("PRIVACYDESK_HASHING_SECRET")
    assert (await command(tmp_path, "tickets", "list")).code == 1


async def test_no_secret_stands_in_the_database(tmp_path: Path) -> None:
    await filled(tmp_path)
    with by_hand(tmp_path) as opened:
        rows = opened.execute("SELECT name, digest FROM fingerprint ORDER BY name").fetchall()
    assert [name for name, _ in rows] == ["hashing_secret", "ring_key:one"]
    assert {RING_SECRET, HASHING_SECRET}.isdisjoint(digest for _, digest in rows)


async def test_only_what_is_known_can_be_adopted(tmp_path: Path) -> None:
    await filled(tmp_path)
    done = await command(tmp_path, "db", "adopt", "everything")
    assert done.code == 2
    assert "'everything' is none of" in done.err
