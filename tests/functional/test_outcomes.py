"""What people learn of an outcome: in the chat, and outside of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.common.examining import open_files
from tests.common.stories import PROFILE, Player, World, open_world, steps
from tests.common.stories import enter as open_chat

from privacydesk.domain.account_terms import AccountAction, AccountReason
from privacydesk.domain.ticket import LogEntry, Ticket, TicketState
from privacydesk.errors import DeskError
from privacydesk.storage.id_generator import SecureIdGenerator


async def enter(world: World, name: str = "", locale: str = "en") -> Player:
    return await open_chat(world, name, locale)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(tmp_path, PROFILE) as opened:
        yield opened


def card(player: Player, key: str) -> dict[str, str]:
    """Return the rows of the last details card said under a key."""
    event = next(one for one in reversed(player.events) if one.key == key)
    return {row["label"].lower(): row["value"] for row in event.data["rows"]}


async def only_ticket(player: Player) -> Ticket:
    (ticket,) = await player.tickets()
    return ticket


async def log_of(world: World, ticket: Ticket) -> tuple[LogEntry, ...]:
    return await world.services.store.reader.ticket_log(ticket.id)


# -- access ---------------------------------------------------------------------------------------


async def access(player: Player, *categories: str) -> None:
    await steps(player, {"choose": "access"}, {"code": "right"})
    await player.step({"choose": "part" if categories else "all"})
    for category in categories:
        await player.step({"choose": category})
    if categories:
        await steps(player, {"choose": "_done"}, {"choose": "yes"})
    await steps(player, {"bot": "access.filed"}, {"agent": {"release": True}})
    await player.settle()


async def test_only_the_chosen_kinds_are_asked_for_and_told(world: World) -> None:
    player = await enter(world, "lin")
    await access(player, "posts", "recharge")
    asked = [c.payload for c in world.accounts.calls if c.action is AccountAction.EXPORT][-1]
    assert asked == {"categories": ["posts", "recharge"]}
    assert list(card(player, "ticket.summary")) == ["posts", "payment records"]
    assert card(player, "ticket.summary")["posts"] == ("3, from 22 April 2026 to 29 May 2026")


async def test_all_that_is_held_is_listed_with_sensitive_parts_masked(world: World) -> None:
    player = await enter(world, "lin")
    await access(player)
    rows = card(player, "ticket.summary")
    assert rows["nickname"] == "小雨不带伞"
    assert rows["login methods"] == "Google (x***@example.com)", "the last of three rows"
    assert "marketing" in rows["consents given"]
    assert rows["real-name details"] == "林**, verified"
    whole = " ".join(rows.values())
    record = world.people["lin-xiaoyu"].record
    assert record is not None
    assert record.phone is not None
    assert record.phone not in whole
    assert "林小雨" not in whole


async def test_what_is_not_held_is_said(world: World) -> None:
    player = await enter(world, "chen")
    await access(player, "posts", "voice", "location")
    rows = card(player, "ticket.summary")
    assert rows["nothing held"] == "Voice recordings and location"


# -- what could not be done -----------------------------------------------------------------------


async def closing(player: Player, *contact: str) -> None:
    await steps(player, {"choose": "deregistration"}, {"choose": "go_on"}, {"code": "right"})
    if contact:
        await steps(player, {"choose": "contact"}, {"user": contact[0]}, {"code": "right"})
    else:
        await player.step({"choose": "chat"})
    await steps(player, {"choose": "yes"}, {"agent": {"approve": True}}, {"choose": "go_on"})
    await player.step({"choose": "yes"})


async def test_a_closing_that_is_refused_tells_why_and_what_to_do(world: World) -> None:
    player = await enter(world, "mei")
    await closing(player)
    rows = card(player, "ticket.returned_why")
    assert rows["there is still a balance"].startswith("Please use it up first")
    ticket = await only_ticket(player)
    assert ticket.state is TicketState.IN_REVIEW
    (entry,) = [one for one in await log_of(world, ticket) if one.by == "account_service"]
    assert entry.why == "conditions_unmet, unspent_balance"


async def test_a_closing_tells_what_went_what_is_anonymous_and_what_stays_until_when(
    world: World,
) -> None:
    player = await enter(world, "lin")
    await closing(player)
    rows = card(player, "ticket.done.deregistration")
    assert rows["posts"] == "Made anonymous"
    assert rows["chat messages"] == "Deleted"
    assert rows["payment records"].startswith("Kept until ")
    assert "the law requires it" in rows["payment records"]


async def test_items_that_were_not_done_tell_what_to_do(world: World) -> None:
    player = await enter(world, "lin")
    world.accounts.obstruct("comments", AccountReason.SECURITY)
    await steps(player, {"choose": "deletion"}, {"choose": "posts"}, {"choose": "comments"})
    await steps(player, {"choose": "_done"}, {"code": "right"}, {"choose": "yes"})
    await player.step({"agent": {"release": True}})
    await player.settle()
    rows = card(player, "ticket.partly")
    assert rows["posts"] == "Deleted"
    assert rows["comments"] == (
        "Not done (the security of the account). A person has to look at it; please talk to one."
    )


# -- notices --------------------------------------------------------------------------------------


async def complaint(world: World, contact: str, locale: str = "zh_Hant") -> Player:
    player = await enter(world, "", locale)
    await steps(player, {"choose": "complaint"}, {"choose": "leak"}, {"user": "有人拿我的電話推銷"})
    await steps(player, {"user": contact}, {"code": "right"}, {"choose": "_skip"})
    return await steps(player, {"bot": "complaint.filed"})


async def test_a_notice_goes_to_the_proven_contact_in_the_persons_language_and_tells_nothing(
    world: World,
) -> None:
    player = await complaint(world, "somebody@example.net")
    ticket = await only_ticket(player)
    await player.step({"agent": {"resolve": "已經停止推銷。"}})
    await player.settle()
    (notice,) = world.codes.notices
    assert (notice.destination, notice.locale) == ("somebody@example.net", "zh-Hant")
    assert notice.number == ticket.number
    assert [one.what for one in await log_of(world, ticket)][-1] == "notice:sent"


async def come_back(world: World, number: str, locale: str = "zh_Hant") -> Player:
    """Return somebody who looks a request up by its number and a code, on another device."""
    world.clock.move(timedelta(minutes=20))
    elsewhere = await enter(world, "", locale)
    return await steps(elsewhere, {"user": number}, {"code": "right"})


async def test_whoever_comes_back_by_the_number_reads_the_answer_itself(world: World) -> None:
    player = await complaint(world, "somebody@example.net")
    number = (await only_ticket(player)).number
    before = await come_back(world, number)
    assert [key for key in before.said() if key.startswith("ticket.")] == []
    await player.step({"agent": {"ask": "是哪一天？"}})
    asked = await come_back(world, number)
    assert "是哪一天？" in next(e.text for e in asked.events if e.key == "ticket.asked")
    await player.step({"agent": {"resolve": "已經停止推銷。"}})
    answered = await come_back(world, number)
    assert "ticket.asked" not in answered.said()
    assert "已經停止推銷。" in next(e.text for e in answered.events if e.key == "ticket.resolved")
    await player.step({"user": number})
    assert "ticket.resolved" not in player.said(), "here it stands further up"


async def test_a_refusal_and_a_closing_are_read_again_with_their_reasons(world: World) -> None:
    player = await complaint(world, "somebody@example.net")
    await player.step({"agent": {"refuse": {"reason": "無法證實。"}}})
    again = await come_back(world, (await only_ticket(player)).number)
    assert "無法證實。" in next(e.text for e in again.events if e.key == "ticket.refused")

    closed = await enter(world, "lin")
    await closing(closed, "lin@example.net")
    later = await come_back(world, (await only_ticket(closed)).number, "en")
    assert card(later, "ticket.done.deregistration") == card(closed, "ticket.done.deregistration")


async def test_a_notice_is_tried_until_the_gateway_is_back_and_holds_nothing_up(
    world: World,
) -> None:
    player = await complaint(world, "+85251230000")
    world.codes.down = True
    await player.step({"agent": {"ask": "是哪一天？"}})
    await player.step({"agent": {"resolve": "已經停止推銷。"}})
    await player.settle()
    ticket = await only_ticket(player)
    assert ticket.state is TicketState.CLOSED, "the decision does not wait for the notice"
    said = len(player.events)
    for _ in range(6):
        world.clock.move(timedelta(hours=1))
        await player.settle()
    world.codes.down = False
    world.clock.move(timedelta(hours=1))
    await player.settle()
    assert len(world.codes.notices) == 2, "one for the question, one for the answer"
    assert len({notice.key for notice in world.codes.notices}) == 2
    assert len(player.events) == said, "nothing of it is said in the chat"


@pytest.mark.parametrize(("hours", "outcome"), [(0, "notice:refused"), (130, "notice:unavailable")])
async def test_a_notice_that_never_goes_out_is_seen_on_the_ticket(
    world: World, hours: int, outcome: str
) -> None:
    player = await complaint(world, "+85251230000")
    world.codes.refused = {"+85251230000"}
    world.codes.down = hours > 0
    await player.step({"agent": {"resolve": "已經停止推銷。"}})
    await player.settle()
    for _ in range(hours):
        world.clock.move(timedelta(hours=1))
        await player.settle()
    assert [one.what for one in await log_of(world, await only_ticket(player))][-1] == outcome
    assert await world.services.store.reader.open_deliveries() == 0


async def test_the_operator_may_keep_notices_to_answers(tmp_path: Path) -> None:
    async with open_world(tmp_path, {**PROFILE, "notices": {"ways": {"asked": []}}}) as world:
        player = await complaint(world, "somebody@example.net")
        await player.step({"agent": {"ask": "是哪一天？"}})
        await player.settle()
        assert not world.codes.notices
        await player.step({"agent": {"resolve": "已經停止推銷。"}})
        await player.settle()
        assert len(world.codes.notices) == 1


# -- proof that was not enough --------------------------------------------------------------------


async def test_another_proof_is_handed_in_from_another_device_by_number(world: World) -> None:
    mother = await enter(world, "mother", "zh_Hans")
    await steps(mother, {"choose": "guardian"}, {"choose": "mother"}, {"user": "2014年5月1日"})
    await steps(mother, {"user": "乐乐的小屋"}, {"choose": "close"}, {"choose": "_skip"})
    await steps(mother, {"user": "wangfang@example.com"}, {"code": "right"})
    await steps(mother, {"upload": "one.jpg"}, {"choose": "_done"}, {"bot": "guardian.filed"})
    await mother.step({"agent": {"examine": "rejected"}})
    ticket = await only_ticket(mother)

    elsewhere = await enter(world, "", "zh_Hans")
    await steps(elsewhere, {"user": ticket.number}, {"bot": "return_to_ticket.code_sent"})
    await steps(elsewhere, {"code": "right"}, {"bot": "evidence_again.offer"})
    await steps(elsewhere, {"choose": "now"}, {"upload": "two.jpg"}, {"choose": "_done"})
    await elsewhere.step({"bot": "evidence_again.attached"})

    staff = world.services.staff
    await staff.handling.claim(ticket.number, "mei")
    case = await staff.tickets.details(ticket.number)
    (waiting,) = [one for one in case.evidence if one.removed_at is None]
    await staff.file_access.grant(ticket.number, "lao-zhou")
    opened = await staff.evidence.open(ticket.number, waiting.id.hex(), "mei")
    assert opened.body
    await mother.step({"agent": {"examine": "accepted"}})
    assert (await only_ticket(mother)).state is TicketState.IN_REVIEW


async def test_nothing_can_be_examined_twice(world: World) -> None:
    player = await enter(world, "alice")
    await steps(player, {"choose": "access"}, {"upload": "one.jpg"}, {"choose": "_done"})
    await steps(player, {"choose": "all"}, {"agent": {"examine": "rejected"}})
    with pytest.raises(Exception, match="no evidence waits to be examined"):
        await player.step({"agent": {"examine": "accepted"}})


# -- whose account it is ---------------------------------------------------------------------------


async def guarded(world: World) -> Player:
    """Return a mother who asks to have her child's account closed, with her paper handed in."""
    mother = await enter(world, "mother", "zh_Hans")
    await steps(mother, {"choose": "guardian"}, {"choose": "mother"}, {"user": "2014年5月1日"})
    await steps(mother, {"user": "乐乐的小屋"}, {"choose": "close"}, {"choose": "_skip"})
    await steps(mother, {"user": "wangfang@example.com"}, {"code": "right"})
    await steps(mother, {"upload": "one.jpg"}, {"choose": "_done"}, {"bot": "guardian.filed"})
    return mother


