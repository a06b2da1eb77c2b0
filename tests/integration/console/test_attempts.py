"""What somebody tries in vain is seen by staff alone, and many attempts call supervisors."""

from __future__ import annotations

from datetime import timedelta

from tests.common.console_cases import enter
from tests.common.console_client import Office
from tests.common.stories import Player

from privacydesk.domain.alarms import AlarmKind

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


async def test_supervisors_are_called_once_for_many_attempts_of_one_account(
    office: Office,
) -> None:
    lin = await enter(office, "lin")
    mine = office.world.rooms.tools.alarms.mine
    for count in range(1, 8):
        await looks_up(lin, "PD-7C4K-V5G9-T39")
        called = [one.kind for one in await mine("lao-zhou")]
        assert called == ([AlarmKind.MANY_ATTEMPTS] if count >= 5 else [])
    assert not await mine("mei")
    boss = await office.signed_in("lao-zhou")
    page = await boss.get("/console/alarms")
    assert "Someone entered many wrong codes" in page.text
    assert await address(lin) in page.text
