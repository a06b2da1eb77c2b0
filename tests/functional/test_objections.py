"""A decision is objected to once, by whichever way and however often somebody says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from tests.common.stories import Player, World, enter, open_world, steps

from privacydesk.domain.ids import ConversationId, TicketId
from privacydesk.domain.instants import write_instant
from privacydesk.domain.ticket import Ticket
from privacydesk.ports import Changes, Job, Locks, WorkingSet

COMPLAINT: tuple[dict[str, Any], ...] = (
    {"choose": "complaint"},
    {"choose": "leak"},
    {"user": "我的住址被人发到了聊天室"},
    {"choose": "collect_evidence.nothing_to_add"},
    {"agent": {"resolve": "没有查到您说的内容"}},
    {"bot": "ticket.resolved"},
)
OBJECTION: tuple[dict[str, Any], ...] = (
    {"user": "我不服"},
    {"bot": "objection.reason"},
    {"user": "截图里写得很清楚"},
    {"bot": "objection.sure"},
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path) as opened:
        yield opened


async def objections(world: World) -> list[Ticket]:
    filed = await world.services.store.reader.list_tickets()
    return [ticket for ticket in filed if "objection" in ticket.flags]


def told(player: Player, key: str) -> str:
    return next(event.text for event in reversed(player.events) if event.key == key)


async def decided(world: World) -> Player:
    return await steps(await enter(world, "lin"), *COMPLAINT)


async def test_the_words_and_then_the_button_are_one_objection(world: World) -> None:
    player = await steps(await decided(world), *OBJECTION, {"user": "好的，提吧"})
    await steps(player, {"bot": "objection.filed"}, {"choose": "desk:menu"})
    await steps(player, {"choose": "complaint"}, {"choose": "answer"}, {"bot": "objection.stands"})
    (objection,) = await objections(world)
    assert objection.number in told(player, "objection.stands")


async def test_an_objection_has_a_reply_due_of_its_own_that_is_said_each_time(
    world: World,
) -> None:
    player = await decided(world)
    assert "提出后 7 个工作日内答复" in told(player, "ticket.objection_until")
    await steps(player, {"wait": {"days": 3}}, *OBJECTION, {"choose": "yes"})
    (objection,) = await objections(world)
    (first,) = [one for one in await player.tickets() if one.id == objection.linked]
    assert objection.clock is not None
    assert first.clock is not None
    assert objection.clock.started_at > first.clock.started_at
    day = objection.clock.due_date
    due = f"{day.year}年{day.month}月{day.day}日"
    filed = next(e for e in reversed(player.events) if e.kind.value == "ticket")
    assert filed.text.splitlines()[0] == f"编号：{objection.number}"
    assert filed.text.splitlines()[-1].startswith(f"最晚答复：{due}")
    await steps(player, {"user": "我不服"}, {"bot": "objection.stands"})
    assert f"最晚 {due}" in told(player, "objection.stands")
    card = [e.data["ticket"] for e in player.events if e.kind.value == "ticket"]
    assert objection.number in {one["number"] for one in card}
    assert player.session is not None
    cards = (await world.services.desk.view(player.session)).requests or ()
    shown = next(one["objection"] for one in cards if one["number"] != objection.number)
    assert (shown["number"], shown["received_at"]) == (
        objection.number,
        write_instant(objection.received_at),
    )
    assert due in shown["text"]


async def test_the_button_and_then_the_words_days_later_are_one_objection(world: World) -> None:
    player = await steps(await decided(world), {"choose": "not_satisfied"}, {"choose": "object"})
    await steps(player, {"user": "请再看一遍"}, {"choose": "yes"}, {"bot": "objection.filed"})
    await steps(player, {"wait": {"days": 3}}, {"user": "我不服"}, {"bot": "objection.stands"})
    assert len(await objections(world)) == 1


async def test_a_resent_confirmation_is_one_objection(world: World) -> None:
    player = await steps(await decided(world), *OBJECTION, {"user": "确认"}, {"resend": True})
    assert len(await objections(world)) == 1
    assert player.said() == []


async def test_two_windows_at_once_are_one_objection(world: World) -> None:
    here = await steps(await decided(world), *OBJECTION)
    there = await enter(world, "lin")
    assert here.session is not None
    prompt = (await world.services.desk.view(here.session)).prompt
    await asyncio.gather(
        here.do("say", text="是", offset=prompt),
        there.do("choose", choice="yes", offset=prompt),
    )
    assert len(await objections(world)) == 1


async def somebody(world: World) -> tuple[Player, Player]:
    """Return one without a login whose complaint was decided, in two conversations of theirs."""
    here = await steps(
        await enter(world),
        {"user": "我要投诉"},
        {"choose": "leak"},
        {"user": "我没注册过，却一直收到你们的短信"},
        {"user": "nobody@example.com"},
        {"code": "right"},
        {"choose": "collect_evidence.nothing_to_add"},
        {"agent": {"resolve": "没有查到"}},
    )
    there = await enter(world)
    there.number = (await here.tickets())[0].number
    await steps(there, {"user": "我要提异议"}, {"number": "here"}, {"code": "right"})
    await steps(there, {"user": "短信还在发"}, {"bot": "objection.sure"})
    return here, there


async def test_two_conversations_at_once_are_one_objection(world: World) -> None:
    here, there = await somebody(world)
    await steps(here, {"user": "我要提异议"}, {"user": "还在发"}, {"bot": "objection.sure"})
    await asyncio.gather(here.step({"choose": "yes"}), there.step({"choose": "yes"}))
    (objection,) = await objections(world)
    said = {*here.said(), *there.said()}
    assert {"objection.filed", "objection.stands"} <= said
    late = here if "objection.stands" in here.said() else there
    assert objection.number in told(late, "objection.stands")


async def test_an_objection_in_another_conversation_is_known_before_it_is_explained_again(
    world: World,
) -> None:
    here, there = await somebody(world)
    await steps(there, {"user": "是"}, {"bot": "objection.filed"})
    await steps(here, {"user": "我要提异议"}, {"bot": "objection.stands"})
    await steps(here, {"not_bot": "objection.reason"})
    assert len(await objections(world)) == 1


async def test_an_objection_that_was_taken_back_may_be_made_again(world: World) -> None:
    player = await steps(await decided(world), *OBJECTION, {"choose": "yes"})
    await steps(player, {"user": "撤回申请"}, {"bot": "cancel_request.sure"}, {"choose": "yes"})
    await steps(player, *OBJECTION, {"choose": "yes"}, {"bot": "objection.filed"})
    first, second = sorted(await objections(world), key=lambda one: one.id)
    assert not first.is_open
    assert second.is_open


async def test_an_objection_of_an_earlier_version_is_known_by_what_it_objects_to(
    world: World,
) -> None:
    player = await steps(await decided(world), *OBJECTION, {"choose": "yes"})
    (objection,) = await objections(world)
    assert objection.linked is not None
    await forget_note(world, objection.linked, objection.conversation_id)
    await steps(player, {"user": "我不服"}, {"bot": "objection.stands"})
    assert len(await objections(world)) == 1


async def forget_note(world: World, first: TicketId, conversation: ConversationId) -> None:
    def decide(rows: WorkingSet) -> Changes:
        ticket = rows.tickets[first]
        work = replace(ticket.work, objection="")
        return Changes(tickets=(replace(ticket, work=work, version=ticket.version + 1),))

    locks = Locks(conversation=conversation, tickets=(first,))
    await world.services.store.writer.submit(Job("forget", locks, decide))


async def test_the_first_decision_keeps_its_dates(world: World) -> None:
    player = await decided(world)
    (before,) = await player.tickets()
    world.clock.move(timedelta(days=1))
    await steps(player, *OBJECTION, {"choose": "yes"})
    after = await world.services.store.reader.ticket(before.id)
    assert after is not None
    assert (
        after.clocks,
        after.answered_at,
        after.closed_at,
        after.outcome,
        after.scheduled_events,
    ) == (
        before.clocks,
        before.answered_at,
        before.closed_at,
        before.outcome,
        before.scheduled_events,
    )
