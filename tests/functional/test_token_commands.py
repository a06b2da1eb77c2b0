"""``tokens``, beside a desk that is open."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.common.stories import START, open_world
from tests.functional.test_commands import (  # noqa: F401 - the fixture works by being here
    Office,
    _own_process,
    write_settings,
)

from privacydesk.clock import SystemClock


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    write_settings(tmp_path)
    ahead = (START - SystemClock().now()).total_seconds()
    (tmp_path / "demo-clock.json").write_text(json.dumps({"ahead_seconds": ahead}), "utf-8")
    async with open_world(tmp_path) as world:
        yield Office(world, tmp_path)


async def test_a_token_is_made_shown_once_and_revoked(office: Office) -> None:
    made = await office.json("tokens", "add", "crm", "--scope", "tickets:read", "--days", "30")
    assert made["token"].startswith("pdk_")
    listed = await office.fine("tokens", "list", "--json")
    assert made["token"] not in listed
    (token,) = json.loads(listed)
    assert (token["identity"], token["standing"]) == ("crm", "working")
    assert token["used_at"] is None
    integrations = office.world.services.integrations
    assert integrations is not None
    assert (await integrations.tokens.authenticate(made["token"])).agent.name == "crm"
    told = await office.fine("tokens", "revoke", made["id"][-8:])
    assert "opens nothing any more" in told
    assert "was revoked before" in await office.fine("tokens", "revoke", made["id"])
    assert "revoked" in await office.fine("tokens", "list")


async def test_a_token_s_text_does_not_belong_on_the_command_line(office: Office) -> None:
    made = await office.json("tokens", "add", "crm", "--scope", "tickets:read")
    refused = await office.run("tokens", "revoke", made["token"])
    assert refused.code == 2
    assert made["token"] not in refused.out + refused.err
