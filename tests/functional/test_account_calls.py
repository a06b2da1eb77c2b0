"""What the account service is asked for happens once, whenever and however it answers."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from tests.common.stories import Player, World, picture, steps

from privacydesk.app.process import build_web_app
from privacydesk.connectors.signing import read_signed, signature_headers
from privacydesk.domain.account_terms import (
    AccountAction,
    AccountReason,
    AccountStatus,
    DataCategory,
    ItemOutcome,
)
from privacydesk.domain.deliveries import ACCEPTED, Pool
from privacydesk.domain.ticket import Outcome, Ticket, TicketState
from privacydesk.errors import DeskError, ErrorCode, InvalidRequestError, NotAllowedNowError
from privacydesk.services.callbacks import Callbacks
from privacydesk.services.staff.account_calls import IN_PROGRESS, WAITING, AccountCallStatus

LIN = "lin-xiaoyu"
SECRET = "a secret of both sides, long enough"


async def deleting(world: World, *kinds: str) -> Player:
    """Return somebody whose deletion waits for an agent."""
    player = Player(world, world.people[LIN], "zh_Hans")
    await player.start()
    await steps(player, {"choose": "deletion"})
    for kind in kinds:
        await steps(player, {"choose": kind})
    await steps(
        player,
        {"choose": "_done"},
        {"code": "right"},
        {"choose": "yes"},
        {"bot": "deletion.filed"},
    )
    return player


async def ticket_of(player: Player) -> Ticket:
    return (await player.tickets())[0]


async def calls(world: World, player: Player) -> tuple[AccountCallStatus, ...]:
    sheet = await world.services.console.case_pages.ticket_page((await ticket_of(player)).number)
    return sheet.calls


def changes(world: World) -> list[str]:
    return [one.key for one in world.accounts.calls if not one.action.reads]


def callbacks(world: World) -> Callbacks:
    """Return what takes calls, with a secret as a desk with an account service has one."""
    taken = world.services.callbacks
    return Callbacks(
        check=partial(read_signed, (SECRET,)),
        writer=taken._writer,
        minter=taken._minter,
        clock=world.clock,
        on_work_queued=lambda: None,
    )


async def call_back(world: World, key: str, *, at: timedelta = timedelta(), **more: Any) -> None:
    timestamp = int((world.clock.now() + at).timestamp())
    headers = {**signature_headers((SECRET,), key, timestamp, b"{}"), **more}
    await callbacks(world).handle(headers, b"{}")


async def test_long_work_is_accepted_asked_about_again_and_done_once(world: World) -> None:
    player = await deleting(world, "posts")
    world.accounts.busy = True
    await steps(
        player, {"agent": {"release": True}}, {"wait": {"minutes": 1}}, {"wait": {"minutes": 1}}
    )
    (open_call,) = await calls(world, player)
    assert (open_call.action, open_call.outcome) == ("delete", IN_PROGRESS)
    assert open_call.tries >= 2
    assert {one.outcome for one in open_call.earlier} == {ACCEPTED}
    world.accounts.busy = False
    await steps(player, {"wait": {"minutes": 2}}, {"bot": "ticket.done.deletion"})
    keys = changes(world)
    assert len(set(keys)) == 1, "each try has the same key"
    (done,) = await calls(world, player)
    assert (done.outcome, done.key) == ("ok", keys[0])
    assert done.tries == len(keys)


async def test_that_it_takes_longer_is_told_by_time_where_the_work_was_accepted(
    world: World,
) -> None:
    player = await deleting(world, "posts")
    world.accounts.busy = True
    await steps(
        player,
        {"agent": {"release": True}},
        {"wait": {"minutes": 5}},
        {"not_bot": ["ticket.delayed", "ticket.at_work"]},
        {"wait": {"minutes": 8}},
        {"bot": "ticket.at_work"},
        {"wait": {"minutes": 30}},
        {"not_bot": ["ticket.delayed", "ticket.at_work"]},
    )


async def test_an_answer_that_got_lost_repeats_nothing(world: World) -> None:
    player = await deleting(world, "posts")
    world.accounts.mute = True
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 2}})
    record = world.accounts.book.find("u-1001")
    assert record is not None
    assert record.holdings[DataCategory.POSTS] == ()
    first = world.accounts.book.anonymous
    world.accounts.mute = False
    await steps(player, {"wait": {"hours": 2}})
    ticket = await ticket_of(player)
    assert ticket.outcome is Outcome.FULFILLED
    assert ticket.work.results[0]["count"] == 3, "told is what the first one did"
    assert world.accounts.book.anonymous == first
    (done,) = await calls(world, player)
    assert {one.outcome for one in done.earlier} == {"timeout"}


async def test_an_answer_that_can_t_be_settled_is_asked_for_again_and_later_each_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = ValueError("a shape nobody thought of")

    def settle(*_: object) -> None:
        raise broken

    player = await deleting(world, "posts")
    monkeypatch.setattr("privacydesk.services.deliveries.apply_answer", settle)
    await steps(player, {"agent": {"release": True}}, *[{"wait": {"minutes": 1}}] * 20)
    assert [event.key for event in player.events].count("ticket.delayed") == 1
    (waits,) = await calls(world, player)
    assert {one.outcome for one in waits.earlier} == {"not_settled"}
    assert waits.tries < 12, "it rests for longer each time"
    monkeypatch.undo()
    await steps(player, {"wait": {"hours": 2}}, {"bot": "ticket.done.deletion"})
    assert (await ticket_of(player)).outcome is Outcome.FULFILLED


async def test_a_call_back_has_the_desk_ask_at_once(world: World) -> None:
    player = await deleting(world, "posts")
    world.accounts.busy = True
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 40}})
    (waiting,) = await calls(world, player)
    assert waiting.due_at is not None
    tried = len(changes(world))
    await call_back(world, waiting.key)
    await world.work()
    assert len(changes(world)) == tried + 1, "it was asked before its time"
    world.accounts.busy = False
    (waiting,) = await calls(world, player)
    assert waiting.due_at is not None
    assert waiting.due_at > world.clock.now()
    await call_back(world, waiting.key)
    await player.settle()
    await steps(player, {"ticket": {"kind": "deletion", "state": "closed", "outcome": "fulfilled"}})


async def test_a_call_back_while_the_desk_asks_is_not_lost(world: World) -> None:
    """It comes between "still at it" and the note of when to ask again."""
    player = await deleting(world, "posts")
    world.accounts.busy = True
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 40}})
    rows = await world.services.store.claims.deliveries(
        world.clock.now() + timedelta(hours=2),
        lease=timedelta(minutes=1),
        places=dict.fromkeys(Pool, 8),
    )
    (row,) = [one for one in rows if one.action == "delete"]
    await call_back(world, row.id.hex())
    deliveries = world.services.worker.outbox._deliveries
    await deliveries.deliver(row)
    (waiting,) = await calls(world, player)
    assert waiting.due_at == world.clock.now(), "it is due at once, not after a pause"


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": " "},
        {"at": timedelta(minutes=6)},
        {"at": timedelta(minutes=-6)},
        signature_headers(("another secret",), "00" * 16, 0, b"{}"),
        # A byte of a header that is no UTF-8, as the server reads it.
        {"webhook-signature": "v1,\udcff"},
        {"webhook-signature": "v1,AAAA", "webhook-id": "\udcff"},
    ],
)
async def test_nobody_else_can_call(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="the callback is refused"):
        await call_back(world, **{"key": "00" * 16, **wrong})


@pytest.mark.parametrize("key", ["", "zz", "00", "00" * 15, "00" * 17])
async def test_a_key_that_is_none_of_ours_is_refused(world: World, key: str) -> None:
    with pytest.raises(InvalidRequestError):
        await call_back(world, key)


async def test_a_key_that_nothing_waits_for_changes_nothing(world: World) -> None:
    await call_back(world, "00" * 16)
    assert await world.services.store.reader.open_deliveries() == 0


async def test_a_call_back_repeated_or_late_does_nothing(world: World) -> None:
    player = await deleting(world, "posts")
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 1}})
    (done,) = await calls(world, player)
    asked = len(world.accounts.calls)
    for _ in range(3):
        await call_back(world, done.key)
        await world.work()
    assert len(world.accounts.calls) == asked


async def test_each_item_has_its_own_result_for_staff(world: World) -> None:
    player = await deleting(world, "posts", "recharge", "comments")
    world.accounts.obstruct("comments", AccountReason.TECHNICAL)
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 1}})
    (done,) = await calls(world, player)
    assert done.outcome == "partly"
    items = {one.scope: one for one in done.items}
    assert items["posts"].outcome is ItemOutcome.DONE
    assert items["recharge"].outcome is ItemOutcome.KEPT
    assert items["recharge"].until is not None
    assert items["comments"].reason is AccountReason.TECHNICAL
    assert done.asked_at is not None
    assert done.answered_at is not None


async def test_a_service_that_is_away_is_seen_as_waiting(world: World) -> None:
    player = await deleting(world, "posts")
    world.accounts.down = True
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 1}})
    (waiting,) = await calls(world, player)
    assert waiting.outcome == WAITING
    assert waiting.earlier[-1].outcome == "unreachable"
    assert (await ticket_of(player)).state is TicketState.FULFILLING


async def test_what_was_called_stays_with_the_record_without_what_it_held(world: World) -> None:
    player = await deleting(world, "posts")
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 1}})
    world.clock.move(timedelta(days=40))
    await world.services.maintenance.retention.run(by="operator")
    (kept,) = await calls(world, player)
    assert (kept.action, kept.outcome, kept.items, kept.key) == ("delete", "ok", (), "")
    assert kept.tries == 1


async def test_the_address_for_calls_is_there_and_asks_for_a_signature(world: World) -> None:
    app = build_web_app(world.services)
    async with TestClient(TestServer(app)) as client:
        for headers in ({}, {"X-Desk-Timestamp": "x"}, {"X-Desk-Timestamp": "1" * 400}):
            answer = await client.post("/account/v1/finished", headers=headers)
            assert answer.status == 401
            refused = json.loads(await answer.read())
            assert (refused["code"], refused["reason"]) == ("unauthenticated", "callback_signature")
            assert refused["title"].startswith("The signature")
        large = await client.post(
            "/account/v1/finished",
            headers={"X-Desk-Timestamp": str(int(world.clock.now().timestamp()))},
            data=picture() * 40,
        )
        assert large.status in {401, 413}
        wrong = await client.get("/account/v1/finished", headers={"Accept": "application/json"})
        assert (wrong.status, (await wrong.json())["reason"]) == (405, "wrong_method")


async def test_consent_that_is_withdrawn_while_the_service_is_away_is_withdrawn_once(
    world: World,
) -> None:
    player = Player(world, world.people[LIN], "zh_Hans")
    await player.start()
    await steps(
        player,
        {"choose": "consent_withdrawal"},
        {"choose": "marketing"},
        {"choose": "yes"},
    )
    world.accounts.down = True
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 3}})
    world.accounts.down = False
    await steps(player, {"wait": {"hours": 1}})
    done = [
        one.action for one in world.accounts.calls if one.action is AccountAction.WITHDRAW_CONSENT
    ]
    assert done
    assert len({one.key for one in world.accounts.calls if not one.action.reads}) == 1


async def stopped(world: World) -> Player:
    """Return a mother for whose request her child's account was stopped."""
    mother = Player(world, world.people["wang-fang"], "zh_Hans")
    await mother.start()
    await steps(
        mother,
        {"choose": "guardian"},
        {"choose": "mother"},
        {"user": "2014-05-01"},
        {"user": "u-2001"},
        {"choose": "close"},
        {"choose": "_skip"},
        {"user": "wangfang@example.com"},
        {"code": "right"},
        {"upload": "one.jpg"},
        {"choose": "_done"},
        {"agent": {"examine": {"accepted": True, "account": "lele"}}},
        {"agent": {"release": True}},
        {"wait": {"minutes": 1}},
        {"ticket": {"kind": "guardian", "state": "closed"}},
    )
    return mother


