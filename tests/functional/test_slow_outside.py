"""What is slow outside holds up nobody but those who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.stories import Player, World, enter, open_world, steps

from privacydesk.app.process import run_server
from privacydesk.domain.conversation import OwnerKind
from privacydesk.domain.duty import DutyState
from privacydesk.domain.ticket import ScheduledEventKind, TicketState


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened
        opened.accounts.clear()


@asynccontextmanager
async def served(world: World) -> AsyncIterator[None]:
    """Serve, for as long as a test may take."""
    settings = world.services.settings.model_copy(update={"port": 0})
    async with run_server(replace(world.services, settings=settings)), asyncio.timeout(10):
        yield


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait for something that no one tells of."""
    while not await holds():  # noqa: ASYNC110 - it happens in the database, or outside
        await asyncio.sleep(0.01)


async def choose(player: Player, choice: str) -> None:
    """Tap a button and leave what comes of it to whoever serves."""
    assert player.session is not None
    desk = player.world.services.desk
    view = await desk.view(player.session)
    offset = 0 if choice.startswith("desk:") else view.prompt
    await desk.choose(player.session, id=f"tap-{choice}", choice=choice, offset=offset)


async def deleting(world: World) -> Player:
    """Return somebody of whose deletion nothing is heard from the account service."""
    player = await enter(world, "lin")
    await steps(player, {"choose": "deletion"}, {"choose": "comments"}, {"choose": "_done"})
    await steps(player, {"code": "right"}, {"choose": "yes"})
    await player.step({"agent": {"release": True}})
    world.accounts.hold()
    return player


async def is_asked(world: World) -> bool:
    return any(call.action == "delete" for call in world.accounts.calls)


async def test_a_code_is_sent_while_the_account_service_says_nothing(world: World) -> None:
    chen = await enter(world, "chen")
    await steps(chen, {"choose": "deletion"}, {"choose": "comments"})
    await deleting(world)
    sent = len(world.codes.messages)

    async def one_more() -> bool:
        return len(world.codes.messages) > sent

    async with served(world):
        await until(lambda: is_asked(world))
        await choose(chen, "_done")
        await until(one_more)


async def test_what_comes_due_is_done_while_the_account_service_says_nothing(
    world: World,
) -> None:
    chen = await enter(world, "chen")
    await steps(chen, {"choose": "deletion"}, {"choose": "comments"}, {"choose": "_done"})
    await steps(chen, {"code": "right"}, {"choose": "yes"})
    await deleting(world)

    async def is_overdue() -> bool:
        (ticket,) = await chen.tickets()
        assert ticket.state is TicketState.IN_REVIEW
        return not any(due.kind is ScheduledEventKind.OVERDUE for due in ticket.scheduled_events)

    async with served(world):
        await until(lambda: is_asked(world))
        world.clock.move(timedelta(days=14))
        await until(is_overdue)
    # Its claim has long run out by the moved clock, and it is being worked on all the same.
    assert sum(call.action == "delete" for call in world.accounts.calls) == 1


async def test_whoever_waits_is_given_to_an_agent_while_the_account_service_says_nothing(
    world: World,
) -> None:
    chen = await enter(world, "chen")
    await deleting(world)
    world.services.attendance.connect("mei")
    await world.services.attendance.set_availability("mei", DutyState.AVAILABLE)

    async def is_given() -> bool:
        assert chen.session is not None
        now = await world.services.store.reader.conversation(chen.session.conversation)
        assert now is not None
        return now.owner.kind is OwnerKind.AGENT

    async with served(world):
        await until(lambda: is_asked(world))
        await choose(chen, "desk:human")
        await until(is_given)


async def waiting(world: World) -> Player:
    """Return somebody who waits to hear what the account service has of them."""
    player = await enter(world, "lin")
    await player.step({"choose": "access"})
    assert player.session is not None
    code = world.codes.messages[-1].code
    await world.services.desk.say(player.session, id="code", text=code)
    return player


async def keys(player: Player) -> list[str]:
    assert player.session is not None
    events = await player.world.services.desk.events(player.session, after=0, limit=100)
    return [event.key for event in events]


async def test_whoever_waits_for_an_answer_is_told_once_that_it_takes_longer(world: World) -> None:
    player = await waiting(world)
    world.accounts.hold()
    world.clock.move(timedelta(seconds=5))

    async def is_told() -> bool:
        return "desk.takes_longer" in await keys(player)

    async def goes_on() -> bool:
        return "access.profile" in await keys(player)

    async with served(world):
        await until(is_told)
        world.accounts.clear()
        await until(goes_on)
    assert (await keys(player)).count("desk.takes_longer") == 1


async def test_whoever_waits_for_a_service_that_is_down_is_told_within_seconds(
    world: World,
) -> None:
    player = await waiting(world)
    world.accounts.down = True
    for _ in range(4):
        await player.settle()
        world.clock.move(timedelta(seconds=1))
    assert player.events[-1].key == "desk.takes_longer"
    for _ in range(20):
        world.clock.move(timedelta(seconds=1))
        await player.settle()
    assert "access.down" in [event.key for event in player.events]
    assert [event.key for event in player.events].count("desk.takes_longer") == 1
