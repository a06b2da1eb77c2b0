"""Requests of minors who are known by the birthday in the account alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.common.examining import open_files
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

from privacydesk.domain.account_terms import AccountAction
from privacydesk.domain.ids import TicketId
from privacydesk.domain.inbox_views import InboxView, ViewerContext
from privacydesk.domain.ticket import Ticket, TicketState
from privacydesk.errors import DeskError
from privacydesk.services.staff.evidence import files_open_to

YEAR = timedelta(days=365.25)
CODE, YES = {"code": "right"}, {"choose": "yes"}

WAYS: dict[str, list[dict[str, Any]]] = {
    "access": [CODE, {"choose": "all"}],
    "rectification": [{"choose": "nickname"}, {"user": "小鱼儿"}, CODE, YES],
    "deletion": [{"choose": "posts"}, {"choose": "_done"}, CODE, YES],
    "consent_withdrawal": [{"choose": "marketing"}, YES],
    "deregistration": [{"choose": "go_on"}, CODE, {"choose": "chat"}, YES],
    "unbinding": [CODE, {"choose": "google"}, YES],
    "automated_decision": [
        CODE, {"user": "我的动态被系统限流了"}, {"choose": "both"}, {"choose": "_skip"},
    ],
    "complaint": [
        {"choose": "harassment"}, {"user": "有人一直发消息骚扰我"},
        {"choose": "collect_evidence.nothing_to_add"},
    ],
}  # fmt: skip
"""What lin does from the menu on, until each kind is filed."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


def born(world: World, years: float, account: str = "u-1001") -> None:
    """Have the account say that its owner is so old."""
    birthday = (world.clock.now() - YEAR * years).date().isoformat()
    changes = {"changes": {"birthday": birthday}}
    world.accounts.book.perform(AccountAction.CORRECT, account, changes, key=f"born-{years}")


async def filed(world: World, kind: str) -> tuple[Player, Ticket]:
    player = await enter(world, "lin", "zh_Hans")
    if kind == "complaint":
        await player.step({"user": "人工客服"})
    await steps(player, {"choose": kind}, *WAYS[kind])
    await player.settle()
    return player, await ticket_of(player)


async def ticket_of(player: Player) -> Ticket:
    (ticket,) = await player.tickets()
    return ticket


async def guarded(world: World) -> list[TicketId]:
    now = world.clock.now()
    page = await world.services.store.reader.inbox_tickets(
        InboxView.GUARDED, ViewerContext("mei", now, now), after=None, limit=10
    )
    return [one.id for one in page.tickets]


@pytest.mark.parametrize("kind", WAYS)
async def test_every_kind_of_request_of_a_minor_is_marked(world: World, kind: str) -> None:
    born(world, 16.5)
    player, ticket = await filed(world, kind)
    assert ticket.flags >= {"minor", "teen"}
    assert await guarded(world) == [ticket.id]
    assert not files_open_to(ticket, await world.services.staff.roster.agent("mei"))
    log = await world.services.store.reader.ticket_log(ticket.id)
    assert [(e.by, e.what) for e in log if e.what.startswith("minor")] == [
        ("assistant", "minor_found:teen")
    ]
    # From 14 on it goes on as their own request; they hear nothing of their age.
    assert "ticket.child_under_14" not in player.said()


async def test_nothing_is_marked_for_a_grown_up(world: World) -> None:
    born(world, 18.5)
    _, ticket = await filed(world, "deletion")
    assert not ticket.flags & {"minor", "adult"}
    assert not ticket.involves_minor
    assert await guarded(world) == []


