"""Legal holds: what one keeps is kept from every request about the account, by every door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.common.examining import open_files
from tests.common.stories import PEOPLE, PROFILE, Player, World, enter, open_world, steps

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.grounds import Ground
from privacydesk.domain.tasks import TaskResult
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.errors import DeskError
from privacydesk.services.staff.preconditions import Refusal, Verdict

IN_PART = Verdict(
    text="Done.", refused={0: Refusal(Ground.LAW, "A law keeps these.", "the old ones")}
)
DESTROYING = {AccountAction.DELETE, AccountAction.UNBIND, AccountAction.DEREGISTER}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, {**PROFILE, "second_eyes": []}) as opened:
        yield opened


async def filed(player: Player, *taken: dict[str, Any]) -> Ticket:
    """Return the request that these steps file."""
    before = {one.id for one in await player.tickets()}
    await steps(player, {"choose": "desk:menu"}, *taken)
    (ticket,) = (one for one in await player.tickets() if one.id not in before)
    return ticket


async def deletion(player: Player, what: str, *verifying: dict[str, Any]) -> Ticket:
    return await filed(
        player, {"choose": "deletion"}, {"choose": what}, {"choose": "_done"}, *verifying,
        {"choose": "yes"},
    )  # fmt: skip


async def now_of(world: World, ticket: Ticket) -> Ticket:
    return await world.services.staff.tickets.by_number(ticket.number)


async def hold(world: World, ticket: Ticket) -> None:
    await world.services.staff.holds.set_hold(ticket.number, "lao-zhou", "A court asks.")


async def release(world: World, ticket: Ticket) -> None:
    await world.services.staff.holds.clear_hold(ticket.number, "lao-zhou", "It has decided.")


async def refused(act: Awaitable[Any]) -> str:
    with pytest.raises(DeskError) as error:
        await act
    return str(error.value.data.get("reason"))


def destroyed(world: World) -> list[AccountAction]:
    return [call.action for call in world.accounts.calls if call.action in DESTROYING]


async def test_a_hold_binds_every_request_about_the_account_until_it_is_released(
    world: World,
) -> None:
    player = await enter(world, "lin", "en")
    decisions = world.services.staff.decisions
    refusable = await deletion(player, "comments", {"code": "right"})
    await decisions.refuse(refusable.number, "mei", ground=Ground.LAW, reason="A law keeps them.")
    await player.pull()
    objection = await filed(
        player, {"user": refusable.number}, {"choose": "desk:request:object:"},
        {"user": "It is only me."}, {"choose": "yes"},
    )  # fmt: skip
    wish = await deletion(player, "posts")
    unbinding = await filed(
        player, {"choose": "unbinding"}, {"choose": "google"}, {"choose": "yes"}
    )
    # A decided request binds as well: what is kept is the account.
    await hold(world, refusable)
    world.clock.move(timedelta(minutes=2))
    await player.settle()
    assert (await now_of(world, unbinding)).state is TicketState.IN_REVIEW
    for number, by, verdict in (
        (wish.number, "mei", Verdict()),
        (wish.number, "mei", IN_PART),
        (unbinding.number, "mei", Verdict()),
        (objection.number, "lao-zhou", Verdict()),
    ):
        assert await refused(decisions.preview(number, by, verdict)) == "lack_hold"
        assert await refused(decisions.decide(number, by, verdict)) == "lack_hold"
    assert destroyed(world) == []
    assert (await world.services.staff.tickets.details(wish.number)).held_from == (
        refusable.number,
    )
    await release(world, refusable)
    for ticket, by in ((wish, "mei"), (unbinding, "mei"), (objection, "lao-zhou")):
        await decisions.decide(ticket.number, by, Verdict())
    await player.settle()
    assert sorted(destroyed(world)) == [
        AccountAction.DELETE, AccountAction.DELETE, AccountAction.UNBIND,
    ]  # fmt: skip


async def test_a_hold_keeps_everything_about_the_account_from_retention_until_it_is_released(
    world: World,
) -> None:
    retention, decisions = world.services.maintenance.retention, world.services.staff.decisions
    child = await enter(world, "lin", "en")
    await child.step({"user": "hello"})
    own = await deletion(child, "comments", {"code": "right"})
    other = await deletion(child, "posts")
    mother = await enter(world, "mother", "en")
    theirs = await filed(
        mother, {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"},
        {"user": "Lin"}, {"choose": "access"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "one.jpg"},
        {"choose": "_done"},
    )  # fmt: skip
    await mother.step({"agent": {"examine": "accepted"}})
    refusal = Refusal(Ground.LAW, "A law keeps them.")
    for one in (own, other, theirs):
        verdict = Verdict(account=own.account if one is theirs else "", whole=refusal)
        await decisions.decide(one.number, "lao-zhou", verdict)
    await hold(world, own)
    world.clock.move(timedelta(days=90))
    numbers = {own.number, other.number, theirs.number}
    assert set((await retention.preview()).held) == numbers
    done = await retention.run(by="operator")
    assert (done.requests, done.messages, set(done.held)) == ((), 0, numbers)
    await release(world, own)
    done = await retention.run(by="operator")
    assert (set(done.requests), done.held) == (numbers, ())
    assert done.messages > 0


async def test_a_hold_from_a_guardians_request_binds_the_childs_own_once_it_is_named(
    world: World,
) -> None:
    mother = await enter(world, "mother", "en")
    theirs = await filed(
        mother, {"choose": "guardian"}, {"choose": "mother"}, {"user": "1 May 2014"},
        {"user": "Lele"}, {"choose": "access"}, {"choose": "_skip"},
        {"user": "wangfang@example.com"}, {"code": "right"}, {"upload": "one.jpg"},
        {"choose": "_done"},
    )  # fmt: skip
    await hold(world, theirs)
    child = await enter(world, "lele", "en")
    own = await deletion(child, "posts", {"code": "right"})
    staff, account = world.services.staff, world.people[PEOPLE["lele"]].account or ""
    assert not await staff.account_requests.held_on(account)
    await open_files(staff, theirs.number, "mei")
    await staff.examinations.examine(theirs.number, "mei", accepted=True, account=account)
    assert await refused(staff.decisions.grant(own.number, "lao-zhou")) == "lack_hold"
    await release(world, theirs)
    await staff.decisions.grant(own.number, "lao-zhou")


async def test_what_was_ordered_before_a_hold_goes_back_to_staff_and_the_person_learns_no_reason(
    world: World,
) -> None:
    player = await enter(world, "lin", "en")
    copy = await filed(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    wish = await deletion(player, "posts")
    await world.services.staff.decisions.grant(wish.number, "mei")
    await hold(world, copy)
    await player.settle()
    returned = await now_of(world, wish)
    assert (destroyed(world), returned.state) == ([], TicketState.IN_REVIEW)
    log = await world.services.store.reader.ticket_log(wish.id)
    assert (log[-1].what, log[-1].why) == ("delete:refused", "legal_hold")
    told = next(one for one in reversed(player.events) if one.key.startswith("ticket.returned"))
    assert (told.key, told.data) == ("ticket.returned", {})
    await release(world, copy)
    await world.services.staff.decisions.grant(wish.number, "mei")
    await player.settle()
    assert (await now_of(world, wish)).outcome is Outcome.FULFILLED


async def test_nobody_reports_done_by_hand_what_a_hold_keeps(world: World) -> None:
    player = await enter(world, "lin", "en")
    wish = await deletion(player, "posts", {"code": "right"})
    await world.services.staff.decisions.decide(wish.number, "mei", IN_PART)
    await hold(world, wish)
    answer = world.services.staff.tasks.answer
    assert await refused(answer(wish.number, 1, "mei", TaskResult.DONE)) == "lack_hold"
    await answer(wish.number, 1, "mei", TaskResult.NOT_POSSIBLE, "There is a hold.")
    assert (await now_of(world, wish)).state is TicketState.IN_REVIEW


async def test_the_last_word_on_a_closing_closes_nothing_that_another_request_holds(
    world: World,
) -> None:
    player = await enter(world, "lin", "en")
    copy = await filed(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    closing = await filed(
        player, {"choose": "deregistration"}, {"choose": "go_on"}, {"choose": "chat"},
        {"choose": "yes"},
    )  # fmt: skip
    await world.services.staff.decisions.grant(closing.number, "mei")
    await hold(world, copy)
    await player.pull()
    await steps(
        player, {"choose": "go_on"}, {"bot": "confirm_closing.sure"}, {"choose": "yes"},
        {"bot": "confirm_closing.on_hold"},
    )  # fmt: skip
    await player.settle()
    assert (destroyed(world), (await now_of(world, closing)).state) == ([], TicketState.IN_REVIEW)
