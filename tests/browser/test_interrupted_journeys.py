"""Forms that are interrupted: by another language, a dead line, a reload, or days."""

from __future__ import annotations

import pytest
from playwright.async_api import expect
from tests.browser.chat_page import Chat
from tests.browser.conftest import Visit
from tests.browser.demo_stage import DUE
from tests.browser.tongues import Tongue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_the_language_changes_in_the_middle_of_a_form_and_the_form_goes_on(
    visit: Visit, tongue: Tongue
) -> None:
    lin = await visit("lin-xiaoyu")
    await lin.open_desk("rectification")
    await lin.chat.choose("signature")
    await lin.chat.hears("rectification.value")
    asked = await lin.chat.said("rectification.value").inner_text()

    other = "en" if tongue.tag != "en" else "zh_Hant"
    await lin.chat.speak(other)

    await expect(lin.page.locator("html")).to_have_attribute("lang", other.replace("_", "-"))
    await lin.chat.hears("rectification.value")
    await expect(lin.chat.said("rectification.value").last).not_to_have_text(asked)
    await lin.photo("1-changed")
    # Words of no language in particular: what is typed is the new entry.
    await lin.chat.say("2026 ~ sea")
    await lin.verify()
    await lin.chat.hears("rectification.sure")
    await expect(lin.chat.said("rectification.sure")).to_contain_text("2026 ~ sea")
    await lin.chat.choose("yes")
    await lin.chat.hears("rectification.filed")
    await lin.number("in_review", due=DUE)
    await lin.photo("2-filed")
    await lin.page.reload()
    await expect(lin.page.locator("html")).to_have_attribute("lang", other.replace("_", "-"))


@pytest.mark.speaks("zh-Hant")
async def test_what_is_written_on_a_dead_line_is_kept_and_sent_once(
    visit: Visit, tongue: Tongue
) -> None:
    chen = await visit("chen-jiahao")
    await chen.open_desk("complaint")
    await chen.chat.choose("other")
    await chen.chat.hears("complaint.story")
    words = tongue.of("地铁里写的投诉", "地鐵裡寫的投訴", "A complaint from the underground")

    await chen.page.context.set_offline(True)
    await expect(chen.page.locator("#banner")).to_be_visible()
    await chen.chat.say(words)
    unsent = chen.page.locator("#unsent li")
    await expect(unsent).to_have_count(1)
    await expect(unsent).to_contain_text(words)
    await chen.photo("1-offline")
    await chen.page.context.set_offline(False)

    await expect(unsent).to_have_count(0)
    await expect(chen.page.locator("#banner")).to_be_hidden()
    await chen.chat.hears("collect_evidence.complaint")
    await expect(chen.chat.log.locator(".mine .words", has_text=words)).to_have_count(1)
    await chen.chat.choose("_skip")
    await chen.chat.hears("complaint.filed")
    await chen.number("in_review", due=DUE)


@pytest.mark.speaks("en")
async def test_a_form_is_taken_up_where_it_was_left_after_a_reload_and_an_hour(
    visit: Visit, tongue: Tongue
) -> None:
    mei = await visit("mei-tan")
    await mei.open_desk("automated_decision")
    await mei.verify()
    await mei.chat.hears("automated_decision.what")
    draft = tongue.of("我被", "我被", "I was")
    await mei.page.locator("#text").fill(draft)
    await mei.page.reload()
    await expect(mei.page.locator("#text")).to_have_value(draft)
    await mei.chat.hears("automated_decision.what")

    await mei.move_clock("hour")
    await mei.chat.say(tongue.of("我被禁言了", "我被禁言了", "I was muted"))
    await mei.chat.choose("explain", "_skip")
    # An hour is longer than a code counts, so it is asked for again and nothing else is.
    await mei.verify()
    await mei.chat.hears("automated_decision.filed")
    await mei.number("in_review", due=DUE)


async def test_a_second_tab_takes_nothing_from_what_the_first_has_not_sent(
    visit: Visit, tongue: Tongue
) -> None:
    wu = await visit("wu-min")
    await wu.open_desk("complaint")
    await wu.chat.choose("other")
    await wu.chat.hears("complaint.story")
    other = await wu.open_tab()
    first = tongue.of("第一个窗口写的", "第一個視窗寫的", "Written in the first window")
    second = tongue.of("第二个窗口写的", "第二個視窗寫的", "Written in the second window")

    await wu.page.context.set_offline(True)
    for page, words in ((wu.page, first), (other, second)):
        await expect(page.locator("#banner")).to_be_visible()
        await Chat(page).say(words)
        await expect(page.locator("#unsent li")).to_contain_text(words)
    await wu.page.close()
    await other.close()
    await wu.page.context.set_offline(False)
    wu.page = await wu.open_tab()

    for words in (first, second):
        await expect(wu.chat.log.locator(".mine .words", has_text=words)).to_have_count(1)
    await expect(wu.page.locator("#unsent li")).to_have_count(0)