async def test_an_account_that_staff_named_wrongly_is_mended_with_the_decision(
    world: World,
) -> None:
    mother = await guarded(world)
    number = (await only_ticket(mother)).number
    staff = world.services.staff
    await open_files(staff, number, "mei")
    await staff.examinations.examine(number, "mei", accepted=True, account="u-1040")
    await staff.decisions.grant(number, "mei")
    await mother.settle()
    assert (await only_ticket(mother)).state is TicketState.IN_REVIEW

    await staff.decisions.grant(number, "mei", account="u-1004")
    await mother.settle()
    done = await only_ticket(mother)
    assert (done.account, done.state) == ("u-1004", TicketState.CLOSED)
    assert [one.account for one in world.accounts.calls if one.action is AccountAction.SUSPEND] == [
        "u-1040",
        "u-1004",
    ]


async def test_an_account_that_its_owner_showed_is_not_changed_for_another(world: World) -> None:
    player = await enter(world, "lin")
    await steps(player, {"choose": "unbinding"}, {"code": "right"}, {"choose": "google"})
    await player.step({"choose": "yes"})
    ticket = await only_ticket(player)
    with pytest.raises(DeskError) as refused:
        await world.services.staff.decisions.grant(ticket.number, "mei", account="u-1002")
    assert refused.value.data["reason"] == "lack_other_account"
    assert (await only_ticket(player)).account == "u-1001"


