"""``incidents``, beside a desk that is open."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from tests.common.incidents import TEXTS, send
from tests.common.stories import START, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Office,
    _own_process,
    write_settings,
)

from privacydesk.clock import SystemClock
from privacydesk.domain.agents import Role


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    write_settings(tmp_path)
    ahead = (START - SystemClock().now()).total_seconds()
    (tmp_path / "demo-clock.json").write_text(json.dumps({"ahead_seconds": ahead}), "utf-8")
    texts = {
        locale: {part.value: text for part, text in parts.items()}
        for locale, parts in TEXTS.items()
    }
    (tmp_path / "notice.yaml").write_text(yaml.safe_dump(texts), "utf-8")
    (tmp_path / "accounts.txt").write_text("u-1001\nu-1002,en\n\nu-1001\n", "utf-8")
    async with open_world(tmp_path) as world:
        await world.services.staff.roster.add("wu", "吴", Role.SUPERVISOR)
        yield Office(world, tmp_path)


async def _prepared(office: Office, folder: Path) -> str:
    made = await office.json(
        "incidents", "prepare", "Leak", "--texts", str(folder / "notice.yaml"),
        "--accounts", str(folder / "accounts.txt"), "--as", "wu",
    )  # fmt: skip
    assert (made["state"], made["recipients"]) == ("draft", 2)
    return str(made["id"])[-8:]


async def test_a_notice_is_prepared_released_followed_and_published(
    office: Office, tmp_path: Path
) -> None:
    incident = await _prepared(office, tmp_path)
    own = await office.run("incidents", "release", incident, "--as", "wu")
    assert own.code == 1
    assert "can't release it" in own.err
    assert "sending" in await office.fine("incidents", "release", incident, "--as", "lao-zhou")
    assert "paused" in await office.fine("incidents", "pause", incident, "--as", "wu")
    await send(office.world)
    assert (await office.json("incidents", "show", incident))["told"] == 0
    await office.fine("incidents", "resume", incident, "--as", "wu")
    await send(office.world)
    shown = await office.json("incidents", "show", incident)
    assert (shown["state"], shown["told"], shown["unreached"]) == ("sent", 2, 2)
    assert "2 of 2 told" in await office.fine("incidents", "list")
    assert "facts in en" in await office.fine("incidents", "show", incident)
    public = await office.fine("incidents", "public", incident, "--language", "en")
    assert "2 people could not be reached" in public


async def test_a_draft_is_discarded(office: Office, tmp_path: Path) -> None:
    incident = await _prepared(office, tmp_path)
    assert "discarded" in await office.fine("incidents", "discard", incident, "--as", "lao-zhou")


async def test_a_list_belongs_to_the_audience_list_alone(office: Office, tmp_path: Path) -> None:
    texts = ("--texts", str(tmp_path / "notice.yaml"))
    for more in ((), ("--to", "everyone", "--accounts", str(tmp_path / "accounts.txt"))):
        refused = await office.run("incidents", "prepare", "Leak", *texts, *more, "--as", "wu")
        assert refused.code == 2
        assert "--accounts" in refused.err
