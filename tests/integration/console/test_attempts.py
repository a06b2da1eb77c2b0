"""What somebody tries in vain is seen by staff alone, and many attempts call supervisors."""

from __future__ import annotations

from datetime import timedelta

from tests.common.console_cases import enter, guardian
from tests.common.console_client import Office
from tests.common.stories import Player

from privacydesk.domain.alarms import AlarmKind
from privacydesk.domain.audit import AuditEntry
from privacydesk.domain.failed_attempts import AttemptKind
from privacydesk.domain.ticket import Ticket

WRONG: dict[str, object] = {"code": "wrong"}


async def address(player: Player) -> str:
    assert player.session is not None
    return f"/console/conversations/{player.session.conversation.hex()}"


async def looks_up(player: Player, number: str) -> None:
    await player.do("say", text=f"how far is {number}")


async def test_wrong_codes_and_others_requests_stand_on_the_staffs_page_alone(
    office: Office,
) -> None:
    chen = await enter(office, "chen", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (others,) = await chen.tickets()
    lin = await enter(office, "lin", {"choose": "access"}, WRONG, WRONG, WRONG)
    office.clock.move(timedelta(minutes=1))
    await looks_up(lin, others.number)
    await lin.pull()
    mei = await office.signed_in("mei")
    page = await mei.get(await address(lin))
    shown = page.text.partition('id="attempts"')[2].partition("</section>")[0]
    assert "3 wrong codes" in shown
    assert "Asked 1 time for a request that is not theirs" in shown
    assert others.number in shown
    assert 'id="attempts"' not in (await mei.get(await address(chen))).text
    assert "not theirs" not in " ".join(event.text or "" for event in lin.events)


async def audited(office: Office, by: str) -> list[AuditEntry]:
    """Return what was audited of an actor, the oldest first."""
    upkeep = office.world.services.maintenance
    assert upkeep is not None
    return [one.entry for one in await upkeep.trail.entries(by=by)][::-1]


async def test_the_audit_says_what_was_tried_on_which_request_and_who_was_alerted(
    office: Office,
) -> None:
    chen = await enter(office, "chen", {"choose": "access"}, {"code": "right"}, {"choose": "all"})
    (others,) = await chen.tickets()
    lin = await enter(office, "lin", {"choose": "access"}, WRONG, WRONG, WRONG)
    office.clock.move(timedelta(minutes=1))
    await looks_up(lin, others.number)
    await looks_up(lin, "PD-7C4K-V5G9-T39")
    tried = await audited(office, "requester")
    wrong, asked = AttemptKind.WRONG_CODE, AttemptKind.OTHERS_REQUEST
    assert [one.what for one in tried] == [wrong, wrong, wrong, asked, asked]
    assert [one.what for one in tried if one.detail.get("locked")] == [wrong]
    # The owner's request shows who looked for it; a number of nobody's leads nowhere.
    assert {one.ticket_id for one in tried[3:]} == {others.id, None}
    assert lin.session is not None
    assert {one.conversation_id for one in tried} == {lin.session.conversation}
    (alarm,) = await audited(office, "clock")
    assert alarm.what == "alarm"
    assert alarm.detail == {"alarm": AlarmKind.MANY_ATTEMPTS, "to": "lao-zhou"}
    page = await (await office.signed_in("xiao-chen")).get("/console/audit")
    for shown in ("Codes locked for now", "Asked for a number that is not theirs", "Staff alerted"):
        assert shown in page.text


async def test_supervisors_are_called_once_for_many_attempts_of_one_account(
    office: Office,
) -> None:
    lin = await enter(office, "lin")
    mine = office.world.services.console.alarms.alarms_of
    for count in range(1, 8):
        await looks_up(lin, "PD-7C4K-V5G9-T39")
        called = [one.kind for one in await mine("lao-zhou")]
        assert called == ([AlarmKind.MANY_ATTEMPTS] if count >= 5 else [])
    assert not await mine("mei")
    boss = await office.signed_in("lao-zhou")
    page = await boss.get("/console/alarms")
    assert "Someone entered many wrong codes" in page.text
    assert await address(lin) in page.text
    # A number is one piece, in what people say and in lists alike.
    talk = (await boss.get(await address(lin))).text
    assert '<span class="request-number">PD-7C4K-V5G9-T39</span>' in talk
    assert '<bdi class="mono request-number">PD-7C4K-V5G9-T39</bdi>' in talk


async def filed_without_login(office: Office) -> Ticket:
    """Return a guardian's request, whose contact gets the codes."""
    _, ticket = await guardian(office)
    office.clock.move(timedelta(hours=2))
    return ticket


async def attempts_of(office: Office, player: Player) -> list[tuple[AttemptKind, str]]:
    assert player.session is not None
    reader = office.world.services.store.reader
    conversation = await reader.conversation(player.session.conversation)
    assert conversation is not None
    return [(one.kind, one.number) for one in conversation.attempts]


async def test_who_comes_back_by_number_and_the_right_code_leaves_no_attempt(
    office: Office,
) -> None:
    ticket = await filed_without_login(office)
    back = await enter(
        office, "", {"user": f"how far is {ticket.number}"}, {"user": ticket.number},
        {"code": "right"}, {"bot": "return_to_ticket.shown"},
    )  # fmt: skip
    for _ in range(6):
        await looks_up(back, ticket.number)
    assert await attempts_of(office, back) == []
    assert not await office.world.services.console.alarms.alarms_of("lao-zhou")


async def test_looking_often_without_a_login_is_no_attempt_while_a_code_is_asked(
    office: Office,
) -> None:
    ticket = await filed_without_login(office)
    back = await enter(office, "")
    for _ in range(6):
        await looks_up(back, ticket.number)
    assert await attempts_of(office, back) == []
    assert not await office.world.services.console.alarms.alarms_of("lao-zhou")


async def test_wrong_codes_for_a_number_are_noted_as_wrong_codes_alone(office: Office) -> None:
    ticket = await filed_without_login(office)
    back = await enter(
        office, "", {"user": f"how far is {ticket.number}"}, {"user": ticket.number}, WRONG, WRONG
    )
    assert await attempts_of(office, back) == [(AttemptKind.WRONG_CODE, ticket.number)] * 2


async def test_a_number_that_is_not_of_the_contact_that_was_shown_is_noted(office: Office) -> None:
    ticket = await filed_without_login(office)
    stranger = await enter(
        office, "", {"user": f"how far is {ticket.number}"}, {"user": ticket.number},
        {"choose": "by_contact"}, {"user": "stranger@example.com"}, {"code": "right"},
        {"bot": "return_to_ticket.not_theirs"},
    )  # fmt: skip
    assert await attempts_of(office, stranger) == [(AttemptKind.OTHERS_REQUEST, ticket.number)]
