"""Who holds a request when several agents want to."""

from __future__ import annotations

import asyncio

import pytest
from tests.common.stories import PEOPLE, Player, World

from privacydesk.domain.ticket import Ticket
from privacydesk.errors import StaleError


async def filed(world: World) -> Ticket:
    player = Player(world, world.people[PEOPLE["lin"]], "en")
    await player.start()
    for step in (
        {"choose": "consent_withdrawal"}, {"choose": "marketing"}, {"choose": "yes"},
    ):  # fmt: skip
        await player.step(step)
    (ticket,) = await world.services.store.reader.list_tickets()
    return ticket


async def test_of_two_agents_who_claim_at_once_the_second_is_told(world: World) -> None:
    handling = world.services.staff.handling
    number = (await filed(world)).number
    done = await asyncio.gather(
        handling.claim(number, "mei"), handling.claim(number, "lao-zhou"), return_exceptions=True
    )
    won = [one for one in done if isinstance(one, Ticket)]
    lost = [one for one in done if isinstance(one, StaleError)]
    assert (len(won), len(lost)) == (1, 1)
    assert lost[0].data["reason"] == "held"
    assert (await world.services.staff.tickets.by_number(number)).holder == won[0].holder
    await handling.claim(number, won[0].holder)


async def test_taking_over_names_who_it_is_from(world: World) -> None:
    handling = world.services.staff.handling
    number = (await filed(world)).number
    await handling.claim(number, "mei")
    assert (await handling.claim(number, "lao-zhou", expected_holder="mei")).holder == "lao-zhou"
    with pytest.raises(StaleError):
        await handling.claim(number, "mei")
    assert (await handling.claim(number, "mei", expected_holder=None)).holder == "mei"
