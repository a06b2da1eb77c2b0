"""Accepted evidence that waits for a second agent goes at every end of its request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.examining import open_files
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

from privacydesk.domain.agents import Role
from privacydesk.domain.grounds import Ground
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.services.staff.preconditions import Refusal, Verdict

CAREFUL = {**PROFILE, "second_eyes": ["deregistration", "guardian"]}
OTHERS = Refusal(Ground.RIGHTS_OF_OTHERS, "Somebody else is in them.")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """Return a desk where guardians' requests take two agents."""
    async with open_world(tmp_path / "desk", CAREFUL) as opened:
        await opened.services.staff.roster.add("xiao-chen", "", Role.ADMINISTRATOR)
        yield opened


async def ask(mother: Player, *more: dict[str, str]) -> Ticket:
    """Return a guardian's new request with a file."""
    await steps(
        mother, {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"},
        {"user": "Lele"}, {"choose": "close"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, *more, {"upload": "one.jpg"},
        {"choose": "_done"}, {"bot": "guardian.filed"},
    )  # fmt: skip
    return (await mother.tickets())[0]


async def accepted(world: World, ticket: Ticket) -> Ticket:
    """Return a request whose file was accepted, and waits for a second agent."""
    staff = world.services.staff
    await open_files(staff, ticket.number, "mei")
    examined = await staff.examinations.examine(ticket.number, "mei", accepted=True)
    assert len(await left(world, ticket)) == 1
    return examined


async def left(world: World, ticket: Ticket) -> list[str]:
    """Return the files of a request whose bodies are there."""
    files = await world.services.store.reader.evidence_of(ticket.id)
    assert files
    return [one.id.hex() for one in files if one.removed_at is None]


async def test_it_goes_when_the_requester_takes_the_request_back(world: World) -> None:
    mother = await enter(world, "mother", "en")
    ticket = await accepted(world, await ask(mother))
    await mother.pull()
    await steps(
        mother, {"choose": "desk:cancel"}, {"choose": "yes"},
        {"bot": "cancel_request.withdrawn"},
    )  # fmt: skip
    assert await left(world, ticket) == []


async def test_it_goes_with_the_duplicate_and_stays_with_the_request_that_goes_on(
    world: World,
) -> None:
    mother = await enter(world, "mother", "en")
    first = await accepted(world, await ask(mother))
    world.clock.move(timedelta(hours=2))
    await mother.open()
    await mother.step({"choose": "desk:menu"})
    later = await accepted(world, await ask(mother, {"choose": "other"}))
    closed = await world.services.staff.merges.merge(later.number, "mei", first.number, "the same")
    assert closed.outcome is Outcome.DUPLICATE
    assert await left(world, later) == []
    assert len(await left(world, first)) == 1


async def test_it_goes_when_nobody_verifies_the_request_in_time(world: World) -> None:
    mother = await enter(world, "mother", "en")
    ticket = await ask(mother)
    world.clock.move(timedelta(days=60))
    await mother.settle()
    (lapsed,) = await mother.tickets()
    assert lapsed.outcome is Outcome.LAPSED
    assert await left(world, ticket) == []


@pytest.mark.parametrize("verdict", [Verdict(text="Done."), Verdict(whole=OTHERS)])
async def test_it_goes_with_the_confirmed_decision(world: World, verdict: Verdict) -> None:
    ticket = await accepted(world, await ask(await enter(world, "mother", "en")))
    staff = world.services.staff
    proposed = await staff.decisions.decide(ticket.number, "mei", verdict)
    await open_files(staff, ticket.number, "lao-zhou")
    assert len(await left(world, ticket)) == 1
    seen = (await staff.tickets.by_number(ticket.number)).version
    assert seen >= proposed.version
    decided = await staff.decisions.confirm(ticket.number, "lao-zhou", seen=seen)
    assert decided.state in {TicketState.CLOSED, TicketState.FULFILLING}
    assert await left(world, ticket) == []


@pytest.mark.sqlite("another profile is put in force by its file")
@pytest.mark.parametrize("verdict", [Verdict(text="Done."), Verdict(whole=OTHERS)])
async def test_it_goes_with_a_decision_of_one_agent_where_two_are_wanted_no_more(
    tmp_path: Path, verdict: Verdict
) -> None:
    async with open_world(tmp_path, CAREFUL) as world:
        await world.services.staff.roster.add("xiao-chen", "", Role.ADMINISTRATOR)
        ticket = await accepted(world, await ask(await enter(world, "mother", "en")))
        clock = world.clock
    async with open_world(tmp_path, PROFILE, clock=clock) as world:
        decided = await world.services.staff.decisions.decide(ticket.number, "mei", verdict)
        assert decided.state in {TicketState.CLOSED, TicketState.FULFILLING}
        assert await left(world, ticket) == []
