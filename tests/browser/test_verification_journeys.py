"""People who would rather not say who they are, and people who guess."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.chat_page import Chat
from tests.browser.conftest import Visit
from tests.browser.demo_stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

WRONG = "０００ ０００"
"""As an input method for Chinese writes it."""


async def test_a_request_of_somebody_who_will_not_verify_waits_without_a_date(
    town: Stage, visit: Visit
) -> None:
    lin = await visit("lin-xiaoyu")
    await lin.open_desk("access")
    await lin.chat.hears("verify.code_sent")
    await lin.chat.choose("_skip")
    await lin.chat.hears("verify.refused", "access.waiting")
    number = await lin.number("awaiting_verification")
    await expect(lin.chat.card(number).locator(".due")).to_have_count(0)
    await expect(lin.chat.log.locator("[data-key='access.profile']")).to_have_count(0)
    await lin.photo("1-waiting")
    await lin.ask_status()
    await lin.chat.hears("request_status.mine")
    await lin.chat.shows(number, "awaiting_verification")
    case = await town.agent("mei").takes(number)
    assert case["due_date"] is None


@pytest.mark.speaks("en")
async def test_somebody_without_a_phone_who_hands_in_nothing_waits_too(visit: Visit) -> None:
    alice = await visit("alice-morgan")
    await alice.open_desk("deletion")
    await alice.chat.tick("posts")
    await alice.chat.hears("verify.no_phone", "collect_evidence.identity")
    await alice.photo("1-upload")
    await alice.chat.choose("_skip")
    await alice.chat.hears("deletion.waiting")
    await alice.number("awaiting_verification")
    assert alice.seen == 0
    await alice.photo("2-waiting")


async def test_three_wrong_codes_are_three_in_any_tab_and_after_a_reload(visit: Visit) -> None:
    wu = await visit("wu-min")
    await wu.open_desk("access")
    right = await wu.code()
    await wu.chat.enter(WRONG)
    await wu.chat.refuses()
    await wu.photo("1-wrong")

    second = Chat(await wu.open_tab())
    await second.enter(WRONG)
    await second.refuses()

    await wu.page.reload()
    await wu.chat.enter(WRONG)
    await wu.chat.hears("verify.spent", "verify.next")
    await expect(second.said("verify.spent")).to_be_visible()
    await expect(wu.page.locator("#code")).to_be_hidden()
    await wu.photo("2-spent")
    await expect(wu.chat.log).not_to_contain_text("000")

    await wu.chat.choose("resend")
    await wu.chat.hears("verify.wait_first", "verify.next")
    await wu.chat.say(right)
    await expect(wu.chat.log).not_to_contain_text(right)
    await expect(wu.chat.log.locator("[data-key='access.profile']")).to_have_count(0)

    await wu.move_clock("hour")
    await wu.chat.choose("resend")
    await wu.verify()
    await wu.chat.hears("access.profile")
    await wu.photo("3-let-in")
