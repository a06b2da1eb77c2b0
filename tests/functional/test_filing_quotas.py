"""How many requests are filed at all, whoever files them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.common.stories import PEOPLE, PROFILE, Player, World, open_world

_DAILY, _STRANGERS = 3, 4


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    filing = {"daily": _DAILY, "hourly_strangers": _STRANGERS}
    async with open_world(tmp_path, {**PROFILE, "filing": filing}) as world:
        yield world


async def enter(world: World, name: str = "", origin: bytes = b"") -> Player:
    player = Player(world, world.people[PEOPLE[name]] if name else None, "en", origin=origin)
    await player.start()
    return player


async def reports(player: Player, who: str) -> str:
    """Have somebody report a minor; return what is said of it in the end."""
    for step in (
        {"choose": "desk:menu"},
        {"choose": "underage_report"},
        {"choose": "stranger"},
        {"user": who},
        {"user": "She says in her profile that she is eleven."},
        {"choose": "_skip"},
    ):
        await player.step(step)
    if "underage_report.outcome_to" in player.said():
        await player.step({"choose": "_skip"})
    return outcome(player)


def outcome(player: Player) -> str:
    told = {"underage_report.filed", "desk.many_requests"}
    return next(event.key for event in reversed(player.events) if event.key in told)


async def test_one_person_files_so_many_requests_a_day_and_the_next_one_waits_in_its_form(
    world: World,
) -> None:
    lin = await enter(world, "lin")
    told = [await reports(lin, f"user {n}") for n in range(_DAILY + 1)]
    assert told == ["underage_report.filed"] * _DAILY + ["desk.many_requests"]
    await lin.step({"user": "and now?"})
    assert lin.events[-1].key == "desk.many_requests"

    alice = await enter(world, "alice")
    assert await reports(alice, "somebody") == "underage_report.filed", "others are free to"

    world.clock.move(timedelta(hours=24, minutes=1))
    await lin.open()
    await lin.step({"user": "and now?"})
    assert outcome(lin) == "underage_report.filed"
    tickets = await world.services.store.reader.tickets_in(lin.session.conversation)  # type: ignore[union-attr]
    assert len(tickets) == _DAILY + 1


async def test_whose_request_waits_can_turn_to_a_person_or_stop_it(world: World) -> None:
    lin = await enter(world, "lin")
    for n in range(_DAILY + 1):
        await reports(lin, f"user {n}")
    await lin.step({"choose": "desk:human"})
    await lin.step({"bot": "owner.queued"})
    await lin.step({"choose": "desk:leave_queue"})
    assert lin.events[-1].key == "desk.many_requests"
    await lin.step({"choose": "desk:cancel"})
    await lin.step({"bot": "desk.cancelled"})


async def test_strangers_together_file_so_many_requests_an_hour_and_then_an_alarm_goes_off(
    world: World,
) -> None:
    with capture_logs() as logs:
        told = [
            await reports(await enter(world, origin=b"from %d" % n), f"user {n}")
            for n in range(_STRANGERS + 2)
        ]
    assert told == ["underage_report.filed"] * _STRANGERS + ["desk.many_requests"] * 2
    assert len([one for one in logs if one["event"] == "requests_ceiling_reached"]) == 1

    lin = await enter(world, "lin")
    assert await reports(lin, "somebody") == "underage_report.filed", "they count apart"
    world.clock.move(timedelta(hours=1, minutes=1))
    assert await reports(await enter(world), "somebody") == "underage_report.filed"


async def test_one_address_files_its_own_share_and_others_have_theirs(world: World) -> None:
    with capture_logs() as logs:
        told = [
            await reports(await enter(world, origin=b"attacker"), f"user {n}") for n in range(5)
        ]
    assert told == ["underage_report.filed"] * 3 + ["desk.many_requests"] * 2
    assert len([one for one in logs if one["event"] == "origin_budget_reached"]) == 1
    honest = await enter(world, origin=b"honest")
    assert await reports(honest, "somebody") == "underage_report.filed"


async def test_the_origin_of_a_visitor_is_kept_when_somebody_else_acts(world: World) -> None:
    guest = await enter(world, origin=b"attacker")
    await guest.step({"choose": "desk:menu"})
    conversation = guest.session.conversation  # type: ignore[union-attr]
    stored = await world.services.store.reader.conversation(conversation)
    assert stored is not None
    assert stored.origin == b"attacker"
    await guest.step({"agent": {"take": True}})
    stored = await world.services.store.reader.conversation(conversation)
    assert stored is not None
    assert stored.origin == b"attacker", "what comes from elsewhere leaves it alone"