# -- codes ----------------------------------------------------------------------------------------


async def test_returning_by_number_goes_alike_for_every_number_also_with_the_gateway_down(
    world: World,
) -> None:
    owner = await complaint(world, "somebody@example.net", "zh_Hans")
    real = (await only_ticket(owner)).number
    made_up = SecureIdGenerator().ticket_number()

    async def come_back(number: str) -> list[str]:
        seen: list[str] = []
        guest = await enter(world, "", "zh_Hans")
        for step in ({"user": number}, {"code": "resend"}, {"code": "000000"}):
            await guest.step(step)
            seen += [*guest.said(), "|"]
        return seen

    assert await come_back(real) == await come_back(made_up)
    world.clock.move(timedelta(days=2))
    world.codes.down = True
    assert await come_back(real) == await come_back(made_up)
    world.clock.move(timedelta(minutes=5))
    await world.work()
    assert await come_back(real) == await come_back(made_up)
    assert await world.services.store.reader.open_deliveries() in {0, 1, 2}


async def test_typing_a_number_that_is_refused_buys_no_second_try_at_once(world: World) -> None:
    guest = await enter(world)
    world.codes.refused = {"+85251230000"}
    await steps(guest, {"choose": "complaint"}, {"choose": "leak"}, {"user": "They sold my data."})
    await steps(guest, {"user": "+85251230000"}, {"bot": "verify_contact.cannot_send"})
    await steps(guest, {"choose": "resend"}, {"bot": "verify_contact.wait_first"})


async def test_codes_that_the_gateway_could_not_take_leave_the_daily_cap_alone(
    world: World,
) -> None:
    player = await enter(world, "lin")
    world.codes.down = True
    await player.step({"choose": "unbinding"})
    for _ in range(7):
        world.clock.move(timedelta(seconds=21))
        await player.settle()
        assert "verify.unavailable" in [event.key for event in player.events]
        world.clock.move(timedelta(minutes=2))
        await player.step({"choose": "try_again"})
    world.codes.down = False
    world.clock.move(timedelta(seconds=30))
    await player.settle()
    assert "verify.code_sent" in [event.key for event in player.events]
