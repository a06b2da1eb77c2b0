"""What people say of a closed request: asked once, counted, and kept out of everybody's sight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.stories import PROFILE, Player, World, enter, open_world, steps

from privacydesk.domain.ticket import Satisfaction, Ticket

COMMENT = "it took far too long quokka"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


async def answered(world: World) -> Player:
    """Return somebody whose complaint was just answered."""
    player = await enter(world, "lin", "en")
    await steps(
        player,
        {"choose": "complaint"},
        {"choose": "leak"},
        {"user": "my address was posted in a chat room"},
        {"choose": "collect_evidence.nothing_to_add"},
        {"agent": {"resolve": "We found nothing of that."}},
        {"bot": "satisfaction.ask"},
    )
    return player


def on_disk(folder: Path) -> bytes:
    found = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
    assert found
    return found


async def only_ticket(player: Player) -> Ticket:
    (ticket,) = await player.tickets()
    return ticket


@pytest.mark.sqlite("what its file holds is searched, byte by byte")
async def test_an_answer_is_counted_and_the_words_lie_in_the_log_alone(
    world: World, tmp_path: Path
) -> None:
    player = await answered(world)
    await steps(
        player,
        {"choose": "not_satisfied"},
        {"choose": "other"},
        {"user": COMMENT},
        {"bot": "satisfaction.kept"},
    )
    ticket = await only_ticket(player)
    assert ticket.satisfaction is Satisfaction.NOT_SATISFIED
    log = await world.services.store.reader.ticket_log(ticket.id)
    assert [(e.what, e.why) for e in log if e.what.startswith("rated")] == [
        ("rated:not_satisfied", ""),
        ("rated:not_satisfied", COMMENT),
    ]
    assert COMMENT.encode() not in on_disk(tmp_path)


async def test_a_second_tab_cannot_answer_again(world: World) -> None:
    player = await answered(world)
    asked = next(e for e in player.events if e.key == "satisfaction.ask")
    await player.step({"choose": "satisfied"})
    await player.do("choose", choice="not_satisfied", offset=asked.offset)
    await player.step({"bot": "desk.choice_closed"})
    assert (await only_ticket(player)).satisfaction is Satisfaction.SATISFIED


async def test_a_request_that_was_taken_back_is_not_asked_about(world: World) -> None:
    player = await enter(world, "lin", "en")
    await steps(
        player,
        {"choose": "complaint"},
        {"choose": "leak"},
        {"user": "my address was posted in a chat room"},
        {"choose": "collect_evidence.nothing_to_add"},
        {"user": "I want to withdraw my request"},
        {"choose": "yes"},
        {"bot": "cancel_request.withdrawn"},
        {"not_bot": "satisfaction.ask"},
    )


async def test_the_answer_stays_on_the_record_and_the_words_go(world: World) -> None:
    player = await answered(world)
    await steps(player, {"choose": "not_satisfied"}, {"choose": "other"}, {"user": COMMENT})
    world.clock.move(timedelta(days=60))
    await world.services.maintenance.retention.run(by="operator")
    ticket = await only_ticket(player)
    assert ticket.purged_at is not None
    assert ticket.satisfaction is Satisfaction.NOT_SATISFIED
    log = await world.services.store.reader.ticket_log(ticket.id)
    assert not any(COMMENT in entry.why for entry in log)


async def test_an_agent_who_speaks_is_not_talked_over(world: World) -> None:
    player = await enter(world, "lin", "en")
    await steps(
        player,
        {"choose": "complaint"},
        {"choose": "leak"},
        {"user": "my address was posted in a chat room"},
        {"choose": "collect_evidence.nothing_to_add"},
        {"agent": "take"},
        {"agent": {"resolve": "We found nothing of that."}},
        {"not_bot": "satisfaction.ask"},
        {"agent": "hand_back"},
        {"bot": "satisfaction.ask"},
    )


@pytest.mark.parametrize("said", ["no", "nope", "Nah.", "not really", "不", "唔系"])
async def test_a_plain_no_is_not_satisfied(world: World, said: str) -> None:
    player = await answered(world)
    await steps(player, {"user": said}, {"bot": "satisfaction.ways"})
    assert (await only_ticket(player)).satisfaction is Satisfaction.NOT_SATISFIED


@pytest.mark.parametrize("said", ["没有", "没", "冇", "沒有。"])
async def test_a_no_that_may_mean_that_there_is_nothing_else_is_asked_about_once(
    world: World, said: str
) -> None:
    player = await answered(world)
    await steps(player, {"user": said}, {"bot": "satisfaction.which"})
    assert (await only_ticket(player)).satisfaction is None
    await steps(player, {"user": said}, {"bot": "desk.nothing_more"})
    assert (await only_ticket(player)).satisfaction is None


async def test_the_plainer_question_is_answered_like_the_first(world: World) -> None:
    player = await answered(world)
    await steps(player, {"user": "没有"}, {"choose": "not_satisfied"}, {"bot": "satisfaction.ways"})
    assert (await only_ticket(player)).satisfaction is Satisfaction.NOT_SATISFIED
