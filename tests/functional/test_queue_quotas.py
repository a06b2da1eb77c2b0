"""How often strangers join the queue for a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.common.stories import PEOPLE, PROFILE, Player, World, open_world

_STRANGERS = 4
DANGER = "A man on your app is asking my 12 year old daughter to meet him."


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, {**PROFILE, "queue": {"hourly_strangers": _STRANGERS}}) as one:
        yield one


async def asks(world: World, origin: bytes, name: str = "", words: str = "") -> str:
    """Have somebody new ask for a person; return the last that is told of it."""
    person = world.people[PEOPLE[name]] if name else None
    player = Player(world, person, "en", origin=origin)
    await player.start()
    await player.step({"user": words} if words else {"choose": "desk:human"})
    told = {"owner.queued", "human_agent.crowded"}
    return next(event.key for event in reversed(player.events) if event.key in told)


async def test_strangers_of_one_address_join_it_so_often_and_others_still_can(world: World) -> None:
    with capture_logs() as logs:
        told = [await asks(world, b"attacker") for _ in range(5)]
    assert told == ["owner.queued"] * 3 + ["human_agent.crowded"] * 2
    assert len([one for one in logs if one["event"] == "origin_budget_reached"]) == 1
    assert await asks(world, b"honest") == "owner.queued"


async def test_strangers_together_join_it_so_often_and_then_an_alarm_goes_off(world: World) -> None:
    with capture_logs() as logs:
        told = [await asks(world, b"from %d" % n) for n in range(_STRANGERS + 1)]
    assert told == ["owner.queued"] * _STRANGERS + ["human_agent.crowded"]
    assert [one["event"] for one in logs if "ceiling" in one["event"]] == ["queue_ceiling_reached"]

    assert await asks(world, b"from 9", "lin") == "owner.queued", "who is logged in"
    assert await asks(world, b"from 9", words=DANGER) == "owner.queued", "who is in danger"
    assert await asks(world, b"from 9") == "human_agent.crowded"
    world.clock.move(timedelta(hours=1, minutes=1))
    assert await asks(world, b"from 9") == "owner.queued"


async def test_who_has_proved_a_contact_is_no_stranger(world: World) -> None:
    for n in range(_STRANGERS):
        await asks(world, b"from %d" % n)
    guest = Player(world, None, "en", origin=b"from 9")
    await guest.start()
    for step in (
        {"choose": "complaint"}, {"choose": "leak"}, {"user": "They sold it."},
        {"user": "guest@example.com"}, {"code": "right"}, {"choose": "desk:human"},
    ):  # fmt: skip
        await guest.step(step)
    await guest.step({"owner": "queue"})