def status(world: World) -> AccountStatus:
    record = world.accounts.book.find(world.people["lele"].account or "")
    assert record is not None
    return record.status


async def test_a_supervisor_has_a_stopped_account_restored_once(world: World) -> None:
    mother = await stopped(world)
    number, staff = (await ticket_of(mother)).number, world.services.staff
    assert status(world) is AccountStatus.SUSPENDED
    with pytest.raises(DeskError) as refused:
        await staff.restorations.restore(number, "mei", "She is nineteen.")
    assert refused.value.code is ErrorCode.FORBIDDEN
    world.accounts.down = True
    await staff.restorations.restore(number, "lao-zhou", "She is nineteen.", job_id="form-1")
    await staff.restorations.restore(number, "lao-zhou", "She is nineteen.", job_id="form-1")
    await steps(
        mother, {"wait": {"minutes": 5}}, {"not_bot": ["ticket.delayed", "ticket.restored"]}
    )
    world.accounts.down = False
    await steps(mother, {"wait": {"hours": 1}}, {"bot": "ticket.restored"})
    assert status(world) is AccountStatus.ACTIVE
    asked = [one for one in world.accounts.calls if one.action is AccountAction.RESTORE]
    assert len({one.key for one in asked}) == 1
    assert (await calls(world, mother))[-1].action == "restore"
    with pytest.raises(NotAllowedNowError):
        await staff.restorations.restore(number, "lao-zhou", "Again.")


async def test_nothing_is_restored_that_was_not_stopped(world: World) -> None:
    player = await deleting(world, "posts")
    number, staff = (await ticket_of(player)).number, world.services.staff
    with pytest.raises(NotAllowedNowError):
        await staff.restorations.restore(number, "lao-zhou", "A mistake.")
    await steps(player, {"agent": {"release": True}}, {"wait": {"minutes": 1}})
    with pytest.raises(NotAllowedNowError):
        await staff.restorations.restore(number, "lao-zhou", "A mistake.")
