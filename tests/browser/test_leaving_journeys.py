"""People who leave: a login unbound, posts deleted, the account closed."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import expect
from tests.browser.chat_page import Chat
from tests.browser.conftest import Visit
from tests.browser.demo_stage import DUE, Stage
from tests.browser.desk_page import DeskPage
from tests.browser.tongues import Tongue

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


async def test_google_is_unbound_after_the_window_and_a_second_tab_tells_the_same(
    visit: Visit, tongue: Tongue
) -> None:
    lin = await visit("lin-xiaoyu")
    await lin.chat.say("人工客服")
    await lin.chat.hears("desk.menu_here")
    await lin.chat.say(tongue.of("解绑谷歌", "解綁谷歌", "Unbind my Google login"))
    await lin.verify()
    await lin.chat.hears("unbinding.sure")
    await lin.photo("1-sure")
    await lin.chat.choose("yes")
    await lin.chat.hears("unbinding.filed")
    number = await lin.number("in_review", due=DUE)
    await lin.photo("2-filed")
    await expect(lin.panel.locator("#tickets")).to_contain_text(number)
    await expect(lin.account("bindings.google")).to_be_visible()

    await lin.move_clock("minute")

    await lin.chat.hears("ticket.done.unbinding")
    await lin.chat.shows(number, "closed", outcome="fulfilled")
    await expect(lin.account("bindings.google")).to_have_count(0)
    await expect(lin.account("bindings.wechat")).to_be_visible()
    await expect(lin.panel.locator("[data-group='bindings'] h3")).to_have_class("changed")
    await lin.photo("3-done")

    tab = await lin.open_tab()
    second = Chat(tab)
    await second.say(tongue.of("进度", "進度", "status"))
    await second.hears("request_status.mine")
    await second.shows(number, "closed", outcome="fulfilled")
    await lin.chat.hears("request_status.mine")
    assert "token" not in tab.url


@pytest.mark.speaks("en")
async def test_posts_are_deleted_when_an_agent_releases_it(town: Stage, visit: Visit) -> None:
    mei = await visit("mei-tan")
    held = await mei.account("held.posts").inner_text()
    assert held.startswith("1")
    await mei.open_desk("deletion")
    await mei.chat.tick("posts")
    await mei.verify()
    await mei.chat.hears("deletion.sure")
    await mei.photo("1-warning")
    await mei.chat.choose("yes")
    await mei.chat.hears("deletion.filed")
    number = await mei.number("in_review", due=DUE)
    await expect(mei.account("held.posts")).to_have_text(held)

    agent = town.agent("tom")
    await agent.takes(number)
    await agent.grants(number)

    await mei.chat.hears("ticket.done.deletion")
    await expect(mei.account("held.posts")).to_have_text(re.compile(r"^0\D"))
    await mei.photo("2-done")
    await mei.ask_status()
    await mei.chat.shows(number, "closed", outcome="fulfilled")

    # The sample service took it on first, and called back; staff see what came of it.
    for lang, width, scheme in (("zh-Hans", 360, "light"), ("en", 1280, "dark")):
        desk = await DeskPage.sign_in(town, "tom", lang=lang, width=width, scheme=scheme)
        await desk.goes(f"tickets/{number}")
        calls = desk.page.locator("#calls")
        await calls.locator("summary").first.click()
        await expect(calls.locator("details ol li")).to_have_count(1)
        await expect(calls.locator(".key")).to_be_visible()
        await desk.looks_right(f"calls.{width}")
    assert number in await town.command("tickets", "list", "--state", "closed")


@pytest.mark.speaks("zh-Hant")
async def test_an_account_is_closed_with_the_last_word_left_to_its_owner(
    town: Stage, visit: Visit, tongue: Tongue
) -> None:
    chen = await visit("chen-jiahao")
    await chen.open_desk("deregistration")
    await chen.chat.hears("deregistration.posts")
    await chen.photo("1-posts")
    await chen.chat.choose("delete_first")
    await chen.chat.hears("deletion.intro")
    await chen.verify()
    await chen.chat.hears("deletion.sure")
    await chen.chat.choose("yes")
    await chen.chat.hears("deletion.filed", "deregistration.posts_filed")
    deletion = await chen.chat.number()
    await chen.chat.hears("deregistration.answer_to")
    await chen.photo("2-answer-to")
    await chen.chat.choose("contact")
    await chen.chat.hears("verify_contact.where")
    await chen.chat.say("kaho@example.net")
    await chen.verify()
    await chen.chat.hears("deregistration.sure")
    await chen.photo("3-warning")
    await chen.chat.choose("yes")
    await chen.chat.hears("deregistration.filed")
    number = await chen.number("in_review", due=DUE)
    before = await chen.account("profile.status").inner_text()

    agent = town.agent("wing")
    case = await agent.takes(number)
    assert case["contact"] == "kaho@example.net"
    await agent.grants(number)

    await chen.chat.hears("confirm_closing.approved")
    assert (await agent.takes(number))["state"] == "awaiting_confirmation"
    await expect(chen.account("profile.status")).to_have_text(before)
    await chen.photo("4-approved")
    await chen.chat.choose("go_on")
    # What is still to be deleted would stay as nobody's: it is deleted first.
    await chen.chat.hears("confirm_closing.deletion_first")
    await agent.takes(deletion)
    await agent.grants(deletion)
    await chen.chat.shows(deletion, "closed", outcome="fulfilled")
    await chen.chat.say("註銷帳號")
    await chen.chat.hears("confirm_closing.sure")
    await chen.photo("5-last-word")
    await chen.chat.choose("yes")

    await chen.chat.hears("ticket.done.deregistration")
    await expect(chen.account("profile.status")).to_have_text(town.word(tongue, "status.closed"))
    await expect(chen.account("bindings.line")).to_have_count(0)
    await chen.photo("6-closed")
    await chen.ask_status()
    await chen.chat.shows(number, "closed", outcome="fulfilled")