@pytest.mark.parametrize(("years", "mark"), [(12.5, "under_14"), (14.5, "exactly_14")])
async def test_a_child_hears_that_a_guardian_takes_part_and_a_supervisor_decides(
    world: World, years: float, mark: str
) -> None:
    born(world, years)
    player, ticket = await filed(world, "deletion")
    assert ticket.flags >= {"minor", mark}
    told = [event for event in player.events if event.key == f"ticket.child_{mark}"]
    assert len(told) == 1
    assert ticket.number in told[0].text

    deciding = world.services.staff.decisions
    with pytest.raises(DeskError) as refused:
        await deciding.grant(ticket.number, "mei")
    assert refused.value.data["reason"] == "lack_child"
    assert (await ticket_of(player)).state is TicketState.IN_REVIEW
    released = await deciding.grant(ticket.number, "lao-zhou")
    assert released.state is TicketState.FULFILLING


async def test_the_account_service_is_asked_again_until_it_says_how_old_somebody_is(
    world: World,
) -> None:
    born(world, 12.5)
    player = await enter(world, "lin", "zh_Hans")
    world.accounts.down = True
    await steps(player, {"choose": "consent_withdrawal"}, *WAYS["consent_withdrawal"])
    await player.settle()
    assert not (await ticket_of(player)).involves_minor
    said = len(player.events)
    await player.step({"wait": {"hours": 1}})
    assert len(player.events) == said, "nobody waits for it, so nothing is told of the delay"
    world.accounts.down = False
    await player.step({"wait": {"hours": 1}})
    assert (await ticket_of(player)).flags >= {"minor", "under_14"}
    assert "ticket.child_under_14" in player.said()


async def test_staff_see_that_nobody_knows_how_old_somebody_is(world: World) -> None:
    player = await enter(world, "lin", "zh_Hans")
    world.accounts.down = True
    await steps(player, {"choose": "consent_withdrawal"}, *WAYS["consent_withdrawal"])
    for _ in range(9):
        await player.step({"wait": {"hours": 10}})
    ticket = await ticket_of(player)
    assert not ticket.involves_minor
    log = await world.services.store.reader.ticket_log(ticket.id)
    assert "age_unknown" in [entry.what for entry in log]


async def test_an_account_that_evidence_shows_is_looked_up_as_well(world: World) -> None:
    born(world, 12.5)
    player = await enter(world, "", "zh_Hans")
    await steps(
        player, {"user": "人工客服"}, {"choose": "deletion"}, {"choose": "posts"},
        {"choose": "_done"}, {"choose": "cannot"}, {"user": "小鱼"},
        {"user": "lin@example.com"}, CODE, {"upload": "id.jpg"}, {"choose": "_done"}, YES,
    )  # fmt: skip
    ticket = await ticket_of(player)
    assert not ticket.involves_minor
    staff = world.services.staff
    await open_files(staff, ticket.number, "mei")
    await staff.examinations.examine(ticket.number, "mei", accepted=True, account="u-1001")
    await player.settle()
    assert (await ticket_of(player)).flags >= {"minor", "under_14"}
    assert "ticket.child_under_14" in player.said()


async def test_somebody_who_has_not_shown_who_they_are_is_told_no_birthday(world: World) -> None:
    born(world, 12.5)
    player = await enter(world, "lin", "zh_Hans")
    await steps(player, {"choose": "deletion"}, {"choose": "posts"}, {"choose": "_done"})
    await steps(player, {"code": "wrong"}, {"code": "wrong"}, {"code": "wrong"})
    await player.step({"choose": "_skip"})
    ticket = await ticket_of(player)
    assert ticket.state is TicketState.AWAITING_VERIFICATION
    assert "under_14" in ticket.flags
    assert "ticket.child_under_14" not in [event.key for event in player.events]


async def test_a_child_in_danger_is_seen_by_whoever_takes_over(world: World) -> None:
    player = await enter(world, "mother", "zh_Hans")
    await steps(player, {"user": "我女儿11岁 有个男的要约她见面"}, {"owner": "queue"})
    assert player.session is not None
    taken = await world.services.store.reader.conversation(player.session.conversation)
    assert taken is not None
    assert taken.minor_hint
