"""What an outcome says is what happened: nothing less, and nothing that did not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog
from tests.common.stories import PEOPLE, PROFILE, Player, World, open_world, steps
from tests.functional.test_outcomes import card, come_back, enter, only_ticket

from privacydesk.domain.account_terms import AccountStatus
from privacydesk.errors import DeskError


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


async def guardian(world: World, wish: str, born: str = "2014-05-01") -> Player:
    """Have a mother's request examined and granted for Lele's account."""
    player = await enter(world, "mother")
    await steps(player, {"choose": "guardian"}, {"choose": "mother"}, {"user": born})
    await steps(player, {"user": "lele"}, {"choose": wish}, {"choose": "_skip"})
    await steps(player, {"user": "wangfang@example.com"}, {"code": "right"})
    await steps(player, {"upload": "one.jpg"}, {"choose": "_done"}, {"bot": "guardian.filed"})
    await player.step({"agent": {"examine": "accepted"}})
    await player.step(
        {"agent": {"release": {"account": "lele", "text": "Collected at our office."}}}
    )
    await player.settle()
    return player


@pytest.fixture(autouse=True)
def lele(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PEOPLE, "lele", "lele")


async def test_a_guardian_who_comes_back_by_number_reads_what_is_held_and_what_was_done(
    world: World,
) -> None:
    player = await guardian(world, "access")
    told = card(player, "ticket.summary")
    assert told["posts"].startswith("3, from")
    again = await come_back(world, (await only_ticket(player)).number, "en")
    assert card(again, "ticket.summary") == told
    assert card(again, "ticket.done.guardian_suspended") == {
        "the account": "Suspended; nobody can log in"
    }
    assert "Collected at our office." in next(
        event.text for event in again.events if event.key == "ticket.added"
    )


async def test_a_stranger_with_the_number_alone_reads_nothing_of_it(world: World) -> None:
    player = await guardian(world, "access")
    number = (await only_ticket(player)).number
    world.clock.move(timedelta(minutes=20))
    stranger = await enter(world)
    await steps(stranger, {"user": number}, {"code": "wrong"})
    assert not [event for event in stranger.events if event.key.startswith("ticket.")]


async def test_a_childs_account_that_was_stopped_is_told_as_suspended_and_handed_to_nobody(
    world: World,
) -> None:
    player = await guardian(world, "close")
    record = world.accounts.book.find(world.people["lele"].account or "")
    assert record is not None
    assert record.status is AccountStatus.SUSPENDED
    assert card(player, "ticket.done.guardian_suspended") == {
        "the account": "Suspended; nobody can log in"
    }
    assert "ticket.handed_over" not in player.said()


@pytest.mark.parametrize("born", ["2014-05-01", "2010-05-01"])
async def test_closing_a_childs_account_has_a_date_of_its_own(world: World, born: str) -> None:
    world.accounts.busy = True
    player = await guardian(world, "close", born)
    (ticket,) = await player.tickets()
    assert ticket.completion is not None
    assert ticket.completion.started_at == ticket.answered_at
    assert (ticket.completion.regime, ticket.completion.amount) == ("closing_15wd", 15)
    kinds = [event.kind.value for event in ticket.scheduled_events]
    assert kinds == ["completion_soon", "completion_overdue"]


async def test_what_a_guardian_asks_for_without_closing_has_no_such_date(world: World) -> None:
    world.accounts.busy = True
    player = await guardian(world, "delete")
    (ticket,) = await player.tickets()
    assert ticket.completion is None


async def test_what_goes_with_an_account_is_said_when_it_was_handed_over(world: World) -> None:
    player = await guardian(world, "hand_over")
    assert "ticket.handed_over" in player.said()


async def test_a_deletion_names_what_was_never_stored(world: World) -> None:
    player = await enter(world, "wu")
    await steps(player, {"choose": "deletion"}, {"choose": "posts"}, {"choose": "voice"})
    await steps(player, {"choose": "_done"}, {"code": "right"}, {"choose": "yes"})
    await player.step({"agent": {"release": True}})
    await player.settle()
    rows = card(player, "ticket.done.deletion")
    assert rows["voice recordings"] == "Nothing is stored"
    assert rows["posts"] == "Deleted"
    assert "ticket.backups" in player.said()


async def test_a_deletion_of_nothing_but_what_was_never_stored_deletes_nothing(
    world: World,
) -> None:
    player = await enter(world, "wu")
    await steps(player, {"choose": "deletion"}, {"choose": "voice"}, {"choose": "_done"})
    await steps(player, {"code": "right"}, {"choose": "yes"}, {"agent": {"release": True}})
    await player.settle()
    assert "ticket.nothing_to_delete" in player.said()
    assert not {"ticket.done.deletion", "ticket.backups"} & set(player.said())


async def test_an_overdue_request_is_called_out_once_and_told_to_its_requester_once(
    world: World,
) -> None:
    player = await enter(world, "lin")
    await steps(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    ticket = await only_ticket(player)
    with structlog.testing.capture_logs() as logs:
        for _ in range(12):
            world.clock.move(timedelta(days=1))
            await world.work()
    alarms = [one for one in logs if one.get("ticket") == ticket.number]
    assert [one["event"] for one in alarms] == [
        "ticket_due_in_two_working_days",
        "ticket_due_in_one_working_day",
        "ticket_overdue",
    ]
    assert {one["log_level"] for one in alarms} == {"warning"}
    assert alarms[-1]["alarms"] == ["supervisors"]
    await player.pull()
    assert [event.key for event in player.events].count("ticket.late") == 1


async def test_the_status_of_a_late_request_says_so(world: World) -> None:
    player = await enter(world, "lin")
    await steps(player, {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    world.clock.move(timedelta(days=12))
    await steps(player, {"user": "progress"}, {"bot": "ticket.late"})


async def test_what_only_people_can_do_for_a_child_is_not_granted_without_saying_how(
    world: World,
) -> None:
    player = await enter(world, "mother")
    await steps(player, {"choose": "guardian"}, {"choose": "mother"}, {"user": "2014-05-01"})
    await steps(player, {"user": "lele"}, {"choose": "hand_over"}, {"choose": "_skip"})
    await steps(player, {"user": "wangfang@example.com"}, {"code": "right"})
    await steps(player, {"upload": "one.jpg"}, {"choose": "_done"})
    await player.step({"agent": {"examine": "accepted"}})
    with pytest.raises(DeskError) as refused:
        await player.step({"agent": {"release": {"account": "lele"}}})
    assert refused.value.data["reason"] == "lack_answer"


async def test_places_that_the_profile_does_not_name_are_told_in_general_words(
    tmp_path: Path,
) -> None:
    nameless = {name: value for name, value in PROFILE.items() if name != "paths"}
    async with open_world(tmp_path, nameless) as world:
        player = await enter(world, "lin")
        await steps(player, {"user": "close my account"})
        assert any("under “account settings”" in event.text for event in player.events)


async def test_a_yes_that_was_typed_to_another_question_confirms_nothing(world: World) -> None:
    player = Player(world, world.people["lin-xiaoyu"], "en")
    await player.start()
    await steps(player, {"user": "unbind google"}, {"code": "right"})
    assert player.session is not None
    google = (await world.services.desk.view(player.session)).prompt
    await player.step({"user": "wechat instead"})
    wechat = (await world.services.desk.view(player.session)).prompt
    assert google < wechat
    await player.do("say", text="Yes, disconnect it", offset=google)
    assert "desk.choice_closed" in player.said()
    assert not await player.tickets()
    asked_again = (await world.services.desk.view(player.session)).prompt
    await player.do("say", text="Yes, disconnect it", offset=asked_again)
    assert [item.detail["provider"] for item in (await only_ticket(player)).items] == ["wechat"]
