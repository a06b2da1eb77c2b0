"""What a page shows after a command changed the conversation beside the running ``serve``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.common.stories import PEOPLE, Player, World, open_world

from privacydesk.app import ExternalServices, Services, open_services
from privacydesk.cli.common import UnavailableInCommands
from privacydesk.domain.conversation import OwnerKind


@asynccontextmanager
async def command(world: World) -> AsyncIterator[Services]:
    """Open the same database once more, as a command does."""
    outside = ExternalServices(UnavailableInCommands(), UnavailableInCommands())
    services = world.services
    async with open_services(
        services.settings,
        outside,
        profile=services.profile,
        clock=world.clock,
        beside_serve=True,
    ) as beside:
        yield beside


async def test_the_view_is_that_of_the_database_after_a_command_took_the_conversation(
    tmp_path: Path,
) -> None:
    async with open_world(tmp_path) as world:
        player = Player(world, world.people[PEOPLE["lin"]], "en")
        await player.start()
        await player.step({"choose": "unbinding"})
        assert player.session is not None
        desk, name = world.services.desk, player.session.conversation.hex()
        before = await desk.view(player.session)
        assert before.owner is OwnerKind.ASSISTANT
        assert before.prompt > 0
        async with command(world) as beside:
            await beside.takeover.take(name, "mei")
        taken = await desk.view(player.session)
        assert (taken.owner, taken.agent, taken.prompt) == (OwnerKind.AGENT, "小美", 0)
        assert await desk.head(player.session) > player.events[-1].offset
        async with command(world) as beside:
            await beside.takeover.hand_back(name, "mei")
        after = await desk.view(player.session)
        assert after.owner is OwnerKind.ASSISTANT
        assert after.prompt == await desk.head(player.session)


async def test_what_a_command_decided_is_carried_out_by_serve(tmp_path: Path) -> None:
    async with open_world(tmp_path) as world:
        player = Player(world, world.people[PEOPLE["chen"]], "en")
        await player.start()
        for step in ({"choose": "deletion"}, {"choose": "posts"}, {"choose": "_done"}):
            await player.step(step)
        for step in ({"code": "right"}, {"choose": "yes"}, {"bot": "deletion.filed"}):
            await player.step(step)
        (ticket,) = await player.tickets()
        async with command(world) as beside:
            await beside.staff.decisions.grant(ticket.number, "mei")
        await player.settle()
        assert "ticket.done.deletion" in [event.key for event in player.events]
