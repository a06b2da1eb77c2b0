"""Closing a request as the duplicate of another: nobody loses by it, and it is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.inbox_views import InboxView
from privacydesk.domain.ticket import Outcome, ScopeItem, Ticket, TicketState
from privacydesk.errors import DeskError, NotAllowedNowError
from privacydesk.services.staff.merges import MergeBlocker, find_merge_blocker


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


async def deletion(player: Player, *categories: str) -> None:
    await steps(player, {"choose": "desk:menu"}, {"choose": "deletion"})
    for category in categories:
        await player.step({"choose": category})
    await player.step({"choose": "_done"})
    if "verify.code_sent" in player.said():
        await player.step({"code": "right"})
    await steps(player, {"choose": "yes"}, {"bot": "deletion.filed"})


async def two(world: World) -> tuple[Player, Ticket, Ticket]:
    """Return somebody with two deletions: posts and photos, and a day later the photos alone."""
    player = await enter(world, "lin", "en")
    await deletion(player, "posts", "photos")
    world.clock.move(timedelta(days=1))
    await player.open()
    await deletion(player, "photos")
    later, first = await player.tickets()
    return player, first, later


async def test_the_narrower_and_later_one_is_closed_and_the_person_told_which_goes_on(
    world: World,
) -> None:
    player, first, later = await two(world)
    staff = world.services.staff
    player.mark = len(player.events)
    closed = await staff.merges.merge(later.number, "mei", first.number, "same photos", job_id="m")
    again = await staff.merges.merge(later.number, "mei", first.number, "same photos", job_id="m")
    await player.pull()

    assert (closed.state, closed.outcome) == (TicketState.CLOSED, Outcome.DUPLICATE)
    assert closed.linked == first.id
    assert again == closed
    assert player.said().count("ticket.merged") == 1
    told = next(e for e in player.events if e.key == "ticket.merged")
    assert first.number in told.text
    assert first.clock is not None
    assert "10 June" in told.text
    assert "satisfaction.ask" not in player.said()
    assert "same photos" not in "".join(e.text for e in player.events)

    reader = world.services.store.reader
    entries = [
        (entry.what, entry.why, *entry.data.values())
        for one in (first, later)
        for entry in await reader.ticket_log(one.id)
    ]
    assert ("mark_duplicate", "same photos", first.number) in entries
    assert ("merged", "same photos", later.number) in entries
    related = await staff.tickets.related(await staff.tickets.by_number(first.number))
    assert [one.id for one in related.linked] == [later.id]


async def test_the_one_that_is_due_sooner_goes_on(world: World) -> None:
    player, first, later = await two(world)
    assert find_merge_blocker(first, later) is MergeBlocker.SCOPE
    with pytest.raises(NotAllowedNowError, match="duplicate") as refused:
        await world.services.staff.merges.merge(first.number, "mei", later.number, "same photos")
    assert refused.value.data["reason"] == "merge_scope"
    narrow = replace(first, items=later.items)
    assert find_merge_blocker(narrow, later) is MergeBlocker.LATER
    assert all(ticket.is_open for ticket in await player.tickets())


async def test_nobody_s_request_is_put_under_another_person_s(world: World) -> None:
    _, first, _ = await two(world)
    other = await enter(world, "chen", "en")
    await deletion(other, "photos")
    (theirs,) = await other.tickets()
    assert find_merge_blocker(theirs, first) is MergeBlocker.PERSON
    with pytest.raises(NotAllowedNowError):
        await world.services.staff.merges.merge(theirs.number, "mei", first.number, "same")
    await other.pull()
    assert first.number not in "".join(event.text for event in other.events)


async def test_what_stands_against_it_is_named(world: World) -> None:
    _, first, later = await two(world)
    unverified = replace(later, state=TicketState.AWAITING_VERIFICATION, verified_at=None)
    wider = replace(later, items=(*later.items, ScopeItem("chat_history")))
    cases = {
        MergeBlocker.STATE: unverified,
        MergeBlocker.OBJECTION: replace(later, flags=later.flags | {"objection"}),
        MergeBlocker.HOLD: replace(later, flags=later.flags | {"hold"}),
        MergeBlocker.SCOPE: wider,
        MergeBlocker.SAME: first,
    }
    assert {found: find_merge_blocker(ticket, first) for found, ticket in cases.items()} == {
        found: found for found in cases
    }
    assert find_merge_blocker(later, replace(first, items=(ScopeItem("all"),))) is None


async def test_who_hands_a_request_up_is_answered_by_a_supervisor(world: World) -> None:
    _, first, _ = await two(world)
    staff, agents = world.services.staff, world.services.agents
    before = len(
        (await world.services.console.inbox.view_page(InboxView.ESCALATED, agents["mei"])).rows
    )
    await staff.escalations.escalate(first.number, "mei", "Is this the right account?", job_id="e")
    await staff.escalations.escalate(first.number, "mei", "Is this the right account?", job_id="e")
    page = await world.services.console.inbox.view_page(InboxView.ESCALATED, agents["lao-zhou"])
    assert [row.ticket.number for row in page.rows] == [first.number]
    assert before == 0

    (call,) = await world.services.console.alarms.alarms_of("lao-zhou")
    assert (call.kind, call.number) == (AlarmKind.ESCALATED, first.number)
    await staff.handling.claim(first.number, "mei")
    with pytest.raises(DeskError, match="supervisor"):
        await staff.escalations.answer(first.number, "mei", "Yes.")
    with pytest.raises(NotAllowedNowError):
        await staff.escalations.escalate(first.number, "mei", "And again?")
    answered = await staff.escalations.answer(first.number, "lao-zhou", "Yes, it is.")
    assert "escalated" not in answered.flags
    (call,) = await world.services.console.alarms.alarms_of("mei")
    assert (call.kind, call.number) == (AlarmKind.ESCALATION_ANSWERED, first.number)
    with pytest.raises(NotAllowedNowError):
        await staff.escalations.answer(first.number, "lao-zhou", "Twice.")
    assert not (
        await world.services.console.inbox.view_page(InboxView.ESCALATED, agents["mei"])
    ).rows
    log = await world.services.store.reader.ticket_log(first.id)
    assert [(e.what, e.by) for e in log if "escal" in e.what] == [
        ("escalate", "mei"),
        ("escalation_answered", "lao-zhou"),
    ]


async def test_a_closed_request_is_in_nobody_s_list_of_what_was_handed_up(world: World) -> None:
    _, first, later = await two(world)
    staff = world.services.staff
    await staff.escalations.escalate(later.number, "mei", "Is it the same?")
    await staff.merges.merge(later.number, "mei", first.number, "same photos")
    page = await world.services.console.inbox.view_page(
        InboxView.ESCALATED, world.services.agents["mei"]
    )
    assert not page.rows
